# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sourced by the scripts here, which load and unload the module $MMAPSHARE_KO. At
# exit the module is loaded again with the parameters it had.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

TOOL=$(dirname "$0")/module_tool
NODE=/dev/mmapshare
PARAMETERS=/sys/module/mmapshare/parameters
# shellcheck disable=SC2034	# used by the sourcing scripts
STRATEGIES="fault huge vmalloc pfn"
# shellcheck disable=SC2034
PAGE=$(getconf PAGESIZE)

# load [PARAMETER...], unload: print 0 or the errno's name; try_load also prints
# how many lines the module has logged, and their level.
load()
{
	"$TOOL" load "$MMAPSHARE_KO" "$@"
}

try_load()
{
	"$TOOL" try "$MMAPSHARE_KO" "$@"
}

unload()
{
	"$TOOL" unload mmapshare
}

parameter()
{
	read -r value <"$PARAMETERS/$1"
	echo "$value"
}

# plan N: unload the module and begin a test of N results, or skip all
plan()
{
	saved=''
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -n "${MMAPSHARE_KO:-}" ] || skip_all "MMAPSHARE_KO is not set"
	[ -d "$PARAMETERS" ] || skip_all "load the module first"
	[ "$(parameter strategy)" = fault ] ||
		skip_all "runs only while the module is loaded with strategy=fault"
	saved="size=$(parameter size) strategy=fault exec=$(parameter exec)"
	begin_tap "$1"
	trap finish EXIT
	trap 'exit 1' HUP INT TERM
	if [ "$(unload)" != 0 ]; then
		echo "Bail out! cannot unload the module"
		saved=''
		exit 1
	fi
}

finish()
{
	trap - EXIT
	[ ! -d "$PARAMETERS" ] || [ -z "$saved" ] || unload >/dev/null
	# shellcheck disable=SC2086
	if [ -n "$saved" ] && [ "$(load $saved)" != 0 ]; then
		echo "Bail out! cannot load the module again: $saved"
		exit 1
	fi
	# without $?, exit would return the status from before the trap
	end_tap
	exit $?
}

# leftovers: print the files and list entries of the module that still exist
leftovers()
{
	for f in "$NODE" /sys/module/mmapshare /sys/class/misc/mmapshare \
		 /sys/devices/virtual/misc/mmapshare /sys/class/mmapshare \
		 /sys/kernel/tracing/events/mmapshare; do
		[ ! -e "$f" ] || echo "$f"
	done
	grep -w '^[^/]*mmapshare' /proc/misc /proc/devices /proc/modules /proc/filesystems \
		/proc/mounts
}
