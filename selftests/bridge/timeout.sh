#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: --timeout counts while there is no connection, too.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 3 nats-server
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
seq 10 | mmapshare ring put $ring
expect "export without a server" 3 "$(status mmapshare bridge export -t 1 $ring $NATS/numbers)"
expect "nothing is released" 10 "$(mmapshare ring read $ring | grep -c .)"
expect "import without a server" 3 \
	"$(status mmapshare bridge import -t 1 -s "$TMP/state" $NATS/numbers $target)"
