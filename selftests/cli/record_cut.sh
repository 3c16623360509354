#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring dump --cut of a file that a recorder completes meanwhile: it removes
# nothing that the recorder has written.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring
file=$TMP/file

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	# shellcheck disable=SC2086	# it may be empty
	kill -KILL $dump 2>/dev/null
	mmapshare destroy $ring 2>/dev/null
}

# waits: does dump wait for a reader of what it prints, or has it ended?
waits()
{
	read -r _ _ state _ 2>/dev/null <"/proc/$dump/stat" || state=
	case $state in
	S | Z | '')	;;
	*)		false ;;
	esac
}

dump=
command -v flock >/dev/null || skip_all "needs flock"
plan 3
mmapshare ring create $ring 1M
seq 20000 | mmapshare ring put $ring
mmapshare ring record -c 20000 $ring "$file"
size=$(stat -c %s "$file")
mkfifo "$TMP/pipe"
exec 4<>"$TMP/pipe"

# as a recorder does: hold the lock while the file is written
exec 5>"$TMP/torn"
flock 5
head -c $((size - 100)) "$file" >&5
mmapshare ring dump -C "$TMP/torn" >"$TMP/pipe" 2>"$TMP/err" 4<&- 5>&- &
dump=$!
until_true waits
tail -c 100 "$file" >&5
exec 5>&-
cat <&4 >"$TMP/out" &
reader=$!
wait $dump
expect "dump fails" 1 $?
kill $reader
expect "it says why" "" \
	"$(said "mmapshare ring dump: '$TMP/torn': a recorder is writing this file")"
expect "the file is complete" "" "$(cmp "$file" "$TMP/torn" 2>&1)"
