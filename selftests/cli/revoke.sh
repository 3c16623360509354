#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare destroy --revoke: whoever uses the region is told, and nobody else.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

one=cli.$$.one two=cli.$$.two

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $one $two 2>/dev/null
}

# has_users N: do so many have it open?
has_users()
{
	[ "$(cat "/sys/class/mmapshare/mmapshare-$one/files")" = "$1" ]
}

plan 10
mmapshare create $one 4K
mmapshare create $two 4K
exec 3<>"$NODE-$one"
mmapshare wait -t 60 $one >"$TMP/wait.out" 2>"$TMP/wait.err" &
waiter=$!
until_true has_users 2
expect "destroy --revoke" "0 0 0" "$(outcome mmapshare destroy --revoke $one)"
wait $waiter
expect "who waits fails" 1 $?
expect "and says why" " mmapshare wait: '$one': the region was revoked" \
	"$(cat "$TMP/wait.out") $(cat "$TMP/wait.err")"
expect "who has it open cannot read it" 1 "$(head -c 1 <&3 >/dev/null 2>&1; echo $?)"
expect "its node has gone" "" "$(ls "$NODE-$one" 2>/dev/null)"
expect "twice" "1 0 1" "$(outcome mmapshare destroy -r $one)"
exec 3<&-

exec 3<>"$NODE-$two"
mmapshare create $one 4K
expect "destroy alone" "0 0 0" "$(outcome mmapshare destroy $two)"
expect "leaves it to who has it open" 0 "$(head -c 1 <&3 >/dev/null 2>&1; echo $?)"
exec 3<&-
mmapshare create $two 4K
expect "several" "0 0 0" "$(outcome mmapshare destroy --revoke $one $two)"
expect "all have gone" "" "$(mmapshare list -n | grep "^cli.$$")"
