#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Pages that are still pinned after their region was freed do not prevent rmmod,
# and keep their bytes when the module is unloaded.

# shellcheck source=../module/module_lib.sh
. "$(dirname "$0")/../module/module_lib.sh"

TOOL=$(dirname "$0")/../module/module_tool

plan 1
tmp=$(mktemp -d)
mkfifo "$tmp/in" "$tmp/out"
got=$(load size=64K)
"$(dirname "$0")/pin_page" <"$tmp/in" >"$tmp/out" &
exec 3>"$tmp/in" 4<"$tmp/out"
read -r line <&4
got="$got $line $(unload)"
exec 3>&-
wait $!
expect "unloaded while a page is pinned" "0 pinned 0 0" "$got $?"
rm -r "$tmp"
