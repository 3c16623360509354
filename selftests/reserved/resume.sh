#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A ring in reserved memory goes on when the module that produces is loaded again, and
# when mmapshare.ko is: all records are there, and the next ones follow.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

RANGE=mms-test
PRODUCER=${MMAPSHARE_KO%/*}/driver/tests/mmapshare_survive.ko

# produce: load the producer, and unload it when it has published some records
produce()
{
	insmod "$PRODUCER" ring=$RANGE counts= || return
	sleep 0.3
	rmmod mmapshare_survive
}

# found: print the line of "survived", and set $end to the number of the next record
found()
{
	found=$("$(dirname "$0")/survived" $RANGE 2>&1)
	end=$(echo "$found" | sed -n 's/.* end \([0-9]*\) .*/\1/p')
	generation=${found%% end*}
}

begin()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -n "${MMAPSHARE_KO:-}" ] || skip_all "MMAPSHARE_KO is not set"
	grep -q ":$RANGE" /proc/cmdline || skip_all "no reserve_mem=SIZE:4096:$RANGE"
	[ -x "$(dirname "$0")/survived" ] || skip_all "survived is not built"
	rmmod mmapshare 2>/dev/null
	if ! insmod "$MMAPSHARE_KO" size=8M reserved=$RANGE 2>/dev/null; then
		insmod "$MMAPSHARE_KO" size=8M
		skip_all "the kernel has no reserve_mem_find_by_name()"
	fi
}

begin
begin_tap 4
produce
found
first=$found first_end=$end first_generation=$generation
expect "a ring is found when its producer is gone" 1 "$((end > 0))"
found
expect "reading it does not change it" "$first" "$found"
produce
found
second=$found
expect "the next producer goes on behind it" "$first_generation 1" \
	"$generation $((end > first_end))"
rmmod mmapshare && insmod "$MMAPSHARE_KO" size=8M reserved=$RANGE
found
expect "it outlives the module" "$second" "$found"
end_tap
