#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a user that may only read a lossless ring, and so would lose records, may
# not export it.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# as_user COMMAND...
as_user()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

plan_bridge 3 nats-server
as_user true 2>/dev/null || skip_all "needs setpriv, and root"
start_nats -js
mmapshare ring create -m 644 $ring 64K
seq 10 | mmapshare ring put $ring
expect "export as another user" "1 0 1" \
	"$(outcome as_user mmapshare bridge export -t 0 $ring $NATS/numbers)"
expect "it says why" "" "$(said "mmapshare bridge export: '$ring': this user ")"
mmapshare destroy $ring
mmapshare ring create -m 644 -H $ring 64K
seq 10 | mmapshare ring put $ring
expect "unless readers hold back the producer" "3 0 0" \
	"$(outcome as_user mmapshare bridge export -t 0 $ring $NATS/numbers)"
