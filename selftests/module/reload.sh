#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading many times leaves nothing behind: no file, no node, no
# memory.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

ROUNDS=3
# An odd size, which nobody else has in vmalloc space: with its guard page.
SIZE=$((769 * PAGE))
VMALLOC=$((770 * PAGE))
# A region that is not given back makes 9 MiB in the end. Processes and caches
# come and go by some 100 KiB meanwhile; shmem is used by hardly anybody else.
SLACK_KIB=2048
SLACK_PAGES=64
# KASAN holds back what is freed: up to a 32nd of memory
! grep -q ' __asan_load8$' /proc/kallsyms || SLACK_KIB=8192

# KiB, with the pages on the lists of each CPU, which do not count as free
available()
{
	awk -v page=$((PAGE / 1024)) '/^MemAvailable/ { n += $2 }
	     /^ +count:/ { n += page * $2 }
	     END { print n }' /proc/meminfo /proc/zoneinfo
}

shmem()
{
	cat /proc/sys/vm/stat_refresh
	awk '/^nr_shmem |^nr_unevictable / { n += $2 } END { print n }' /proc/vmstat
}

vmallocs()
{
	awk -v size=$VMALLOC '$2 == size' /proc/vmallocinfo | grep -c .
}

# Look at the parameters all the time.
looker()
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
looker &
looker=$!
for strategy in $STRATEGIES; do
	load size=$SIZE strategy="$strategy" >/dev/null
	expect "$strategy: a vmalloc area of this size" 1 "$(vmallocs)"
	unload >/dev/null

	before=$(available) before_shmem=$(shmem) i=0 problems=''
	while [ $((i += 1)) -le $ROUNDS ]; do
		problems=$problems$(round "$strategy")
	done
	# the parameters are the same in all strategies
	kill $looker 2>/dev/null

	lost=$((before - $(available)))
	lost_shmem=$(($(shmem) - before_shmem))

	expect "$strategy: every one of $ROUNDS rounds succeeded" "" "$problems"
	expect "$strategy: no files, no vmalloc area left" "0" \
		"$(leftovers)$(vmallocs)"
	expect "$strategy: memory is back" 0 \
		$((lost > SLACK_KIB || lost_shmem > SLACK_PAGES))
	echo "# $strategy: lost $lost KiB of MemAvailable, $lost_shmem pages of shmem"
done
