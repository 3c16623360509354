#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: an empty message in the stream is an error that says so.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# empty TITLE URL PORT: expect that import, and export, say that message 2 is empty
empty()
{
	text="127.0.0.1:$3, stream 'numbers': message 2 is empty"
	expect "$1: import" "1 0 1" "$(imported "$2/numbers" $target -f first \
		-s "$TMP/$1")$(said "mmapshare bridge import: $text")"
	expect "$1: export" "1 0 1" \
		"$(exported $ring "$2/numbers")$(said "mmapshare bridge export: $text")"
}

plan_bridge 4 nats-server
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
seq 10 | mmapshare ring put $ring
start_nats -js
exported $ring $NATS/numbers >"$TMP/outcome"
nats_request numbers '' >"$TMP/outcome"
empty NATS $NATS $NATS_PORT
stop_server
start_redis --appendonly yes
seq 10 | mmapshare ring put $ring
exported $ring $REDIS/numbers >"$TMP/outcome"
redis_command XADD numbers 2-0 id x data '' >"$TMP/outcome"
empty Redis $REDIS $REDIS_PORT
