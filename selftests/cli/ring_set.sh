#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring: sets of rings, which have one producer each.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.set

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

# with [OPTION]...: replace the set
with()
{
	mmapshare destroy $ring 2>/dev/null
	mmapshare ring create "$@" $ring 1
}

# write WORD...: a record for each word
write()
{
	printf '%s\n' "$@" | mmapshare ring write $ring
}

# refused WORD...: the error of a command for which a ring set does not do
refused()
{
	mmapshare ring "$@" 2>&1 | sed 's/.*ring set/ring set/'
}

# has_written N: has the first ring N records?
has_written()
{
	mmapshare ring stat $ring | grep -q "^seq         $1$"
}

no='ring set; see mmapshare ring read --help'
plan 18

with --ring-set 3 --info monotonic
expect "stat" "0 of 3
1 of 3
2 of 3" "$(mmapshare ring stat $ring | sed -n 's/^ring        //p')"
expect "stat --json" '"member": 0, "members": 3
"member": 1, "members": 3
"member": 2, "members": 3' "$(mmapshare ring stat -j $ring | grep -o '"member": [^,]*, [^,]*')"
# the second writer finds the first ring in use
mkfifo "$TMP/lines"
mmapshare ring write $ring <"$TMP/lines" &
exec 3>"$TMP/lines"
echo one >&3
until_true has_written 1
write two
echo three >&3
until_true has_written 2
write four
expect "follow --all" "one
two
three
four" "$(mmapshare ring follow --all -c 4 $ring)"
expect "read --json" '{"seq": 0, "member": 0, "time": N, "length": 3, "hex": "6f6e65"}
{"seq": 0, "member": 1, "time": N, "length": 3, "hex": "74776f"}' \
	"$(mmapshare ring read --json -c 2 $ring | sed -E 's/"time": [0-9]+/"time": N/')"
expect "read" "three
four" "$(mmapshare ring read $ring)"
echo five >&3
exec 3>&-
wait
expect "read --follow --hang-up" "five" \
	"$(mmapshare ring read --follow --hang-up --window 0.000001 $ring)"
write six
expect "a window holds back" "" "$(mmapshare ring read --window 1000000 $ring)"
expect "and loses nothing" "six" "$(mmapshare ring read $ring)"
expect "a sequence number" "each ring of the set has its own sequence numbers" \
	"$(mmapshare ring read --at 5 $ring 2>&1 | sed 's/.*: //; s/;.*//')"
write seven eight
expect "by a name" "seven" "$(mmapshare ring read --cursor log -c 1 $ring)"
expect "going on" "eight" "$(mmapshare ring read --cursor log $ring)"
expect "names" "log consumer 0 ring 0 seq N, 0 lost
log consumer 0 ring 1 seq N, 0 lost
log consumer 0 ring 2 seq N, 0 lost" \
	"$(mmapshare ring cursors $ring | tr -s ' ' | sed 's/seq [0-9]*/seq N/')"
mmapshare ring cursors --remove log $ring
expect "no names" "" "$(mmapshare ring cursors $ring)"
expect "record" "$no" "$(refused record $ring "$TMP")"
with --ring-set cpus
expect "a ring for each CPU" "yes" \
	"$([ "$(mmapshare ring stat $ring | grep -c '^ring ')" -ge "$(nproc)" ] && echo yes)"
expect "a window without a clock" 1 "$(status mmapshare ring read --window 1 $ring)"
expect "no ring" 2 "$(status mmapshare ring create --ring-set 0 $ring.2 1)"
expect "too many rings" 2 "$(status mmapshare ring create --ring-set 1025 $ring.2 1)"
