# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Helpers for test scripts of the mmapshare command in PATH; to be sourced.

# shellcheck source=tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

NODE=/dev/mmapshare
PARAMETERS=/sys/module/mmapshare/parameters
# the example driver of the tree in which the module was built
DAQ=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/driver/examples/mmapshare_daq.ko}
# shellcheck disable=SC2034	# used by scripts that source this file
PAGE=$(getconf PAGESIZE)
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
# the mode of a region's node is masked by the umask
umask 022

# plan N: begin a test of N results, or skip it.
plan()
{
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	[ -d "$PARAMETERS" ] || skip_all "no $PARAMETERS"
	command -v mmapshare >/dev/null || skip_all "mmapshare is not installed"
	begin_tap "$1"
	trap finish EXIT
	trap 'exit 1' HUP INT TERM
}

# cleanup: redefined by scripts that have more to remove than $TMP.
cleanup()
{
	:
}

finish()
{
	trap - EXIT
	cleanup
	rm -rf "$TMP"
	end_tap
	exit $?
}

# status COMMAND...: run it without output, and print its status.
status()
{
	"$@" >/dev/null 2>&1 </dev/null
	echo $?
}

# count_lines FILE: set $lines. Does not run wc, because it takes long to start
# a process on an emulated machine.
count_lines()
{
	lines=0
	while read -r _; do
		lines=$((lines + 1))
	done <"$1"
}

# outcome COMMAND...: print its status, and how many lines it writes to standard
# output and to standard error.
outcome()
{
	"$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	set -- $?
	count_lines "$TMP/out"
	set -- "$1" $lines
	count_lines "$TMP/err"
	echo "$1 $2 $lines"
}

# on_terminal COMMAND [COLUMNS]: run COMMAND by sh on a terminal of 10 lines;
# print what it writes there, and "status N". The terminal has no input.
on_terminal()
{
	python3 -IS -c '
import fcntl, os, struct, sys, termios
pid, fd = os.forkpty()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 10, int(sys.argv[2]), 0, 0))
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
shown = b""
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
os.write(1, shown.replace(b"\r\n", b"\n") + b"status %d\n" % status)
' "$1" "${2:-80}"
}

# until_true COMMAND...: run it until it succeeds, for at least a minute: no
# command fails for so long, even on a busy machine.
until_true()
{
	for _ in $(seq 300); do
		! "$@" || return 0
		sleep 0.2
	done
}

# until_line PATTERN FILE: wait until a line of FILE matches PATTERN
until_line()
{
	until_true grep -q "$1" "$2"
}

# load_daq PARAMETER...: load the example driver, again if it is loaded. Fails if it
# was not built, or if the caller is not root.
load_daq()
{
	[ -e "$DAQ" ] && [ "$(id -u)" = 0 ] || return
	rmmod mmapshare_daq 2>/dev/null
	insmod "$DAQ" "$@"
}

# said TEXT: if the line in $TMP/err does not begin with TEXT, print it
said()
{
	line=
	read -r line <"$TMP/err"
	case $line in
	"$1"*)	;;
	*)	echo ": $line" ;;
	esac
}

# same TITLE COMMAND...: expect that its output equals standard input
same()
{
	title=$1
	shift
	expect "$title" "$(cat)" "$("$@" 2>&1)"
}
