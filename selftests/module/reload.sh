#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Repeated loading and unloading leaks no file, node or memory.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

ROUNDS=3
# A size by which the region's vmalloc area is recognized, because no other area
# has it. VMALLOC is the size with the guard page.
SIZE=$((769 * PAGE))
VMALLOC=$((770 * PAGE))
# Tolerances: a leak of each region would sum up to 9 MiB; processes and caches
# vary by some 100 KiB, unevictable pages hardly at all.
SLACK_KIB=2048
SLACK_PAGES=64
# KASAN's quarantine delays frees, up to 1/32 of memory
! grep -q ' __asan_load8$' /proc/kallsyms || SLACK_KIB=8192

# available: print the KiB available, with the pages on per-CPU lists, which
# MemAvailable does not include
available()
{
	awk -v page=$((PAGE / 1024)) '/^MemAvailable/ { n += $2 }
	     /^ +count:/ { n += page * $2 }
	     END { print n }' /proc/meminfo /proc/zoneinfo
}

unevictable()
{
	cat /proc/sys/vm/stat_refresh
	awk '/^nr_unevictable / { n += $2 } END { print n }' /proc/vmstat
}

count_vmallocs()
{
	awk -v size=$VMALLOC '$2 == size' /proc/vmallocinfo | grep -c .
}

# Read the parameters in a loop, also while the module is loaded and unloaded.
read_parameters()
{
	while kill -0 $$; do
		for p in "$PARAMETERS"/*; do
			read -r _ <"$p"
		done
	done 2>/dev/null
}

round()
{
	got=$(load size=$SIZE strategy="$1")
	echo x >$NODE
	"$TOOL" poke $NODE $((SIZE - PAGE)) y
	got="$got $(unload)"
	[ "$got" = "0 0" ] || echo "$got"
}

plan 16
read_parameters &
reader=$!
for strategy in $STRATEGIES; do
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: a vmalloc area of this size" 1 "$(count_vmallocs)"
	unload >/dev/null

	before=$(available) before_unevictable=$(unevictable) i=0 problems=''
	while [ $((i += 1)) -le $ROUNDS ]; do
		problems=$problems$(round "$strategy")
	done
	# one strategy is enough for the reader: parameters do not depend on it
	kill $reader 2>/dev/null

	leaked=$((before - $(available)))
	leaked_unevictable=$(($(unevictable) - before_unevictable))

	expect "$strategy: all $ROUNDS rounds succeeded" "" "$problems"
	expect "$strategy: no files, no vmalloc area left" "0" \
		"$(leftovers)$(count_vmallocs)"
	expect "$strategy: memory is freed" 0 \
		$((leaked > SLACK_KIB || leaked_unevictable > SLACK_PAGES))
	echo "# $strategy: MemAvailable fell by $leaked KiB," \
	     "$leaked_unevictable more pages are unevictable"
done
