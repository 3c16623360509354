#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# rmmod is refused while a task that closes the last descriptor without a node
# is still in the kernel, after the driver's release() has returned.

# shellcheck source=../module/module_lib.sh
. "$(dirname "$0")/../module/module_lib.sh"

TOOL=$(dirname "$0")/../module/module_tool
DELAY_KO=${MMAPSHARE_KO%/*}/driver/tests/mmapshare_delay.ko
DELAY=/sys/module/mmapshare_delay/parameters

# until_reached: wait, up to a minute, until the task has stopped.
until_reached()
{
	for _ in $(seq 600); do
		[ "$(cat $DELAY/reached)" != Y ] || return 0
		sleep 0.1
	done
	return 1
}

[ -e "$DELAY_KO" ] || skip_all "no $DELAY_KO"
plan 4
for kind in create read_only ring endpoint; do
	got=$(load size=64K)
	if ! insmod "$DELAY_KO" 2>/dev/null; then
		skip "$kind: the kernel has no function tracer"
		unload >/dev/null
		continue
	fi
	"$(dirname "$0")/slow_close" "$kind" &
	until_reached || got="$got not reached"
	got="$got $(unload)"
	echo Y >$DELAY/go
	wait $!
	got="$got $?"
	rmmod mmapshare_delay
	expect "$kind: not unloaded during close" "0 EAGAIN 0 0" "$got $(unload)"
done
