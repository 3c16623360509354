#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: while Redis has no memory for messages, export waits, and says so.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 2 redis-server
start_redis --appendonly yes --maxmemory 1
mmapshare ring create $ring 64K
seq 10 | mmapshare ring put $ring
start_export -m "$TMP/metrics" $REDIS/numbers
until_line 'OOM .*; trying again$' "$TMP/export.err"
expect "it says so" 1 "$(grep -c 'OOM .*; trying again$' "$TMP/export.err")"
redis_command CONFIG SET maxmemory 0 >"$TMP/outcome"
until_true stored 10
expect "it goes on" 0 "$(status stored 10)"
