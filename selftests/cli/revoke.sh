#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare destroy --revoke: all uses of the region end; destroy alone does not
# end them.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

one=cli.$$.one two=cli.$$.two

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $one $two 2>/dev/null
}

# has_users N: are N files of the region open?
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
expect "wait fails" 1 $?
expect "wait prints the reason" " mmapshare wait: '$one': the region was revoked" \
	"$(cat "$TMP/wait.out") $(cat "$TMP/wait.err")"
expect "an open descriptor cannot read" 1 "$(head -c 1 <&3 >/dev/null 2>&1; echo $?)"
expect "the node is removed" "" "$(ls "$NODE-$one" 2>/dev/null)"
expect "destroy --revoke again" "1 0 1" "$(outcome mmapshare destroy -r $one)"
exec 3<&-

exec 3<>"$NODE-$two"
mmapshare create $one 4K
expect "destroy" "0 0 0" "$(outcome mmapshare destroy $two)"
expect "an open descriptor can read" 0 "$(head -c 1 <&3 >/dev/null 2>&1; echo $?)"
exec 3<&-
mmapshare create $two 4K
expect "destroy --revoke of two regions" "0 0 0" "$(outcome mmapshare destroy --revoke $one $two)"
expect "both are removed" "" "$(mmapshare list -n | grep "^cli.$$")"
