# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts here have in common; to be sourced. They load and unload the
# module in the file $MMAPSHARE_KO, and in the end load it again as it was.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

TOOL=$(dirname "$0")/module_tool
NODE=/dev/mmapshare
PARAMETERS=/sys/module/mmapshare/parameters
# shellcheck disable=SC2034	# used by those that source this
STRATEGIES="fault huge vmalloc pfn"
# shellcheck disable=SC2034
PAGE=$(getconf PAGESIZE)

# load [PARAMETER...], unload: print 0 or the errno's name; try_load adds what
# the module had to say.
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

# plan N: get ready for N results, with the module not loaded.
plan()
{
	was=''
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -n "${MMAPSHARE_KO:-}" ] || skip_all "MMAPSHARE_KO is not set"
	[ -d "$PARAMETERS" ] || skip_all "load the module first"
	[ "$(parameter strategy)" = fault ] ||
		skip_all "covered when loaded with fault"
	was="size=$(parameter size) strategy=fault exec=$(parameter exec)"
	begin_tap "$1"
	trap finish EXIT
	trap 'exit 1' HUP INT TERM
	if [ "$(unload)" != 0 ]; then
		echo "Bail out! the module is in use"
		was=''
		exit 1
	fi
}

finish()
{
	trap - EXIT
	[ ! -d "$PARAMETERS" ] || [ -z "$was" ] || unload >/dev/null
	# shellcheck disable=SC2086
	if [ -n "$was" ] && [ "$(load $was)" != 0 ]; then
		echo "Bail out! cannot load the module again: $was"
		exit 1
	fi
	# a bare exit would be with the status from before this trap
	end_tap
	exit $?
}

# What an unloaded module must not leave.
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
