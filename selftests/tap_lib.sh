# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Test results in the format of kselftest (TAP); to be sourced.

KSFT_SKIP=4

# skip_all REASON: skip the whole program.
skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit $KSFT_SKIP
}

# begin_tap N: announce N results.
begin_tap()
{
	planned=$1 results=0 failures=0
	echo "TAP version 13"
	echo "1..$planned"
}

# expect TITLE WANTED GOT: one result, ok if WANTED equals GOT.
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

# skip REASON: one result, skipped.
skip()
{
	results=$((results + 1))
	echo "ok $results # SKIP $1"
}

# end_tap: returns 0 if all planned results were reported and none has failed.
end_tap()
{
	if [ "$results" != "$planned" ]; then
		echo "# planned $planned results, got $results"
		return 1
	fi
	return $((failures > 0))
}
