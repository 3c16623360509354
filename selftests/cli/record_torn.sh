#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring dump of files that end anywhere, or in which a bit is wrong: it
# prints all records before, none that is wrong, says so, and does not crash.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring
file=$TMP/file

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

# block N [FIELD]: the offset of block N, or another field of dump --blocks
block()
{
	mmapshare ring dump -b "$file" | awk -v n="$1" -v field="${2:-1}" \
		'$1 ~ /^[0-9]/ && !n-- { print $field }'
}

# torn LENGTH: dump the first bytes of the file, and print what is not as expected
torn()
{
	head -c "$1" "$file" >"$TMP/torn"
	mmapshare ring dump "$TMP/torn" >"$TMP/out" 2>"$TMP/err"
	set -- "$1" $?
	[ "$2" = 0 ] || echo "$1: status $2"
	printf '0 one\n1 two\n' | cmp -s - "$TMP/out" || echo "$1: records $(cat "$TMP/out")"
	tail=$(($1 - last))
	[ $tail = 0 ] || grep -q "' *: torn: the last $tail bytes are no whole block" "$TMP/err" ||
		echo "$1: $(cat "$TMP/err")"
	[ $tail != 0 ] || [ ! -s "$TMP/err" ] || echo "$1: $(cat "$TMP/err")"
}

# each bit of some bytes of the file is changed, one at a time
flip_bits()
{
	python3 -IS - "$file" "$TMP/flipped" <<'END'
import subprocess
import sys

with open(sys.argv[1], "rb") as file:
    good = file.read()
records = ["0 one", "1 two", "2 three", ""]
for byte in range(len(good)):
    bad = bytearray(good)
    bad[byte] ^= 1 << byte % 8
    with open(sys.argv[2], "wb") as file:
        file.write(bad)
    done = subprocess.run(["mmapshare", "ring", "dump", sys.argv[2]], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    lines = done.stdout.split("\n")
    if done.returncode not in (0, 1) or done.stderr.count("\n") != 1:
        print(byte, "status", done.returncode, done.stderr)
    if done.returncode == 0 and ("torn" not in done.stderr or lines != records):
        print(byte, "is not noticed", lines, done.stderr)
    if not set(lines) <= set(records) or lines != sorted(lines, key=records.index):
        print(byte, "wrong records", lines)
    if len(lines) < len(records) - 1 and lines != [""]:
        print(byte, "more is lost than one block", lines)
END
}

plan 11
mmapshare ring create $ring 1
for word in one two three; do
	echo $word | mmapshare ring put $ring
	[ -e "$file" ] || { mmapshare ring record -r -s 1 $ring "$file" >"$TMP/report" & }
	until_true grep -q "^safe $((${n:-0} + 1)) " "$TMP/report"
	n=$((${n:-0} + 1))
done
kill $!
wait $!
expect "end" 0 $?
last=$(block 2)
size=$(($(block 2 2) + last))
expect "three blocks of data" "1 1 1" "$(block 0 3) $(block 1 3) $(block 2 3)"
expect "torn at every byte of the last block" "" "$(
	n=$last
	while [ "$n" -lt $size ]; do
		torn "$n"
		n=$((n + 1))
	done)"
expect "torn at the end of it" "0 one|1 two|2 three|" \
	"$(head -c $size "$file" >"$TMP/torn"
	mmapshare ring dump "$TMP/torn" 2>&1 | tr '\n' '|')"
expect "a closed file is longer" "closed" "$(mmapshare ring dump -b "$file" | tail -n 1)"
expect "torn in the first block" "0 1" "$(head -c 100 "$file" >"$TMP/torn"
	mmapshare ring dump "$TMP/torn" >"$TMP/out" 2>"$TMP/err"
	echo "$? $(grep -c torn "$TMP/err")")"
expect "torn at once" "0 0" "$(: >"$TMP/torn"
	mmapshare ring dump "$TMP/torn" >"$TMP/out" 2>"$TMP/err"
	echo "$? $(grep -c . "$TMP/out")")"
head -c $((last + 50)) "$file" >"$TMP/torn"
expect "dump -C cuts" "0 $last" "$(mmapshare ring dump -C "$TMP/torn" >"$TMP/out" 2>&1
	echo "$? $(stat -c %s "$TMP/torn")")"
expect "then it is whole" "0 one|1 two|" "$(mmapshare ring dump "$TMP/torn" 2>&1 | tr '\n' '|')"
cp "$file" "$TMP/torn"
echo more >>"$TMP/torn"
expect "bytes behind the end" "1 3 1" "$(outcome mmapshare ring dump "$TMP/torn")"
if command -v python3 >/dev/null; then
	expect "a bit of every byte is wrong" "" "$(flip_bits)"
else
	skip "needs python3"
fi
