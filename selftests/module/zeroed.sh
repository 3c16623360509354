#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A region is all zero when it is new, whatever the memory held before. (On a
# kernel that zeroes everything itself, init_on_alloc=1, this cannot fail.)

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

SIZE=$((2 * 1024 * 1024 + 3 * PAGE))
dir=$(mktemp -d)
head -c $SIZE /dev/zero >"$dir/clean"
tr '\0' '\245' <"$dir/clean" >"$dir/dirty"

holds()
{
	cmp "$dir/$1" $NODE 2>&1
}

plan 12
for strategy in $STRATEGIES; do
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: zero when new" "" "$(holds clean)"
	cat "$dir/dirty" >$NODE
	expect "$strategy: not any more" "" "$(holds dirty)"
	# more of that kind, for whatever the next region is made of
	cat "$dir/dirty" "$dir/dirty" "$dir/dirty" >"$dir/more"
	unload >/dev/null
	rm "$dir/more"
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: zero when new again" "" "$(holds clean)"
	unload >/dev/null
done
rm -r "$dir"
