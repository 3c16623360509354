#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare read, write, fill and checksum, with files and pipes.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$ other=cli.$$.other

cleanup()
{
	mmapshare destroy $name $other 2>/dev/null
}

# written TEXT NAME: does the region begin with TEXT?
written()
{
	[ "$(mmapshare read -l ${#1} "$2")" = "$1" ]
}

# sum: print a checksum of standard input
sum()
{
	cksum | cut -d ' ' -f 1
}

plan 32
mmapshare create $name 3M
zeros=$(head -c 3M /dev/zero | sum)
expect "a new region is zero" "$zeros" "$(mmapshare read $name | sum)"
head -c 3M /dev/urandom >"$TMP/bytes"
sum=$(sum <"$TMP/bytes")
expect "write a file" "0 0 0" "$(mmapshare write $name <"$TMP/bytes" >"$TMP/out" \
	2>"$TMP/err"; echo $? "$(wc -l <"$TMP/out")" "$(wc -l <"$TMP/err")")"
expect "read the whole region" "$sum" "$(mmapshare read $name | sum)"
expect "read the node" "$sum" "$(sum <"$NODE-$name")"
expect "read into a file" "0 0" "$(mmapshare read $name >"$TMP/copy"; echo $? \
	"$(cmp "$TMP/bytes" "$TMP/copy" >&2; echo $?)")"
expect "read a range" "$(tail -c +1000001 "$TMP/bytes" | head -c 1500000 | sum)" \
	"$(mmapshare read -o 1000000 -l 1500000 $name | sum)"
expect "read to the end" "$(tail -c 7 "$TMP/bytes" | sum)" \
	"$(mmapshare read -o $((3 * 1024 * 1024 - 7)) $name | sum)"
expect "read nothing" "0 0" "$(mmapshare read -o 3M $name | wc -c) $?"
expect "the reader closes the pipe" 10 "$(mmapshare read $name | head -c 10 | wc -c)"

expect "write a word" hello "$(printf hello | mmapshare write $name -o 5 &&
	mmapshare read $name -o 5 -l 5)"
expect "input in two pieces" "onetwo" "$( (printf one; sleep 0.2; printf two) |
	mmapshare write $name && mmapshare read -l 6 $name)"
expect "input as long as the region" 0 \
	"$(mmapshare write $name <"$TMP/bytes" 2>&1; echo $?)"
expect "input longer than the region" \
	"mmapshare write: '$name': standard input is longer than the 3145728 bytes that fit, which \
were written" \
	"$( (cat "$TMP/bytes"; printf x) | mmapshare write $name 2>&1)"
expect "status of longer input" 1 "$( (cat "$TMP/bytes"; printf x) |
	mmapshare write $name 2>/dev/null; echo $?)"
expect "longer input filled the region" "$sum" \
	"$(mmapshare read $name | sum)"
expect "write -l of longer input" "xyz" \
	"$(printf xyzxyz | mmapshare write -l 3 $name && mmapshare read -l 3 $name)"
expect "write -l of shorter input" \
	"mmapshare write: standard input ended after 2 of 3 bytes, which were written" \
	"$(printf xy | mmapshare write -l 3 $name 2>&1)"
printf hello | mmapshare write $name
(cat "$TMP/bytes"; printf x) >"$TMP/longer"
expect "a file longer than the region" \
	"mmapshare write: '$name': standard input has 3145729 bytes, but only 3145728 fit; \
nothing was written" \
	"$(mmapshare write $name 2>&1 <"$TMP/longer")"
expect "a longer file leaves the region as it is" hello "$(mmapshare read -l 5 $name)"
printf xy >"$TMP/two"
expect "write -l of a shorter file" "1 hello" \
	"$(mmapshare write -l 3 $name 2>/dev/null <"$TMP/two"; echo $? \
		"$(mmapshare read -l 5 $name)")"
expect "write a range of a file" "he34" "$({ head -c 2 >/dev/null; mmapshare write -o 2 -l 2 \
	$name; } <<END
12345
END
	mmapshare read -l 4 $name)"
expect "a file of procfs" 0 "$(mmapshare write $name </proc/version; echo $?)"
mmapshare create $other 4K
expect "write until a seal forbids it" \
	"1 mmapshare write: '$other': it is sealed against writes (future); \
the first 3 bytes were written" \
	"$( (printf one; until_true written one $other; mmapshare seal $other future; printf two) |
		mmapshare write $other 2>"$TMP/err"; echo "$? $(cat "$TMP/err")")"
expect "empty input" 0 "$(status mmapshare write $name)"
expect "standard input is closed" "1 0 1" \
	"$(mmapshare write $name >"$TMP/out" 2>"$TMP/err" 0<&-; echo $? \
		"$(wc -l <"$TMP/out")" "$(wc -l <"$TMP/err")")"
expect "read to a full device" "1 1" \
	"$(mmapshare read $name 2>"$TMP/err" >/dev/full; echo $? \
		"$(wc -l <"$TMP/err")")"
expect "list to a full device" "1 1" \
	"$(mmapshare list 2>"$TMP/err" >/dev/full; echo $? "$(wc -l <"$TMP/err")")"

expect "fill" "abcabca" "$(mmapshare fill $name -o 10 -l 7 -p abc &&
	mmapshare read -o 10 -l 7 $name)"
expect "fill --hex" "00 ff 00 ff" "$(mmapshare fill $name -x 00ff &&
	mmapshare read -l 4 $name | od -An -tx1 | sed 's/^ //')"
expect "fill with 0" "$zeros" \
	"$(mmapshare fill $name && mmapshare read $name | sum)"
expect "checksum" e3069283 "$(printf 123456789 | mmapshare write $name &&
	mmapshare checksum -l 9 $name)"
expect "by path" e3069283 "$(mmapshare checksum -l 9 "$NODE-$name")"
