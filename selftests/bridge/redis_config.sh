#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a Redis server without the command CONFIG is accepted, although its
# setting "appendonly" is then unknown.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 1 redis-server
start_redis --appendonly yes --rename-command CONFIG ''
mmapshare ring create $ring 64K
seq 10 | mmapshare ring put $ring
expect "export" "3 0 0" "$(exported $ring $REDIS/numbers)"
