#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: records reach a stream of Redis, and from there another ring, in
# order, once, and with their types; a server that stores nothing is refused.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 10 redis-server
start_redis
mmapshare ring create $ring 64K
expect "without appendonly" "1 0 1" "$(exported $ring $REDIS/numbers)"
expect "is refused" "" "$(said "mmapshare bridge export: 127.0.0.1:$REDIS_PORT, stream 'numbers': \
appendonly is off: a crash would lose records")"
mmapshare destroy $ring
stop_server
start_redis --appendonly yes
pass_records $REDIS/numbers
