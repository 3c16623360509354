#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A region is charged to the memory cgroup of the task that loads the module. If
# the charge fails, loading fails with ENOMEM, without an OOM kill or a leak.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

CGROUP=/sys/fs/cgroup
GROUP=$CGROUP/mmapshare-test
LIMIT=$((32 << 20))
FITS=$((8 << 20))
TOO_LARGE=$((48 << 20))
SLACK=$((4 << 20))	# memory of the kernel and of module_tool in the group

# load_charged PARAMETER...: load the module in a task of $GROUP
load_charged()
{
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$GROUP" \
		"$TOOL" load "$MMAPSHARE_KO" "$@"
}

charged()
{
	read -r bytes <$GROUP/memory.current
	echo "$bytes"
}

# oom_events: print the counters of OOM events in $GROUP
oom_events()
{
	awk '/^oom/ { printf "%s ", $0 }' $GROUP/memory.events
}

remove_group()
{
	rmdir $GROUP
}

[ -e $CGROUP/cgroup.controllers ] || skip_all "no cgroup2 at $CGROUP"
grep -qw memory $CGROUP/cgroup.controllers || skip_all "no memory controller"
[ "$(id -u)" = 0 ] || skip_all "needs root"
echo +memory >$CGROUP/cgroup.subtree_control
plan 20
mkdir $GROUP
trap 'remove_group; finish' EXIT
echo $LIMIT >$GROUP/memory.max
before=$(oom_events)

for strategy in $STRATEGIES; do
	expect "$strategy: above the limit of the group" ENOMEM \
		"$(load_charged size=$TOO_LARGE strategy="$strategy")"
	expect "$strategy: no OOM kill" "$before" "$(oom_events)"
	expect "$strategy: nothing left, nothing charged" 0 \
		"$(leftovers)$(($(charged) > SLACK))"
	expect "$strategy: a region within the limit is charged" "0 1" \
		"$(load_charged size=$FITS strategy="$strategy") $(($(charged) >= FITS))"
	expect "$strategy: uncharged on unload" "0 0" \
		"$(unload) $(($(charged) > SLACK))"
done
