#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading destroys named regions that are not in use. An open region prevents
# unloading.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

nodes()
{
	for f in "$NODE"-*; do
		[ ! -e "$f" ] || echo "${f#"$NODE"-}"
	done
}

plan 5
got=$(load size=64K)
for name in one two three; do
	got="$got $("$TOOL" create $NODE $name)"
done
expect "three regions" "0 0 0 0" "$got"
expect "their nodes" "one three two" "$(nodes | tr '\n' ' ' | sed 's/ $//')"

exec 3<"$NODE-two"
expect "not unloaded while a region is open" EAGAIN "$(unload)"
exec 3<&-
expect "unloaded, no node left" 0 "$(unload)$(nodes)"

got=$(load size=64K)
expect "names are free after a reload" "0 0 0" \
	"$got $("$TOOL" create $NODE two) $(unload)$(leftovers)"
