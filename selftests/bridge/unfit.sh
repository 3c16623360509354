#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a stream that does not keep messages until they are imported is
# refused.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# unfit TITLE SETTING TEXT: expect that a stream with SETTING is refused with TEXT
unfit()
{
	nats_request "\$JS.API.STREAM.CREATE.numbers" \
		"{\"name\": \"numbers\", \"subjects\": [\"numbers\"], $2}" >"$TMP/outcome"
	expect "$1" "1 0 1" "$(exported $ring $NATS/numbers)$(said "mmapshare bridge export: \
127.0.0.1:$NATS_PORT, stream 'numbers': $3")"
	nats_request "\$JS.API.STREAM.DELETE.numbers" '' >"$TMP/outcome"
}

plan_bridge 3 nats-server
start_nats -js
mmapshare ring create $ring 64K
seq 10 | mmapshare ring put $ring
unfit "in memory" '"storage": "memory"' "is stored in memory"
unfit "retained by interest" '"retention": "interest"' "its retention policy "
unfit "a work queue" '"retention": "workqueue"' "its retention policy "
