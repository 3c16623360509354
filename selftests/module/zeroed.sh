#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A new region contains only zeroes, even if its pages had other bytes before.
# (With init_on_alloc=1 the kernel zeroes all allocations: the test then detects
# nothing.)

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

SIZE=$((2 * 1024 * 1024 + 3 * PAGE))
dir=$(mktemp -d)
head -c $SIZE /dev/zero >"$dir/clean"
tr '\0' '\245' <"$dir/clean" >"$dir/dirty"

# compare clean|dirty: print the first byte that differs
compare()
{
	cmp "$dir/$1" $NODE 2>&1
}

plan 12
for strategy in $STRATEGIES; do
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: zero when new" "" "$(compare clean)"
	cat "$dir/dirty" >$NODE
	expect "$strategy: holds the bytes written" "" "$(compare dirty)"
	# fill more pages with nonzero bytes, so that the next region gets such
	# pages
	cat "$dir/dirty" "$dir/dirty" "$dir/dirty" >"$dir/more"
	unload >/dev/null
	rm "$dir/more"
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: zero after a reload" "" "$(compare clean)"
	unload >/dev/null
done
rm -r "$dir"
