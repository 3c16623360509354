#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: producer, bridges and the server, Redis, are killed again and again:
# each record arrives once, in order.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	stop_server
	# shellcheck disable=SC2086	# some may be empty
	kill -KILL $producer $export $import $checker 2>/dev/null
	mmapshare destroy -r $ring $target 2>/dev/null
}

# shellcheck disable=SC2317	# called by kill_all()
start_server()
{
	start_redis --appendonly yes
}

producer='' export='' import='' checker=''
plan_bridge 4 redis-server
start_server
kill_all $REDIS/numbers
