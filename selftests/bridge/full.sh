#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: while a stream is full, the producer waits; when there is space, all
# records arrive. Metrics tell.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	stop_server
	# shellcheck disable=SC2086	# one may be empty
	kill $bridge $producer 2>/dev/null
	mmapshare destroy $ring $target 2>/dev/null
}

# metric NAME: its value
metric()
{
	sed -n "s/^mmapshare_bridge_$1{.*} //p" "$TMP/metrics" 2>/dev/null
}

has_refused()
{
	[ "$(metric refusals_total)" -gt 0 ] 2>/dev/null
}

all_stored()
{
	[ "$(metric records_total)" = "$n" ]
}

bridge='' producer=''
n=100000
plan_bridge 6 nats-server
echo 'jetstream: { max_file_store: 60000 }' >"$TMP/small"
start_nats -js -c "$TMP/small"
mmapshare ring create $ring 64K
mmapshare bridge export -m "$TMP/metrics" $ring $NATS/numbers 2>"$TMP/bridge.err" &
bridge=$!
seq $n | mmapshare ring put $ring &
producer=$!
until_true has_refused
# stream and ring have space for some thousands
expect "the producer waits" 1 $(($(committed $ring) < n))
expect "the bridge says why" 1 "$(grep -c 'not stored: .*; trying again$' "$TMP/bridge.err")"
stop_server
start_nats -js
wait $producer
expect "with space, the producer goes on" 0 $?
until_true all_stored
expect "all are stored" "$n" "$(metric records_total)"
kill -TERM $bridge
wait $bridge
mmapshare ring create $target 4M
expect "import" "3 0 0" "$(imported $NATS/numbers $target)"
seq "$n" >"$TMP/numbers"
expect "in order, and once" "" "$(same_records $target "$TMP/numbers")"
