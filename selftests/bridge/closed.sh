#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: export survives that Redis has closed an idle connection.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called by until_true
is_closed()
{
	! redis_command CLIENT LIST | grep -q 'cmd=[^c]'
}

plan_bridge 2 redis-server
start_redis --appendonly yes --timeout 1
mmapshare ring create $ring 32M
start_export -m "$TMP/metrics" $REDIS/numbers
until_true connected
until_true is_closed
# more than the socket's buffer at once
kill -STOP $export
head -c 12000000 /dev/zero | tr '\0' x | fold -w 60000 | mmapshare ring put $ring
kill -CONT $export
until_true stored 200
expect "all are stored" 0 "$(status stored 200)"
kill -TERM $export
wait $export
expect "it ends by a signal" 0 $?
