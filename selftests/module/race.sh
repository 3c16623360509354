#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading in a loop, while others open the device and map it: an
# open finds the device or does not, an unload succeeds or finds the module in
# use, and nothing is left behind.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

ROUNDS=${MODULE_RACE_ROUNDS:-4}
HAMMERS="0 5 15"
tmp=$(mktemp -d)

race()
{
	for page in $HAMMERS; do
		"$TOOL" hammer $NODE "$page" >"$tmp/$page" &
		eval "pid$page=$!"
	done
	"$TOOL" churn "$ROUNDS" "$MMAPSHARE_KO" size=64K strategy="$1" >"$tmp/churn"
	churned=$? hammered=''
	for page in $HAMMERS; do
		eval "kill \$pid$page; wait \$pid$page"
		hammered="$hammered$? "
	done
	echo "# $1: $(cat "$tmp/churn")"
	sed "s/^/# $1: /" "$tmp"/[0-9]*
}

plan 12
for strategy in $STRATEGIES; do
	race "$strategy"
	expect "$strategy: loads, and unloads when not in use" 0 "$churned"
	expect "$strategy: an open finds the device or does not" "0 0 0 " \
		"$hammered"
	expect "$strategy: nothing left" "" "$(leftovers)"
done
rm -r "$tmp"
