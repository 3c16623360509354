# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Results as kselftest wants them, TAP; to be sourced.

KSFT_SKIP=4

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit $KSFT_SKIP
}

# begin_tap N: N results are to follow.
begin_tap()
{
	planned=$1 results=0 failures=0
	echo "TAP version 13"
	echo "1..$planned"
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

# end_tap: what came of it, as a status; all that were planned have to be there.
end_tap()
{
	if [ "$results" != "$planned" ]; then
		echo "# planned $planned results, got $results"
		return 1
	fi
	return $((failures > 0))
}
