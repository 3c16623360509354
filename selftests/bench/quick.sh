#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare-bench runs each of its experiments and writes JSON and plots.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

# the module of the experiment "kernel", which produces records in the kernel
MODULE=$(dirname "${MMAPSHARE_KO:-.}")/driver/bench/mmapshare_bench.ko
TRACING=/sys/kernel/tracing
TRACE=$TRACING/instances/mmapshare_bench
BENCH=${MMAPSHARE_BENCH:-/src/userspace/bench/mmapshare-bench}

cleanup()
{
	rmmod mmapshare_bench 2>/dev/null
	[ ! -d "$TRACE" ] || rmdir "$TRACE"
}

# examine [REASON...]: print a line, beginning with the experiment, for each error
# in the JSON or difference from the table, and the number of results of each
# experiment. REASON: permitted reasons for experiments that do not run.
examine()
{
	python3 -IS -c '
import collections, json, sys
data = json.load(open(sys.argv[1]))
table, head = {}, None
for line in open(sys.argv[2]):
    if line.startswith("  "):
        table[head, line.split()[0]] = line.split()[1]
    elif line.strip():
        head = line.rsplit(" ", 1)[0].strip()

def quantile(values, part):
    values = sorted(values)
    i, rest = divmod(part * (len(values) - 1), 1)
    following = values[min(int(i) + 1, len(values) - 1)]
    return values[int(i)] + (following - values[int(i)]) * rest

def same(a, b):
    return abs(a - b) <= 1e-8 * abs(b)

count = collections.Counter()
for name in ("kernel", "processors", "load", "unit"):
    if not data[name]:
        print("all no", name)
for r in data["results"]:
    values = r["values"]
    count[r["experiment"]] += r["metric"] in ("time", "total")
    shown = table.get(("%(experiment)s %(what)s, %(size)d" % r, r["how"]), "-1")
    if r["metric"] in ("time", "total") and not abs(float(shown) - r["median"]) < 0.051:
        print(r["experiment"], "in the table as", shown, r)
    if len(values) != data["runs"] or min(values) < 0 or r["metric"] == "time" and not min(values):
        print(r["experiment"], "bad values:", r)
    for key, part in ("least", 0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75):
        if not same(r[key], quantile(values, part)):
            print(r["experiment"], "wrong", key, r)
reasons = ["too few processors"] + sys.argv[3:]
for r in data["impossible"]:
    count[r["experiment"]] += 1
    if r["how"] != "memfd-huge" and r["why"] not in reasons and \
       not r["why"].startswith("built without"):
        print(r["experiment"], "unknown reason:", r)
for e in count:
    print(e, count[e])
' "$TMP/json" "$TMP/out" "$@"
}

# result EXPERIMENT: print the lines of examine() and the number of plots
result()
{
	sed -n "s/^$1 //p" "$TMP/examined"
	grep -l '^plot .*' "$TMP/plots/$1"-*.gp | wc -l
}

# expect_results EXPERIMENT RESULTS PLOTS: expect that many results and plots
expect_results()
{
	expect "$1" "$(printf '%d\n' "$2" "$3")" "$(result "$1")"
}

# traced EVENT COMMAND...: run COMMAND, and print the events EVENT of the driver
# that were recorded meanwhile
traced()
{
	event=$1
	shift
	names=$(cat "$TRACING/options/record-cmd")
	# recording names of commands has made emulators fail, see trace_begin()
	# in trace_test.h
	echo 0 >"$TRACING/options/record-cmd"
	mkdir "$TRACE"
	echo 1 >"$TRACE/events/mmapshare/$event/enable"
	"$@" >"$TMP/out"
	cat "$TRACE/trace"
	rmdir "$TRACE"
	echo "$names" >"$TRACING/options/record-cmd"
}

# written HOW...: print how many records each of these contenders writes
written()
{
	for how; do
		traced mmapshare_write "$BENCH" --quick --records 1000 --only "$how" log |
			grep -c 'mmapshare_write: .* ret=512$'
	done
}

has_feed()
{
	cat /proc/[0-9]*/comm 2>/dev/null | grep -qx mms-bench
}

feed_sleeps()
{
	cat /proc/[0-9]*/stat 2>/dev/null | grep -q '(mms-bench) S'
}

producer_has_waited()
{
	grep -q 'mmapshare_ring_wait: .* producer=0 .*ret=0$' "$TRACE/trace"
}

# Stop the consumer until the ring is full and the producing kernel thread waits
# for free space. The benchmark would run for much longer than that takes.
stop_consumer()
{
	"$BENCH" --runs 1 --time 200 --size 64 --only ring kernel &
	until_true has_feed
	kill -STOP $!
	until_true feed_sleeps
	kill -CONT $!
	until_true producer_has_waited
	kill $!
	wait $!
}

waits()
{
	traced mmapshare_ring_wait stop_consumer |
		sed -n 's/.*mmapshare_ring_wait: .* \(producer\)=0 .*\(ret=0\)$/\1 \2/p' | sort -u
}

[ -x "$BENCH" ] || skip_all "no $BENCH: build it"
command -v python3 >/dev/null || skip_all "needs python3"
[ -e "$MODULE" ] || skip_all "no $MODULE: build it with CONFIG_MMAPSHARE_BENCH=m"
plan 16
insmod "$MODULE"
"$BENCH" --quick --json "$TMP/json" --plot "$TMP/plots" all >"$TMP/out" 2>"$TMP/err"
status=$?
[ $status = 0 ] || sed 's/^/# /' "$TMP/err"
expect "status" 0 $status
expect "JSON" 0 "$(status python3 -m json.tool "$TMP/json")"
grep -q ' ringbuf_map_alloc$' /proc/kallsyms || set -- "the kernel has no BPF ring buffer"
examine "$@" >"$TMP/examined" 2>&1
expect "no error for all experiments" "" "$(sed -n '/^all /p; /Error/p' "$TMP/examined")"
expect_results log 12 1
expect_results bulk 28 2
expect_results touch 12 4
expect_results random 10 2
expect_results records 10 1
expect_results readers 15 1
expect_results kernel 9 1
expect_results pingpong 6 1
expect_results contend 20 2
expect "options select methods and sizes" "map 4096 3 map 8192 3" \
	"$("$BENCH" -q -r 3 -s 4K,8K -o 'm?p,nothing-*' -j "$TMP/json" bulk >/dev/null
	sed -n '/write/s/.*size": \([0-9]*\), "how": "\([a-z]*\)".*\[.*,.*,.*\].*/\2 \1 3/p' \
		"$TMP/json" | paste -sd ' ')"
expect "usage" "64 64 64 64 1" "$(for args in '' no '-s 1X log' '-r 0 log' '-i log'; do
	# shellcheck disable=SC2086
	status "$BENCH" $args
done | paste -sd ' ')"
# 2600: two runs of 1000 records, each after a pass over all 300 records
if [ -d $TRACING/events ]; then
	expect "number of records written" "2600 2600 2600" \
		"$(written write-device uring-device sqpoll-device | paste -sd ' ')"
	expect "kernel thread waits for free space" "producer ret=0" "$(waits)"
else
	skip "no tracefs in $TRACING"
	skip "no tracefs in $TRACING"
fi
