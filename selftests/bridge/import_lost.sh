#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: if the server has lost messages that were imported, and has others by
# their numbers, import says so; it continues with the record that the user names.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 6 nats-server
start_nats -js
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
seq 100 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
stop_server
cp -r "$TMP/jetstream" "$TMP/saved"
start_nats -js
seq 101 150 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
expect "import all" "3 0 0" "$(imported $NATS/numbers $target -s "$TMP/state")"
stop_server
rm -r "$TMP/jetstream"
mv "$TMP/saved" "$TMP/jetstream"
start_nats -js
seq 151 250 | mmapshare ring put $ring
expect "export says what the server has lost" "3 0 1" "$(exported $ring $NATS/numbers)"
expect "import is an error" "1 0 1" "$(imported $NATS/numbers $target -s "$TMP/state")"
expect "that says what to do" "" "$(said "mmapshare bridge import: 127.0.0.1:$NATS_PORT, \
stream 'numbers': the server has another one instead of message 2, up to which it was imported; ")"
rm "$TMP/state"
imported $NATS/numbers $target -s "$TMP/state" -f 150 >"$TMP/outcome"
seq 250 >"$TMP/numbers"
expect "all records, in order, and once" "" "$(same_records $target "$TMP/numbers")"
stop_server
rm -r "$TMP/jetstream"
start_nats -js
exported $ring $NATS/numbers >"$TMP/outcome"
expect "a stream that was created again" "1 0 1" \
	"$(imported $NATS/numbers $target -s "$TMP/state")"
