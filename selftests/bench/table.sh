#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The table of "make bench-native": each ratio is that of two medians of one run.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

TABLE=${MMAPSHARE_TABLE:-/src/selftests/vm/native.py}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# result EXPERIMENT WHAT SIZE HOW MEDIAN: print a result as mmapshare-bench does
result()
{
	printf '{"experiment": "%s", "what": "%s", "size": %s, "how": "%s", ' "$1" "$2" "$3" "$4"
	printf '"metric": "time", "median": %s}' "$5"
}

# results RESULT...: print the file of a run
results()
{
	printf '{"unit": "ns", "runs": 7, "report": {"kernel": "K"}, "results": ['
	printf '%s' "$1"
	shift
	[ $# = 0 ] || printf ', %s' "$@"
	printf ']}\n'
}

# row PATTERN: print the row that matches, with single spaces
row()
{
	sed -n "/$1/s/  */ /gp" "$TMP/out"
}

command -v python3 >/dev/null || skip_all "needs python3"
[ -e "$TABLE" ] || skip_all "no $TABLE"
begin_tap 6
results "$(result records record 64 queue 10)" "$(result records record 64 ring-by-1 12.5)" \
	"$(result records record 64 pipe 100)" "$(result log record 512 memory 50)" >"$TMP/a"
results "$(result readers record 1 ring 20)" "$(result readers record 2 ring 22)" \
	"$(result log record 512 map-fault 60)" >"$TMP/b"
python3 -IS "$TABLE" uml="$TMP/a" host="$TMP/b" >"$TMP/out" 2>"$TMP/err"
expect "status" 0 $?
expect "no message" "" "$(cat "$TMP/err")"
expect "a bar that is met" \
	"uml records record 64 ring-by-1 12.5 queue 10.0 1.250 <= 1.3 met" \
	"$(row ' ring-by-1 .*queue')"
expect "a bar that is missed" \
	"uml records record 64 pipe 100.0 ring-by-1 12.5 8.000 >= 12 missed" "$(row ' pipe ')"
expect "the same contender with two readers" \
	"host readers record 2 ring 22.0 ring, 1 20.0 1.100 <= 1.15 met" "$(row ' readers ')"
expect "no ratio between two runs" "" "$(row ' log ')"
end_tap
