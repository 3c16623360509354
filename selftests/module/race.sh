#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Load and unload the module in a loop while processes open and map the device:
# open() succeeds or finds no device; unloading succeeds or fails with EAGAIN;
# nothing is left behind.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

ROUNDS=${MODULE_RACE_ROUNDS:-4}
PAGES="0 5 15"	# one process for each of these pages
tmp=$(mktemp -d)

race()
{
	for page in $PAGES; do
		"$TOOL" open-loop $NODE "$page" >"$tmp/$page" &
		eval "pid$page=$!"
	done
	"$TOOL" reload-loop "$ROUNDS" "$MMAPSHARE_KO" size=64K strategy="$1" >"$tmp/reload"
	reload_status=$? open_status=''
	for page in $PAGES; do
		eval "kill \$pid$page; wait \$pid$page"
		open_status="$open_status$? "
	done
	echo "# $1: $(cat "$tmp/reload")"
	sed "s/^/# $1: /" "$tmp"/[0-9]*
}

plan 12
for strategy in $STRATEGIES; do
	race "$strategy"
	expect "$strategy: loads and unloads" 0 "$reload_status"
	expect "$strategy: opens succeed or find no device" "0 0 0 " \
		"$open_status"
	expect "$strategy: nothing left" "" "$(leftovers)"
done
rm -r "$tmp"
