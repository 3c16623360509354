#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring: the time, the CPU and the type of records, as text and as JSON.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.info

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

# with LIST: replace the ring, and write two records to it
with()
{
	mmapshare destroy $ring 2>/dev/null
	mmapshare ring create ${1:+--info "$1"} $ring 1
	printf 'one\ntwo\n' | mmapshare ring write ${2:+--type "$2"} $ring
}

# show SED [OPTION]...: the output of ring read, with sed
show()
{
	sed=$1
	shift
	mmapshare ring read "$@" $ring | sed -E "$sed"
}

# message COMMAND...: the status, and what it says
message()
{
	mmapshare ring "$@" 2>&1 </dev/null >/dev/null
	echo $?
}

plan 14

with monotonic,cpu,type 17
expect "stat" "info        monotonic, cpu, type" "$(mmapshare ring stat $ring | grep '^info')"
expect "stat --json" '"info": ["monotonic", "cpu", "type"]' \
	"$(mmapshare ring stat -j $ring | grep -o '"info": [^]]*]')"
expect "read --info" "TIME CPU 17 one
TIME CPU 17 two" "$(show 's/^[0-9]+\.[0-9]{9} [0-9]+ /TIME CPU /' --info)"
with boottime,type
expect "read --json" '{"seq": 0, "time": N, "type": 0, "length": 3, "hex": "6f6e65"}
{"seq": 1, "time": N, "type": 0, "length": 3, "hex": "74776f"}' \
	"$(show 's/"time": [0-9]+/"time": N/' --json)"
with cpu
expect "follow --info --hex" "CPU 6f6e65" \
	"$(mmapshare ring follow -a -c 1 --info --hex $ring | sed -E 's/^[0-9]+ /CPU /')"
expect "read without --info" "one
two" "$(show '')"
none="records of this ring have no"
with ''
expect "no line in stat" "" "$(mmapshare ring stat $ring | grep '^info')"
expect "read --json without" '{"seq": 0, "length": 3, "hex": "6f6e65"}' "$(show 1q --json)"
expect "read --info without" \
	"mmapshare ring read: '$ring': $none time, CPU or type; create it with --info
1" "$(message read --info $ring)"
expect "write --type without" \
	"mmapshare ring write: '$ring': $none type; create it with --info type
1" "$(message write --type 1 $ring)"
expect "write --type 65536" 2 "$(status mmapshare ring write --type 65536 $ring)"
expect "create with two clocks" 2 \
	"$(status mmapshare ring create --info monotonic,boottime $ring.2 1)"
expect "create with an empty list" 2 "$(status mmapshare ring create --info '' $ring.2 1)"
expect "read --info --raw" 2 "$(status mmapshare ring read --info --raw $ring)"
