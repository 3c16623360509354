#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Two unprivileged users in the group of the device: access to regions by mode
# bits, the limit of bytes per user, and that of the control group.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

GROUP=100 ANN=2001 BOB=2002
ann=ann.$$ bob=bob.$$
cgroup=/sys/fs/cgroup/mmapshare.$$
max_user_bytes=$(cat $PARAMETERS/max_user_bytes)
was=$(stat -c '%a %g' $NODE)

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	for name in $ann $bob $ann.1 $ann.2 $ann.3 $bob.1 $ann.many.1 $ann.many.2 \
		$ann.many.3 $ann.many.4 $ann.many.5 $ann.many.6; do
		mmapshare destroy "$name" 2>/dev/null
	done
	echo "$max_user_bytes" >$PARAMETERS/max_user_bytes
	chmod "${was% *}" $NODE
	chgrp "${was#* }" $NODE
	[ ! -d "$cgroup" ] || rmdir "$cgroup"
}

# user UID COMMAND...: run it as that user in the control group, with no group
# but $GROUP, and without capabilities
user()
{
	uid=$1
	shift
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$1/cgroup.procs"; uid=$2; shift 2
		exec setpriv --reuid "$uid" --regid '$GROUP' --clear-groups \
			--inh-caps=-all --bounding-set=-all --no-new-privs "$@"' \
		sh "$cgroup" "$uid" "$@"
}

# answer COMMAND...: print the command's error message, without the remedy, and
# its exit status
answer()
{
	"$@" >"$TMP/answer" 2>&1 </dev/null
	answer_status=$?
	echo "$(sed 's/^mmapshare[a-z ]*: //; s/ (.*//; s/;.*//' "$TMP/answer")" \
		$answer_status
}

# memory_freed: print yes if the control group is charged for less than 16 MiB,
# else the number of bytes charged
memory_freed()
{
	charged=$(cat $cgroup/memory.current)
	if [ "$charged" -lt $((16 << 20)) ]; then
		echo yes
	else
		echo "$charged"
	fi
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
command -v setpriv >/dev/null || skip_all "needs setpriv"
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip_all "needs cgroup v2"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
mkdir $cgroup || skip_all "needs to create a control group"
if [ ! -e $cgroup/memory.max ]; then
	rmdir $cgroup
	skip_all "needs memory control groups"
fi
echo 64M >$cgroup/memory.max
plan 24

expect "create without the group" "'$ann': no permission to use $NODE 1" \
	"$(answer user $ANN mmapshare create $ann 1M)"
chgrp $GROUP $NODE
expect "create in the group" 0 "$(status user $ANN mmapshare create -m 640 $ann 1M)"
expect "owner, group and mode" "$ANN $GROUP 640" "$(stat -c '%u %g %a' "$NODE-$ann")"
expect "the owner writes" 0 "$(echo hello | user $ANN mmapshare write $ann; echo $?)"
expect "the group reads" hello "$(user $BOB mmapshare read -l 5 $ann)"
expect "the group cannot write" "'$ann': permission denied 1" \
	"$(answer user $BOB mmapshare write $ann)"
expect "the group cannot fill" 1 "$(status user $BOB mmapshare fill $ann)"
expect "the group cannot destroy" "'$ann': it belongs to another user 1" \
	"$(answer user $BOB mmapshare destroy $ann)"
expect "the group cannot change the mode" 1 "$(status user $BOB chmod 666 "$NODE-$ann")"
expect "the owner permits the group to write" 0 "$(status user $ANN chmod 660 "$NODE-$ann")"
expect "the group writes" "0 HELLO" "$(printf HELLO | user $BOB mmapshare write $ann; echo \
	$? "$(user $ANN mmapshare read -l 5 $ann)")"
expect "the owner denies the group access" "0 1" "$(status user $ANN chmod 600 "$NODE-$ann") $(
	status user $BOB mmapshare read $ann)"
expect "the other user lists it" "$ann" \
	"$(user $BOB mmapshare list | grep -o "^$ann")"
expect "the name is taken" "'$ann': a region of that name exists 1" \
	"$(answer user $BOB mmapshare create $ann 1M)"
expect "the other user creates a region" 0 "$(status user $BOB mmapshare create $bob 1M)"
expect "the first user cannot read it" 1 "$(status user $ANN mmapshare read $bob)"

echo 3M >$PARAMETERS/max_user_bytes
expect "max_user_bytes is per user" "0 0" "$(status user $ANN mmapshare create $ann.1 2M) $(
	status user $BOB mmapshare create $bob.1 2M)"
expect "more than max_user_bytes" "'$ann.2': exceeds the user's share of regions 1" \
	"$(answer user $ANN mmapshare create $ann.2 4K)"
expect "destroy gives back the user's share" "0 0" "$(status user $ANN mmapshare destroy \
	$ann.1) $(status user $ANN mmapshare create $ann.2 2M)"
mmapshare destroy $ann.2 $bob.1

echo 1G >$PARAMETERS/max_user_bytes
expect "more than memory.max" \
	"'$ann.3': not enough memory, or the control group's memory.max is reached 1" \
	"$(answer user $ANN mmapshare create $ann.3 100M)"
expect "the failed create freed its memory" yes \
	"$(memory_freed)"
# memory.max has space for three of them
got=$(for i in 1 2 3 4 5 6; do
	status user $ANN mmapshare create $ann.many.$i 20M
done | sort | uniq -c | tr -s ' \n' ' ')
expect "several regions exceed memory.max" " 3 0 3 1 " "$got"
expect "no process was killed" "oom_kill 0" "$(grep '^oom_kill ' $cgroup/memory.events)"
mmapshare destroy $ann.many.1 $ann.many.2 $ann.many.3
expect "destroy freed the memory" yes \
	"$(memory_freed)"
