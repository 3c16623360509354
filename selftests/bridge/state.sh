#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: import finds its state file by the name and by each path of a ring, and
# does not begin again without it.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 6 nats-server
start_nats -js
mmapshare ring create $ring 64K
mmapshare ring create $target 64K
ln -s "/dev/mmapshare-$target" "$TMP/link"
export XDG_RUNTIME_DIR="$TMP" RUNTIME_DIRECTORY="$TMP"
seq 10 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
expect "by name" "3 0 0" "$(imported $NATS/numbers $target)"
expect "by the path of the node" "3 0 0" "$(imported $NATS/numbers "/dev/mmapshare-$target")"
expect "by a link" "3 0 0" "$(imported $NATS/numbers "$TMP/link")"
seq 10 >"$TMP/numbers"
expect "each record once" "" "$(same_records $target "$TMP/numbers")"
rm -r "$TMP/mmapshare-bridge"
expect "without state" "1 0 1" "$(imported $NATS/numbers $target)"
expect "it says so" "" "$(said "mmapshare bridge import: '$target': the ring has records ")"
