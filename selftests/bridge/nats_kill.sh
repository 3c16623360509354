#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: producer, bridges and the server, NATS, are killed again and again:
# each record arrives once, in order.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

kill_all nats-server $NATS/numbers start_nats -js
