# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What cli/*.sh and others have in common; to be sourced. They use the mmapshare that
# is in PATH.

# shellcheck source=tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

NODE=/dev/mmapshare
PARAMETERS=/sys/module/mmapshare/parameters
# shellcheck disable=SC2034	# used by those that source this
PAGE=$(getconf PAGESIZE)
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
# no test makes files that depend on it
umask 022

# plan N: get ready for N results.
plan()
{
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	[ -d "$PARAMETERS" ] || skip_all "no $PARAMETERS"
	command -v mmapshare >/dev/null || skip_all "mmapshare is not installed"
	begin_tap "$1"
	trap finish EXIT
	trap 'exit 1' HUP INT TERM
}

# Tests say in cleanup() what else has to go.
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

# status COMMAND...: print its status, and nothing of what it says.
status()
{
	"$@" >/dev/null 2>&1 </dev/null
	echo $?
}

# count_lines FILE: into $lines; wc is another process, and slow to start where a
# machine is emulated.
count_lines()
{
	lines=0
	while read -r _; do
		lines=$((lines + 1))
	done <"$1"
}

# outcome COMMAND...: print its status, and how many lines it says on standard
# output and on standard error.
outcome()
{
	"$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	set -- $?
	count_lines "$TMP/out"
	set -- "$1" $lines
	count_lines "$TMP/err"
	echo "$1 $2 $lines"
}

# on_terminal COMMAND [COLUMNS]: print all that the command, for sh, shows on a
# terminal of 10 lines, and "status N". What it is to read comes from the script.
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
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
os.write(1, shown.replace(b"\r\n", b"\n") + b"status %d\n" % status)
' "$1" "${2:-80}"
}

# until_true COMMAND...: wait until it succeeds. A minute is for what never happens: no
# machine is so busy that what has to happen takes as long.
until_true()
{
	for _ in $(seq 300); do
		! "$@" || return 0
		sleep 0.2
	done
}

# until_line PATTERN FILE: wait until it has such a line
until_line()
{
	until_true grep -q "$1" "$2"
}

# said WORDS: is this how the line in $TMP/err begins? If not, show it.
said()
{
	line=
	read -r line <"$TMP/err"
	case $line in
	"$1"*)	;;
	*)	echo ": $line" ;;
	esac
}

# same WHAT COMMAND...: all that it prints is what is read here.
same()
{
	what=$1
	shift
	expect "$what" "$(cat)" "$("$@" 2>&1)"
}
