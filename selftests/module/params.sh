#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters: with an invalid one, loading fails with an errno and a line
# in the kernel log, and leaves nothing behind; valid ones appear in sysfs.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

LARGEST=$((0x7fffffffffffffff - PAGE))
ram=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)

# refused ERRNO PARAMETER...: loading fails with ERRNO
refused()
{
	want=$1
	shift
	got=$(try_load "$@")
	expect "$* is refused" "$want, 1 line of level 3" "$got"
	case $got in 0,*) unload >/dev/null ;; esac
}

# accepted SIZE STRATEGY EXEC PARAMETER...: loading with PARAMETER... succeeds,
# and sysfs shows the first three values
accepted()
{
	want="0, 1 line of level 6: $1 $2 $3, $1 bytes"
	shift 3
	got=$(try_load "$@")
	got="$got: $(parameter size) $(parameter strategy) $(parameter exec)"
	got="$got, $(wc -c <$NODE) bytes"
	expect "${*:-no parameter} is accepted" "$want" "$got"
	unload >/dev/null
}

plan 54

for size in '' 0 0K -1 abc K 1X 8E 1MM 1KB 1.5M ' ' 0x 1M1 \
	    99999999999999999999999999999M; do
	refused EINVAL "size=\"$size\""
done
refused EINVAL size
# sizes of 1 TiB or more, after rounding up to pages
for size in 99999999999999999999 18446744073709551615 18014398509481984K \
	    16777216T 8388608T $((LARGEST + 1)) $LARGEST 8T 1T 1024G \
	    $(((1 << 40) - PAGE + 1)); do
	refused ERANGE size="$size"
done
# more than the machine's memory, with each strategy
for strategy in $STRATEGIES; do
	refused ENOMEM size=$((2 * ram))K strategy="$strategy"
done
refused ENOMEM size=$(((1 << 40) - PAGE))

for strategy in '' bogus Fault faul fault2; do
	refused EINVAL "strategy=$strategy"
done
refused EINVAL exec=2
refused EINVAL size=abc strategy=bogus
expect "nothing left after the failures" "" "$(leftovers)"

accepted 1048576 fault N
accepted "$PAGE" fault N size=1
accepted "$PAGE" fault N size=$((PAGE - 1))
accepted "$PAGE" fault N size="$PAGE"
accepted $((2 * PAGE)) fault N size=$((PAGE + 1))
accepted "$PAGE" fault N size=1K
accepted 65536 fault N size=64k
accepted 1048576 fault N size=0x100000
accepted $((1048576 + PAGE)) fault N size=0x100001
for strategy in $STRATEGIES; do
	accepted 3145728 "$strategy" N size=3m strategy="$strategy"
done
accepted 1048576 fault Y exec=1
