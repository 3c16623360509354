#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: export ends with an error if a server has lost messages that it
# acknowledged, also if it lost all of them.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# lost TITLE: expect that export ends, and says why
lost()
{
	seq 11 20 | mmapshare ring put $ring
	wait "$export"
	expect "$1" 1 $?
	cp "$TMP/export.err" "$TMP/err"
	sed -i '/trying again$/d; /: continued$/d' "$TMP/err"
	expect "it says why" "" "$(said "mmapshare bridge export: 127.0.0.1:$port, \
stream 'numbers': last message is 0, but the server has acknowledged ")"
	export=
}

# store URL: export 10 records in the background
store()
{
	mmapshare ring create $ring 64K
	start_export -m "$TMP/metrics" "$1/numbers"
	seq 10 | mmapshare ring put $ring
	until_true stored 10
}

plan_bridge 4 nats-server
port=$NATS_PORT
start_nats -js
store $NATS
stop_server
rm -r "$TMP/jetstream"
start_nats -js
lost "NATS with an empty directory"
stop_server
mmapshare destroy $ring

port=$REDIS_PORT
start_redis --appendonly yes
rm "$TMP/metrics"
store $REDIS
redis_command DEL numbers >"$TMP/outcome"
lost "Redis after DEL"
