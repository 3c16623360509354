#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A region is charged to the memory cgroup of whoever loads the module. Where it
# does not fit, loading fails; nobody is killed for it, and nothing is left.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

CGROUP=/sys/fs/cgroup
GROUP=$CGROUP/mmapshare-test
LIMIT=$((32 << 20))
FITS=$((8 << 20))
TOO_LARGE=$((48 << 20))
SLACK=$((4 << 20))	# the kernel's own, and what the tool that loads it takes

# load in $GROUP
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

# what happened in $GROUP for want of memory, but failed charges
events()
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
quiet=$(events)

for strategy in $STRATEGIES; do
	expect "$strategy: more than the group may have" ENOMEM \
		"$(load_charged size=$TOO_LARGE strategy="$strategy")"
	expect "$strategy: nobody was killed for it" "$quiet" "$(events)"
	expect "$strategy: nothing is left, and nothing charged" 0 \
		"$(leftovers)$(($(charged) > SLACK))"
	expect "$strategy: what fits is charged" "0 1" \
		"$(load_charged size=$FITS strategy="$strategy") $(($(charged) >= FITS))"
	expect "$strategy: until it is gone" "0 0" \
		"$(unload) $(($(charged) > SLACK))"
done
