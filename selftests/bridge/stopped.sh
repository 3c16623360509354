#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a signal ends export while the server reads nothing, and its socket is
# full.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 2 nats-server
start_nats -js
mmapshare ring create $ring 64M
start_export -m "$TMP/metrics" -b 1M $NATS/numbers
until_true connected
kill -STOP "$server"
head -c 30000000 /dev/zero | tr '\0' x | fold -w 60000 | mmapshare ring put $ring
kill -TERM $export
until_true has_ended $export
expect "it has ended" 0 "$(status has_ended $export)"
kill -KILL $export 2>/dev/null
wait $export
expect "by the signal" 0 $?
