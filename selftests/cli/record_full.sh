#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring record on a disk that becomes full: it says so, what it reported is
# in the file, and the rest is in the ring.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring
disk=$TMP/disk

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	kill "$producer" 2>/dev/null
	umount "$disk" 2>/dev/null
	mmapshare destroy $ring 2>/dev/null
}

[ "$(id -u)" = 0 ] || skip_all "only root can mount a small disk"
producer=
plan 7
mkdir "$disk"
mount -t tmpfs -o size=64k tmpfs "$disk" || skip_all "no tmpfs"
mmapshare ring create $ring 16K
seq 8000 >"$TMP/numbers"
mmapshare ring put $ring <"$TMP/numbers" &
producer=$!
mmapshare ring record -r -s 16K $ring "$disk/file" >"$TMP/report" 2>"$TMP/err"
expect "status" 1 $?
n=$(sed -n 's/.*records from \([0-9]*\) on are not recorded$/\1/p' "$TMP/err")
expect "message" "mmapshare ring record: '$disk/file': No space left on device" \
	"$(cut -d ';' -f 1 "$TMP/err")"
expect "all that is in the file is safe" "safe ${n:-none} $disk/file" "$(tail -n 1 "$TMP/report")"
mmapshare ring dump -r "$disk/file" >"$TMP/recorded" 2>"$TMP/err"
expect "the file is whole" "0 " "$? $(cat "$TMP/err")"
expect "it ends where the message says" "$((n - 1)) $n" \
	"$(mmapshare ring dump "$disk/file" | tail -n 1)"
expect "the rest is in the ring" $((n + 1)) "$(mmapshare ring follow -a -c 1 -t 0 $ring)"
expect "nothing is missing" 0 "$(
	{ mmapshare ring dump "$disk/file" | cut -d ' ' -f 2
	mmapshare ring read -f -c $((8000 - n)) $ring; } |
		cmp -s - "$TMP/numbers"; echo $?)"
wait $producer
