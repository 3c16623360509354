#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare wait and notify: when wait ends, what it prints, and its status.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $name 2>/dev/null
}

# is_open [FILES]: does any process have the region open, or have FILES open files?
is_open()
{
	[ "$(mmapshare info --json $name |
		sed 's/.*"files": \([0-9]*\).*/\1/')" -ge "${1:-1}" ]
}

# is_stopped: is the waiter stopped?
is_stopped()
{
	[ "$(cut -d ' ' -f 3 "/proc/$waiter/stat")" = T ]
}

# stop_and_go: interrupt the wait, then notify
stop_and_go()
{
	kill -STOP $waiter
	until_true is_stopped
	kill -CONT $waiter
	sleep 0.2
	mmapshare notify $name
}

# wait_for COMMAND...: run it during a wait; print wait's output and status
wait_for()
{
	mmapshare wait -t 60 $name >"$TMP/out" &
	waiter=$!
	until_true is_open
	"$@"
	wait $waiter
	echo "$(cat "$TMP/out") $?"
}

# visit: open and close the region, which must not end a wait; then notify once
visit()
{
	mmapshare read -l 1 $name >/dev/null
	sleep 0.5
	mmapshare notify $name
}

plan 14
mmapshare create $name 4K
expect "timeout" "3 0 0" "$(outcome mmapshare wait -t 0.2 $name)"
expect "notified" "1 0" "$(wait_for mmapshare notify $name)"
expect "notified again" "2 0" "$(wait_for mmapshare notify $name)"
expect "count older than the current one" "2 0" \
	"$(mmapshare wait -c 1 $name) $?"
expect "current count" "3 0 0" "$(outcome mmapshare wait -c 2 -t 0.2 $name)"
expect "another process opens and closes the region" "3 0" "$(wait_for visit)"
expect "wait -t 0" "3 0 0" "$(outcome mmapshare wait -t 0 $name)"
expect "wait -t 0 of an older count" "3 0" "$(mmapshare wait -c 1 -t 0 $name) $?"
expect "wait -u of a region without other users" "4 0 0" \
	"$(outcome mmapshare wait -u -t 60 $name)"
expect "wait -u of an older count without other users" "3 0" \
	"$(mmapshare wait -u -c 1 -t 60 $name) $?"
expect "stopped and continued" "4 0" "$(wait_for stop_and_go)"
exec 3<"$NODE-$name"
mmapshare wait -u -t 60 $name >"$TMP/out" 3<&- &
waiter=$!
until_true is_open 2
exec 3<&-
wait $waiter
expect "wait -u ends when the region has no other user" "4 " "$? $(cat "$TMP/out")"
chmod 400 "$NODE-$name"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chown 65534 "$NODE-$name"
	reader="setpriv --reuid 65534 --regid 65534 --clear-groups mmapshare"
	# shellcheck disable=SC2086
	expect "a reader can wait" "3 0 0" \
		"$(outcome $reader wait -t 0.1 $name)"
	# shellcheck disable=SC2086
	expect "a reader cannot notify" "1 0 1" "$(outcome $reader notify $name)"
else
	skip "needs root and setpriv"
	skip "needs root and setpriv"
fi
