#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: records reach a stream of NATS, and from there another ring, in
# order, once, and with their types.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 8 nats-server
start_nats -js
pass_records $NATS/numbers
