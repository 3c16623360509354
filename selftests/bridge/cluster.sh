#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a stream with copies on three servers, of which one after the other is
# killed: each record arrives once, in order.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	# shellcheck disable=SC2086	# some may be empty
	kill -KILL $server1 $server2 $server3 $export $import 2>/dev/null
	mmapshare destroy $ring $target 2>/dev/null
}

port()
{
	echo $((NATS_PORT + $1))
}

# start_server N
start_server()
{
	nats-server -a 127.0.0.1 -p "$(port "$1")" -n "n$1" -js -sd "$TMP/jetstream$1" \
		--cluster_name test --cluster "nats://127.0.0.1:$(port "1$1")" \
		--routes "nats://127.0.0.1:$(port 11),nats://127.0.0.1:$(port 12)" \
		>>"$TMP/server.log" 2>&1 &
	eval "server$1=$!"
	until_true accepts "$(port "$1")"
}

all_arrived()
{
	[ "$(committed $target)" = 20000 ]
}

server1='' server2='' server3='' export='' import=''
plan_bridge 3 nats-server
url=nats://127.0.0.1:$(port 1),127.0.0.1:$(port 2),127.0.0.1:$(port 3)/numbers
for n in 1 2 3; do
	start_server $n
done
mmapshare ring create $ring 64K
mmapshare ring create $target 1M
mmapshare bridge export -r 3 -b 1K $ring "$url" 2>"$TMP/export.err" &
export=$!
mmapshare bridge import -s "$TMP/state" "$url" $target 2>"$TMP/import.err" &
import=$!
for n in 1 2 3; do
	seq $((n * 5000 - 4999)) $((n * 5000)) | mmapshare ring put $ring
	eval "kill -KILL \$server$n; wait \$server$n" 2>/dev/null
	start_server $n
done
seq 15001 20000 | mmapshare ring put $ring
until_true all_arrived
seq 20000 >"$TMP/numbers"
expect "in order, and once" "" "$(same_records $target "$TMP/numbers")"
kill -TERM $export $import
wait $export
expect "export ends by a signal" 0 $?
wait $import
expect "import ends by a signal" 0 $?
