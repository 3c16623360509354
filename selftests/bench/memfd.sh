#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare-bench --memory memfd measures the library's rings without the module.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

BENCH=${MMAPSHARE_BENCH:-/src/userspace/bench/mmapshare-bench}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# run ARGUMENT...: measure quickly; store results and the status
run()
{
	"$BENCH" --memory memfd --quick --json "$TMP/json" "$@" >"$TMP/out" 2>"$TMP/err"
	status=$?
	sed 's/^/# /' "$TMP/err"
}

# measured EXPERIMENT: print the contenders that have values
measured()
{
	sed -n "/\"values\"/s/.*\"experiment\": \"$1\", .*\"how\": \"\([^\"]*\)\".*/\1/p" \
		"$TMP/json" | sort -u | paste -sd ' '
}

# pairs: print what the table and the JSON compare apart from the first contender
pairs()
{
	sed -n '/^records/,/^$/s/^  \([^ ]*\) .*  [0-9.]* \([a-z][^ ]*\)$/\1 \2/p' "$TMP/out" |
		sort -u
	grep '"experiment": "records"' "$TMP/json" |
		sed -n 's/.*"how": "\([^"]*\)".*"against": "\([^"]*\)".*/\1 \2/p' | sort -u
}

# report: print the lines of the report that are the same in the JSON
report()
{
	for name in kernel processors hardware memory governor 'huge pages' mitigations load \
		rings 'idle test' 'other tasks' noise; do
		text=$(sed -n "s/^$name  *\([^ ].*\)/\1/p" "$TMP/out")
		if [ -n "$text" ] && grep -qF "    \"$name\": \"$text" "$TMP/json"; then
			echo "$name"
		fi
	done
}

# refused EXPERIMENT: print the reasons of contenders without values
refused()
{
	sed -n "s/.*\"experiment\": \"$1\", .*\"why\": \"\(.*\)\".*/\1/p" "$TMP/json" | sort -u
}

[ -x "$BENCH" ] || skip_all "no $BENCH: build it"
if [ -d /sys/module/mmapshare ]; then
	rmmod mmapshare || skip_all "the module is in use"
fi
begin_tap 11
run --plot "$TMP/plots" records readers pingpong log kernel
expect "no device" "" "$(ls /dev/mmapshare 2>/dev/null)"
expect "status" 0 $status
expect "memory of the rings" 'memfd' "$(sed -n 's/^  "rings": "\(.*\)".*/\1/p' "$TMP/json")"
expect "the output says what was not measured" 1 "$(grep -c 'not that of the driver' "$TMP/out")"
expect "a report of machine and noise" 12 "$(report | wc -l)"
expect "all contenders of records" \
	"pipe queue queue-by-16 queue-eventfd queue-futex ring ring-by-1 ring-by-16 $(
	)ring-eager seqpacket" "$(measured records)"
set -- "ring queue" "ring-by-1 queue" "ring-by-16 queue-by-16" "ring-eager queue-futex"
expect "a ring against a queue that publishes and wakes alike" "$(printf '%s\n' "$@" "$@")" \
	"$(pairs)"
expect "several readers" "pipe queue queue-by-16 ring ring-by-16" "$(measured readers)"
expect "the plot has all numbers of readers" "set xrange [0.5:4.5]" \
	"$(grep xrange "$TMP/plots/readers-record.gp")"
expect "endpoints sleep and are woken" "eventfd futex ring" "$(measured pingpong)"
expect "the reason of what needs the module" \
	"needs the module: run without --memory memfd" "$(refused kernel)"
end_tap
