#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A region of more than 4 GiB: sizes and offsets are not truncated to 32 bits in
# read, write and mmap.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

SIZE=$((5 << 30))
PAGES=$((SIZE / PAGE))
ABOVE_4G=$(((4 << 30) / PAGE + 3))	# in pages
TRUNCATED=3	# ABOVE_4G, if its offset were truncated to 32 bits

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
	expect "$strategy: size parameter shows 5 GiB" "0 $SIZE" "$got"
	[ "$got" = "0 $SIZE" ] || exit 1

	poke_page $TRUNCATED near
	printf 'far.' | dd of=$NODE bs="$PAGE" seek=$ABOVE_4G conv=notrunc 2>/dev/null
	expect "$strategy: write and mmap agree" far. "$(peek_page $ABOVE_4G)"
	expect "$strategy: offset of write not truncated" near \
		"$(peek_page $TRUNCATED)"
	poke_page $ABOVE_4G away
	expect "$strategy: mmap and read agree" away \
		"$(read_page $ABOVE_4G | head -c 4)"
	expect "$strategy: offset of mmap not truncated" near \
		"$(peek_page $TRUNCATED)"

	"$TOOL" poke $NODE $((SIZE - 3)) end
	expect "$strategy: end of the region" "end 0 0" \
		"$(read_page $((PAGES - 1)) | tail -c 3) $(read_page $PAGES |
		   wc -c) $(unload)"
done
