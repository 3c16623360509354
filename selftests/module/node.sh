#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device node: type, owner, mode, device number. A second node with the same
# device number opens the same region.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

second_node=/dev/mmapshare-module-test

plan 8
load size=1M >/dev/null

expect "type" "character special file" "$(stat -c %F $NODE)"
expect "mode and owner" "660 0:0" "$(stat -c '%a %u:%g' $NODE)"

minor=$(awk '$2 == "mmapshare" { print $1 }' /proc/misc)
expect "device number of a misc device" "10:$minor" \
	"$(printf '%d:%d' "0x$(stat -c %t $NODE)" "0x$(stat -c %T $NODE)")"
expect "device number in sysfs" "10:$minor" \
	"$(cat /sys/class/misc/mmapshare/dev)"

mknod $second_node c 10 "$minor"
printf abc | dd of=$second_node bs=1 seek=5000 conv=notrunc 2>/dev/null
expect "second node: written there, read here" abc \
	"$(dd if=$NODE bs=1 skip=5000 count=3 2>/dev/null)"
expect "second node: written there, mapped here" abc "$("$TOOL" peek $NODE 5000 3)"
"$TOOL" poke $NODE $((3 * PAGE)) xyz
expect "second node: stored here, mapped there" xyz \
	"$("$TOOL" peek $second_node $((3 * PAGE)) 3)"

exec 3<$second_node
expect "second node: open prevents unloading" EAGAIN "$(unload)"
exec 3<&-
rm $second_node
