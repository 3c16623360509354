#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A region of more than 4 GiB: its size and every offset in it are whole, for
# read, write, and mmap.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

SIZE=$((5 << 30))
PAGES=$((SIZE / PAGE))
BEYOND=$(((4 << 30) / PAGE + 3))	# in pages
CUT_OFF=3

free=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
[ "$free" -gt $(((SIZE >> 10) + 600000)) ] ||
	skip_all "needs 5.6 GiB of free memory"

peek_page()
{
	"$TOOL" peek $NODE $(($1 * PAGE)) 4
}

poke_page()
{
	"$TOOL" poke $NODE $(($1 * PAGE)) "$2"
}

read_page()
{
	dd if=$NODE bs="$PAGE" skip="$1" count=1 2>/dev/null
}

plan 24
for strategy in $STRATEGIES; do
	got="$(load size=5G strategy="$strategy") $(parameter size)"
	expect "$strategy: 5 GiB are shown" "0 $SIZE" "$got"
	[ "$got" = "0 $SIZE" ] || exit 1

	poke_page $CUT_OFF near
	printf 'far.' | dd of=$NODE bs="$PAGE" seek=$BEYOND conv=notrunc 2>/dev/null
	expect "$strategy: write and mmap agree" far. "$(peek_page $BEYOND)"
	expect "$strategy: nothing is cut off on write" near \
		"$(peek_page $CUT_OFF)"
	poke_page $BEYOND away
	expect "$strategy: mmap and read agree" away \
		"$(read_page $BEYOND | head -c 4)"
	expect "$strategy: nothing is cut off on mmap" near \
		"$(peek_page $CUT_OFF)"

	"$TOOL" poke $NODE $((SIZE - 3)) end
	expect "$strategy: ends where it should" "end 0 0" \
		"$(read_page $((PAGES - 1)) | tail -c 3) $(read_page $PAGES |
		   wc -c) $(unload)"
done
