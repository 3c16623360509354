#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring record is killed again and again: each record that was reported as
# safe is in the files, and all others are still in the ring.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring
dir=$TMP/dir
rounds=10

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	kill "$producer" 2>/dev/null
	mmapshare destroy $ring 2>/dev/null
}

# the number after "safe" in the last whole line of the report
safe()
{
	awk '/^safe [0-9]+ .*\.mmr$/ { seq = $2 } END { print seq + 0 }' "$TMP/report"
}

# missing N: the number of records below N that are not in the files, or not right
missing()
{
	mmapshare ring dump "$dir"/*.mmr 2>"$TMP/err" | awk -v n="$1" '
		$2 != $1 + 1 { print "wrong: " $0 }
		!seen[$1]++ && $1 < n { found++ }
		END { print n - found }'
}

producer=
plan 4
mkdir "$dir"
mmapshare ring create $ring 16K
seq 10000000 2>/dev/null | mmapshare ring put $ring 2>/dev/null &
producer=$!
round=0
lost=""
reported=0
while [ $round -lt $rounds ]; do
	: >"$TMP/report"
	mmapshare ring record -r -s 4K -b 100K $ring "$dir" >"$TMP/report" 2>"$TMP/record.err" &
	recorder=$!
	# after some reports, at no special moment
	until_true grep -q -m 1 . "$TMP/report"
	sleep "0.0$round"
	kill -KILL $recorder
	wait $recorder 2>/dev/null
	n=$(safe)
	reported=$((reported + (n > 0)))
	m=$(missing "$n")
	[ "$m" = 0 ] || lost="$lost $round:$m"
	round=$((round + 1))
done
expect "each round reported something" $rounds $reported
expect "nothing is missing that was safe" "" "$lost"
kill $producer
wait $producer 2>/dev/null
mmapshare ring record -t 0 $ring "$dir"
expect "what was not recorded was still in the ring" 0 \
	"$(missing "$(mmapshare ring stat $ring | sed -n 's/^seq  *//p')")"
expect "no file is corrupt" "" "$(grep -v ': torn: ' "$TMP/err")"
