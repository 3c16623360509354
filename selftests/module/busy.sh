#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloading fails while the device is open or mapped, and a failed attempt does
# not affect the device's users. After the last user it succeeds.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

tmp=$(mktemp -d)

# hold open|map: start a process that keeps the device open, or only mapped
hold()
{
	mkfifo "$tmp/in" "$tmp/out"
	"$TOOL" "$1" $NODE <"$tmp/in" >"$tmp/out" &
	holder=$!
	exec 3>"$tmp/in"
	read -r answer <"$tmp/out"
	[ "$answer" = ready ] || echo "# module_tool $1 failed"
}

# release [kill]: let the process exit, or kill it
release()
{
	[ "$1" = kill ] && kill -9 $holder
	exec 3>&-
	wait $holder 2>/dev/null
	rm "$tmp/in" "$tmp/out"
}

plan 12
for strategy in $STRATEGIES; do
	for use in open map; do
		got=$(load size=64K strategy="$strategy")
		hold $use
		got="$got $(unload) $(wc -c <$NODE | tr -d ' ')"
		release $use
		expect "$strategy: not unloaded while in use by $use" \
			"0 EAGAIN 65536 0" "$got $(unload)"
	done
	got=$(load size=64K strategy="$strategy")
	hold map
	got="$got $(unload)"
	release kill
	expect "$strategy: unloaded after the holder was killed" \
		"0 EAGAIN 0" "$got $(unload)"
done
rmdir "$tmp"
