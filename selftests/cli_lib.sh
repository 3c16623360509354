# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the cli_*.sh have in common; to be sourced. They use the mmapshare that
# is in PATH.

NODE=/dev/mmapshare
PARAMETERS=/sys/module/mmapshare/parameters
# shellcheck disable=SC2034	# used by those that source this
PAGE=$(getconf PAGESIZE)
KSFT_SKIP=4
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
# no test makes files that depend on it
umask 022

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit $KSFT_SKIP
}

# plan N: get ready for N results.
plan()
{
	planned=$1 results=0 failures=0
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	[ -d "$PARAMETERS" ] || skip_all "no $PARAMETERS"
	command -v mmapshare >/dev/null || skip_all "mmapshare is not installed"
	echo "TAP version 13"
	echo "1..$planned"
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
	if [ "$results" != "$planned" ]; then
		echo "# planned $planned results, got $results"
		exit 1
	fi
	exit $((failures > 0))
}

# expect WHAT WANTED GOT: one result.
expect()
{
	results=$((results + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $results $1"
	else
		failures=$((failures + 1))
		echo "not ok $results $1"
		printf 'want: %s\ngot:  %s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

skip()
{
	results=$((results + 1))
	echo "ok $results # SKIP $1"
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
