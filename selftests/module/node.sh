#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device node: what it is, and that another node of the same number is the
# same region.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

other=/dev/mmapshare-module-test

plan 8
load size=1M >/dev/null

expect "is a character device" "character special file" "$(stat -c %F $NODE)"
expect "belongs to root, not for others" "660 0:0" "$(stat -c '%a %u:%g' $NODE)"

minor=$(awk '$2 == "mmapshare" { print $1 }' /proc/misc)
expect "has the number of a misc device" "10:$minor" \
	"$(printf '%d:%d' "0x$(stat -c %t $NODE)" "0x$(stat -c %T $NODE)")"
expect "has that number in sysfs" "10:$minor" \
	"$(cat /sys/class/misc/mmapshare/dev)"

mknod $other c 10 "$minor"
printf abc | dd of=$other bs=1 seek=5000 conv=notrunc 2>/dev/null
expect "another node: write there, read here" abc \
	"$(dd if=$NODE bs=1 skip=5000 count=3 2>/dev/null)"
expect "another node: write there, map here" abc "$("$TOOL" peek $NODE 5000 3)"
"$TOOL" poke $NODE $((3 * PAGE)) xyz
expect "another node: store here, map there" xyz \
	"$("$TOOL" peek $other $((3 * PAGE)) 3)"

exec 3<$other
expect "another node: counts as use" EAGAIN "$(unload)"
exec 3<&-
rm $other
