#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: what an overwriting ring loses is published as lost, and import begins
# where --from says.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

plan_bridge 9 nats-server
start_nats -js
mmapshare ring create -o $ring 4K
mmapshare ring create $target 64K
seq 10 | mmapshare ring put $ring
expect "export" "3 0 0" "$(exported $ring $NATS/numbers)"
seq 11 2000 | mmapshare ring put $ring
expect "export with losses" "3 0 1" "$(exported $ring $NATS/numbers)"
lost=$(sed -n 's/.*: \([0-9]*\) records lost before they were exported$/\1/p' "$TMP/err")
expect "import" "3 0 1" "$(imported $NATS/numbers $target)"
expect "as many are lost" "$lost" \
	"$(sed -n 's/.*: \([0-9]*\) records lost before they were imported$/\1/p' "$TMP/err")"
{ seq 10; seq $((11 + lost)) 2000; } >"$TMP/numbers"
expect "all others are there" "" "$(same_records $target "$TMP/numbers")"
expect "they count as dropped" "$lost" "$(mmapshare ring stat $target | sed -n 's/^dropped  *//p')"

mmapshare destroy $target
mmapshare ring create $target 64K
imported $NATS/numbers $target -f 1995 >"$TMP/outcome"
expect "from a sequence number on" "1996 1997 1998 1999 2000" \
	"$(mmapshare ring read $target | tr '\n' ' ' | sed 's/ $//')"
mmapshare destroy $target
mmapshare ring create $target 64K
imported $NATS/numbers $target -f new >"$TMP/outcome"
seq 2001 2003 | mmapshare ring put $ring
exported $ring $NATS/numbers >"$TMP/outcome"
imported $NATS/numbers $target >"$TMP/outcome"
expect "only new ones" "2001 2002 2003" \
	"$(mmapshare ring read $target | tr '\n' ' ' | sed 's/ $//')"
expect "another stream for this ring" "1 0 1" "$(imported $NATS/others $target)"
