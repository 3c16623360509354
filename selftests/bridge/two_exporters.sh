#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: two bridges that export one ring by different cursors do not publish a
# record twice: one ends with an error.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# waits: does the bridge wait for the server?
waits()
{
	[ -e "$TMP/export.err" ] && grep -q 'trying again$' "$TMP/export.err"
}

plan_bridge 5 nats-server
start_nats -js
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
expect "first bridge" "3 0 0" "$(exported $ring -c first $NATS/numbers)"
start_export -m "$TMP/metrics" -c second $NATS/numbers
until_true connected
stop_server
# the second one has them in a message that it cannot send
seq 5 | mmapshare ring put $ring
until_true waits
kill -STOP $export
seq 6 10 | mmapshare ring put $ring
start_nats -js
expect "the first publishes more" "3 0 0" "$(exported $ring -c first $NATS/numbers)"
seq 11 15 | mmapshare ring put $ring
kill -CONT $export
wait $export
expect "the second ends" 1 $?
expect "it says why" 1 "$(grep -c 'last message ends before record 10, expected [1-5]$' \
	"$TMP/export.err")"
exported $ring -c first $NATS/numbers >"$TMP/outcome"
imported $NATS/numbers $target -s "$TMP/state" >"$TMP/outcome"
seq 15 >"$TMP/numbers"
expect "each record once" "" "$(same_records $target "$TMP/numbers")"
