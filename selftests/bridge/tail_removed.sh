#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: import waits in peace if the messages that it would get next were removed
# from the stream.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called by until_true
asks_no_more()
{
	nats_request "\$JS.API.CONSUMER.LIST.numbers" '' | grep -q '"num_waiting":0'
}

plan_bridge 4 nats-server
start_nats -js
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
seq 10 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
mmapshare bridge import -m "$TMP/metrics" -t 8 -s "$TMP/state" $NATS/numbers $target \
	2>"$TMP/import.err" &
import=$!
until_true stored 10
kill -STOP $import
# what it has asked for may still be sent to it
until_true asks_no_more
seq 11 20 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
nats_request "\$JS.API.STREAM.PURGE.numbers" '' >"$TMP/outcome"
kill -CONT $import
wait $import
expect "the timeout expires" 3 $?
expect "nothing is wrong" "" "$(cat "$TMP/import.err")"
seq 21 30 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
expect "import what follows" "3 0 1" "$(imported $NATS/numbers $target -s "$TMP/state")"
{ seq 10; seq 21 30; } >"$TMP/numbers"
expect "in order, and once" "" "$(same_records $target "$TMP/numbers")"
