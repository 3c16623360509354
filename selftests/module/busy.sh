#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module cannot be unloaded while the device is open or mapped, works on
# after an attempt, and can be unloaded afterwards.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

tmp=$(mktemp -d)

# Start a process that holds the device: open, or only mapped.
start()
{
	mkfifo "$tmp/in" "$tmp/out"
	"$TOOL" "$1" $NODE <"$tmp/in" >"$tmp/out" &
	holder=$!
	exec 3>"$tmp/in"
	read -r answer <"$tmp/out"
	[ "$answer" = ready ] || echo "# module_tool $1 failed"
}

# Let it end by itself, or kill it.
stop()
{
	[ "$1" = kill ] && kill -9 $holder
	exec 3>&-
	wait $holder 2>/dev/null
	rm "$tmp/in" "$tmp/out"
}

plan 12
for strategy in $STRATEGIES; do
	for how in open map; do
		got=$(load size=64K strategy="$strategy")
		start $how
		got="$got $(unload) $(wc -c <$NODE | tr -d ' ')"
		stop $how
		expect "$strategy: not unloaded while held by $how" \
			"0 EAGAIN 65536 0" "$got $(unload)"
	done
	got=$(load size=64K strategy="$strategy")
	start map
	got="$got $(unload)"
	stop kill
	expect "$strategy: unloaded after the holder was killed" \
		"0 EAGAIN 0" "$got $(unload)"
done
rmdir "$tmp"
