#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a bridge that was killed before it released what is stored publishes
# these records again, if they were removed from the stream: import skips them.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 6 nats-server
start_nats -js
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
# a second cursor is where the bridge would continue
exported $ring -c killed $NATS/numbers >"$TMP/outcome"
seq 10 | mmapshare ring put $ring
exported $ring -c first $NATS/numbers >"$TMP/outcome"
expect "import" "3 0 0" "$(imported $NATS/numbers $target -s "$TMP/state")"
nats_request "\$JS.API.STREAM.PURGE.numbers" '' >"$TMP/outcome"
seq 11 20 | mmapshare ring put $ring
expect "export again" "3 0 1" "$(exported $ring -c killed $NATS/numbers)"
expect "it says so" "" "$(said "mmapshare bridge export: 127.0.0.1:$NATS_PORT, \
stream 'numbers': its last message, 1, was removed; ")"
expect "import what is new" "3 0 0" "$(imported $NATS/numbers $target -s "$TMP/state")"
seq 20 >"$TMP/numbers"
expect "in order, and once" "" "$(same_records $target "$TMP/numbers")"
expect "none is lost" 0 "$(mmapshare ring stat $target | sed -n 's/^dropped  *//p')"
