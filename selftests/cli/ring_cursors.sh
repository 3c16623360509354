#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring read --cursor and --at, ring cursors: a reader goes on where the
# last one of its name was.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.names

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

# cat_by ARGUMENT...: the records that "ring read" prints, in one line
cat_by()
{
	mmapshare ring read "$@" $ring 2>&1 | tr '\n' ' '
}

# error WORDS...: the status and the error of a command that fails, without its name
error()
{
	mmapshare ring "$@" 2>"$TMP/err" >"$TMP/out"
	set -- $?
	cat "$TMP/err"
	echo "$1"
}

plan 22
mmapshare ring create $ring 4K
expect "no names" "" "$(mmapshare ring cursors $ring)"
expect "no names, JSON" "[]" "$(mmapshare ring cursors -j $ring)"
seq 0 9 | mmapshare ring write $ring
expect "a new name" "0 1 2 " "$(cat_by --cursor log --keep all --count 3)"
expect "it goes on" "3 4 " "$(cat_by --cursor log --count 2)"
expect "listed" "log consumer 0 seq 5, 0 lost, keeps records" \
	"$(mmapshare ring cursors $ring | tr -s ' ')"
expect "JSON" "true" "$(mmapshare ring cursors --json $ring |
	grep -q '^\[{"name": "log", "cursor": 0, .*"keeps": true, .*"seq": 5, .*}\]$' && echo true)"
expect "stat" "1 without a consumer; see ring cursors" \
	"$(mmapshare ring stat $ring | sed -n 's/^names  *//p')"
expect "generation" 1 "$(mmapshare ring stat $ring | grep -c '^generation  0x[0-9a-f]\+$')"
expect "no consumer" "0 of 8" "$(mmapshare ring stat $ring | sed -n 's/^consumers  *//p')"
expect "at a record" "7 8 9 " "$(cat_by --at 7)"
expect "at the oldest" "0 1 2 3 4 5 6 7 8 9 " "$(cat_by --at oldest)"
expect "at the latest" "" "$(cat_by --at latest)"
expect "a record to come" "mmapshare ring read: '$ring': record 11 is not published yet 1" \
	"$(error read --at 11 $ring | tr '\n' ' ' | sed 's/ $//')"
expect "the others changed nothing" "5 6 7 8 9 " "$(cat_by --cursor log)"

# other reasons than the name, with the same errnos
mmapshare ring create --mode 600 $ring.2 4K
expect "a ring without access" "permission denied" \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups \
		mmapshare ring read --cursor log $ring.2 2>&1 | grep -o 'permission denied')"
mmapshare destroy $ring.2

# The reader is killed while it writes to a pipe that is full.
last=20000
seq 10 $last | mmapshare ring write $ring &
writer=$!
mkfifo "$TMP/fifo"
mmapshare ring read --cursor log --follow $ring >"$TMP/fifo" &
reader=$!
exec 3<"$TMP/fifo"
read -r first <&3
busy="'$ring': cursor 'log' has a consumer"
expect "a reader that is attached" \
	"mmapshare ring read: $busy; only one at a time can attach by a name 1" \
	"$(error read --cursor log $ring | tr '\n' ' ' | sed 's/ $//')"
expect "nor is it removed" "mmapshare ring cursors: $busy; end that first 1" \
	"$(error cursors --remove log $ring | tr '\n' ' ' | sed 's/ $//')"
kill -9 $reader
wait $reader 2>/dev/null
printed=$(tail -n 1 <&3)
exec 3<&-
mmapshare ring read --cursor log --follow --hang-up $ring >"$TMP/rest"
wait $writer
expect "begins with" 10 "$first"
again=$(head -n 1 "$TMP/rest")
expect "no record is missing" yes "$([ "$again" -le $((printed + 1)) ] &&
	seq "$again" $last | cmp - "$TMP/rest" && echo yes)"
expect "removed" "0 0 0" "$(outcome mmapshare ring cursors --remove log $ring)"
expect "is not there" "1 0 1" "$(outcome mmapshare ring cursors --remove log $ring)"
expect "--keep without --cursor" "2 0 1" "$(outcome mmapshare ring read --keep 1 $ring)"
