#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: records reach a stream of NATS, and from there another ring, in
# order, once, and with their types.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	stop_server
	mmapshare destroy $ring $target 2>/dev/null
}

plan_bridge 8 nats-server
start_nats -js
pass_records $NATS/numbers
