#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: while a stream is full, the producer waits; when there is space, all
# records arrive. Metrics tell.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# metric NAME: its value
metric()
{
	sed -n "s/^mmapshare_bridge_$1{.*} //p" "$TMP/metrics" 2>/dev/null
}

has_refused()
{
	[ "$(metric refusals_total)" -gt 0 ] 2>/dev/null
}

n=100000
plan_bridge 6 nats-server
echo 'jetstream: { max_file_store: 60000 }' >"$TMP/small"
start_nats -js -c "$TMP/small"
mmapshare ring create $ring 64K
start_export -m "$TMP/metrics" $NATS/numbers
seq $n | mmapshare ring put $ring &
producer=$!
until_true has_refused
# stream and ring have space for some thousands
expect "the producer waits" 1 $(($(committed $ring) < n))
expect "the bridge says why" 1 "$(grep -c 'not stored: .*; trying again$' "$TMP/export.err")"
stop_server
start_nats -js
wait $producer
expect "with space, the producer goes on" 0 $?
until_true stored $n
expect "all are stored" "$n" "$(metric records_total)"
kill -TERM $export
wait $export
mmapshare ring create $target 4M
expect "import" "3 0 0" "$(imported $NATS/numbers $target)"
seq "$n" >"$TMP/numbers"
expect "in order, and once" "" "$(same_records $target "$TMP/numbers")"
