# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Helpers for the tests of the drivers in driver/examples; to be sourced.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

EXAMPLES=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/userspace/examples}
[ -d "$EXAMPLES" ] || EXAMPLES=$(dirname "$0")/../../userspace/examples

# port_path NAME: the module mmapshare_NAME
port_path()
{
	echo "${MMAPSHARE_KO%/*}/driver/examples/mmapshare_$1.ko"
}

# plan_port NAME N: begin a test of N results, or skip it
plan_port()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -n "${MMAPSHARE_KO:-}" ] || skip_all "MMAPSHARE_KO is not set"
	[ -e "$(port_path "$1")" ] || skip_all "no mmapshare_$1.ko: it was not built"
	[ -x "$EXAMPLES/$1" ] || skip_all "no $EXAMPLES/$1: the examples are not built"
	plan "$2"
}

# on_one_cpu COMMAND...: run it while only one processor is on line. A command that
# inserts probes changes code that another processor may be executing: an emulated one
# may then execute instructions that were replaced, and the kernel crashes.
on_one_cpu()
{
	echo 0 2>/dev/null >/sys/devices/system/cpu/cpu1/online
	"$@"
	set -- $?
	echo 1 2>/dev/null >/sys/devices/system/cpu/cpu1/online
	return "$1"
}

# attached NAME: has the ring, or the set, a consumer?
attached()
{
	mmapshare ring stat "$1" 2>/dev/null | grep -q '^consumer [0-9]'
}

# drained NAME: have the consumers released all records?
drained()
{
	! mmapshare ring stat "$1" | grep '^consumer [0-9]' | grep -qv ' 0 bytes behind'
}

# dropped NAME: has a ring refused a record?
dropped()
{
	mmapshare ring stat "$1" | grep -q '^dropped  *[1-9]'
}

# settled NAME: has the driver, told to be quiet, recorded the last event, and the
# reader taken it? Set $seen.
settled()
{
	seen=$(port_parameter "$1" seen)
	sleep 0.5
	[ "$seen" = "$(port_parameter "$1" seen)" ] && drained "$1"
}

# on_each_cpu CODE: run Python code on one processor after the other
on_each_cpu()
{
	python3 -IS -c '
import os, sys
for cpu in sorted(os.sched_getaffinity(0)):
    os.sched_setaffinity(0, {cpu})
    exec(sys.argv[1])' "$1"
}

# port_parameter NAME PARAMETER [VALUE]: print, or set
port_parameter()
{
	if [ $# = 3 ]; then
		echo "$3" >"/sys/module/mmapshare_$1/parameters/$2"
	else
		cat "/sys/module/mmapshare_$1/parameters/$2"
	fi
}
