#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# On a terminal every command prints what it prints to a pipe, long copies show
# their progress, and watch restores the screen.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$

cleanup()
{
	mmapshare destroy $name $name.ring 2>/dev/null
}

# plain COMMAND: as on_terminal, without escape sequences
plain()
{
	on_terminal "$1" | tr -d '\r' | sed 's/\x1b\[[?0-9]*[a-zA-Z]//g'
}

command -v python3 >/dev/null || skip_all "needs python3"
plan 21
export TERM=vt100
expect "create" "status 0" "$(on_terminal "mmapshare create $name 4M")"
expect "create again" "1 status 1" "$(on_terminal "mmapshare create $name 1" |
	awk '/^status/ { print lines, $0 } { lines++ }')"
expect "list" "$(mmapshare list; echo status 0)" "$(on_terminal "mmapshare list")"
expect "list --json" "$(mmapshare list --json; echo status 0)" \
	"$(on_terminal "mmapshare list --json")"
expect "info" "$(mmapshare info $name; echo status 0)" \
	"$(on_terminal "mmapshare info $name")"
expect "write" "status 0" \
	"$(on_terminal "stty -echo; printf hello | mmapshare write $name")"
expect "read to the terminal" "hellostatus 0" \
	"$(on_terminal "mmapshare read -l 5 $name")"
expect "fill" "status 0" "$(on_terminal "mmapshare fill $name -p x")"
expect "checksum" "$(mmapshare checksum $name; echo status 0)" \
	"$(on_terminal "mmapshare checksum $name")"
expect "doctor" "$(mmapshare doctor; echo status 0)" \
	"$(on_terminal "mmapshare doctor")"
expect "notify" "status 0" "$(on_terminal "mmapshare notify $name")"
expect "wait" "$(printf '1\nstatus 0')" "$(on_terminal "mmapshare wait -c 0 $name")"
expect "seal" "$(mmapshare seal $name; echo status 0)" \
	"$(on_terminal "mmapshare seal $name")"
expect "ring create and put" "status 0" "$(on_terminal \
	"mmapshare ring create $name.ring 4K && echo hello | mmapshare ring put $name.ring")"
expect "ring cat, and destroy" "$(printf 'hello\nstatus 0')" "$(on_terminal \
	"mmapshare ring cat $name.ring && mmapshare destroy $name.ring")"
# one piece: on a busy machine, a longer copy could last until a bar is shown
expect "no progress bar for a short copy" "status 0" \
	"$(on_terminal "mmapshare read -l 1M $name >/dev/null")"

# Slow input makes a copy long.
slow="(head -c 2M /dev/zero; sleep 0.7; head -c 2M /dev/zero) >$TMP/fifo &
	mmapshare write $name"
mkfifo "$TMP/fifo"
expect "the progress bar of a long copy is removed" "yes, 1, status 0" \
	"$(on_terminal "$slow <$TMP/fifo >/dev/null" | tr '\r' '\n' >"$TMP/shown"
	grep -q '^[0-9]* MiB' "$TMP/shown" && printf 'yes, '
	printf '%s, ' "$(grep -c '^.\[K' "$TMP/shown")"
	grep -o 'status.*' "$TMP/shown")"
expect "no progress bar if standard error is a file" "status 0" \
	"$(on_terminal "$slow <$TMP/fifo >/dev/null 2>$TMP/err; exec test ! -s $TMP/err")"

expect "no progress bar on a dumb terminal" "status 0" \
	"$(TERM=dumb on_terminal "$slow <$TMP/fifo >/dev/null")"

expect "watch uses the alternate screen" "1 1 status 0" \
	"$(on_terminal "mmapshare watch -n 0.1 -c 2" >"$TMP/shown"
	echo "$(grep -c '\[?1049h' "$TMP/shown")" \
		"$(grep -c '\[?1049l' "$TMP/shown")" \
		"$(grep -o 'status.*' "$TMP/shown")")"
for i in 1 2 3 4 5 6 7 8 9; do
	mmapshare create $name.$i 1
done
expect "watch prints no more lines than the screen has" "9 status 0" \
	"$(plain "mmapshare watch -c 1" | awk '/^status/ { print lines, $0 }
		/status/ && !/^status/ { sub(/.*status/, "status"); print lines, $0 }
		{ lines++ }')"
mmapshare destroy $name.1 $name.2 $name.3 $name.4 $name.5 $name.6 $name.7 $name.8 \
	$name.9
