#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The example events: each system call of a program, each task switch of each CPU;
# the filter; exact losses; rmmod while events come.

# shellcheck source=port_lib.sh
. "$(dirname "$0")/port_lib.sh"

SWITCHES=4 CALLS=3	# for the parameter types
reader='' load=''

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	stop_load
	[ -z "$reader" ] || kill -KILL "$reader" 2>/dev/null
	wait 2>/dev/null
	[ ! -d /sys/module/mmapshare_events ] || on_one_cpu rmmod mmapshare_events
}

# load_events PARAMETER...
load_events()
{
	on_one_cpu insmod "$(port_path events)" "$@"
}

# start_reader OPTION...: wait until it has attached
start_reader()
{
	"$EXAMPLES/events" "$@" >"$TMP/events" 2>"$TMP/summary" &
	reader=$!
	until_true attached events
}

# Two processes per processor that make calls and switch, until they are killed
start_load()
{
	python3 -IS -c '
import os
a, b = os.pipe(), os.pipe()
for _ in range(2 * (os.cpu_count() or 1) - 1):
    if os.fork() == 0:
        break
while True:
    os.write(a[1], b"x")
    os.read(a[0], 1)
    os.sched_yield()
' &
	load=$!
}

stop_load()
{
	[ -z "$load" ] || { pkill -KILL -P "$load"; kill -KILL "$load"; } 2>/dev/null
	[ -z "$load" ] || wait "$load" 2>/dev/null
	load=''
}

# stop_reader: set $ended to its status
stop_reader()
{
	kill -TERM "$reader"
	wait "$reader"
	ended=$?
	reader=''
}

# run_calls N: make N system calls with known arguments, and print the caller's ID
run_calls()
{
	python3 -IS -c '
import os, sys
for i in range(int(sys.argv[1])):
    try:
        os.setpriority(42, 7, i)
    except OSError:
        pass
print(os.getpid())' "$1"
}

# Have two processes wake each other, so often that all switches fit into a ring.
run_switches()
{
	python3 -IS -c '
import os
a, b = os.pipe(), os.pipe()
child = os.fork()
for _ in range(1000):
    if child:
        os.write(a[1], b"x")
        os.read(b[0], 1)
    else:
        os.read(a[0], 1)
        os.write(b[1], b"x")
if child:
    os.wait()'
}

# count_calls TID: how many sys_enter and sys_exit are there of the calls, in order?
count_calls()
{
	awk -v tid="$1" '
		$5 != tid { next }
		$3 == "sys_enter" && $7 == "0x2a" && $8 == "0x7" && $9 == sprintf("%#x", n) {
			n++; nr = $6; open = 1 }
		$3 == "sys_exit" && open && $6 == nr && $7 == -22 { left++; open = 0 }
		END { print n, left }' "$TMP/events"
}

# broken_switches: how often does a CPU switch from another task than it has last
# switched to?
broken_switches()
{
	awk '$3 == "sched_switch" {
			n++
			bad += ($2 in last) && last[$2] != $4
			last[$2] = $5
		}
		END { print bad + 0; if (n < 100) print n, "switches" }' "$TMP/events"
}

# Print what the driver has seen and the reader has neither got nor lost.
balance()
{
	read -r taken _ lost _ <"$TMP/summary"
	echo "$((seen - taken - lost))"
}

plan_port events 11

expect "load" 0 "$(status load_events types=$CALLS)"
start_reader -t $CALLS
tid=$(run_calls 500)
port_parameter events types 0
until_true settled events
stop_reader
expect "the reader ends" 0 "$ended"
expect "nothing is lost" 0 "$(sed 's/.* events, \(.*\) lost/\1/' "$TMP/summary")"
expect "each call of a program, with arguments and result" "500 500" "$(count_calls "$tid")"
expect "no switch among them" 0 "$(grep -c sched_switch "$TMP/events")"
expect "all that was seen was read" 0 "$(balance)"

before=$seen
start_reader
port_parameter events types $SWITCHES
run_switches
port_parameter events types 0
until_true settled events
stop_reader
expect "no call among the switches" 0 "$(grep -c sys_ "$TMP/events")"
expect "each switch of each CPU" 0 "$(broken_switches)"
seen=$((seen - before))
expect "all that was seen was read" 0 "$(balance)"

# a reader that is stopped while the rings are filled
on_one_cpu rmmod mmapshare_events
load_events size=65536 types=0
start_reader -q
kill -STOP "$reader"
port_parameter events types 7
start_load
until_true dropped events
port_parameter events types 0
stop_load
kill -CONT "$reader"
until_true settled events
# a reader learns of the last losses in a ring from the record that follows
port_parameter events types 1
on_each_cpu "os.getppid()"
port_parameter events types 0
until_true settled events
stop_reader
expect "losses are exact" 0 "$(balance)"

# unload while all CPUs publish
port_parameter events types 7
start_load
failed=''
for i in 1 2 3 4 5; do
	start_reader -q
	on_one_cpu rmmod mmapshare_events || failed="$failed rmmod $i"
	wait "$reader" || failed="$failed reader $i"
	reader=''
	load_events size=65536
done
stop_load
expect "rmmod while events come; the reader finds the end" "" "$failed"
