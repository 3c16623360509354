#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The C programs in userspace/examples show what they say; those of the
# demonstration are left to that.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

EXAMPLES=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/userspace/examples}
[ -d "$EXAMPLES" ] || EXAMPLES=$(dirname "$0")/../../userspace/examples
name=examples.$$
recorder=

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	[ -z "$recorder" ] || kill -KILL "$recorder" 2>/dev/null
	mmapshare destroy $name 2>/dev/null
	rmmod mmapshare_daq 2>/dev/null
}

# both WAY: a writer and a reader, and what each prints, the reader first
both()
{
	timeout 100 "$EXAMPLES/pair" read $name "$1" >"$TMP/reader" 2>&1 &
	timeout 100 "$EXAMPLES/pair" write $name "$1" >"$TMP/writer" 2>&1
	wait
	cat "$TMP/reader" "$TMP/writer"
	mmapshare destroy $name
}

# How often the reader looked while it polled depends on the machine's load.
polling()
{
	both poll | sed 's/ looked .*/ looked/'
}

# A logger that is killed after that many records; the log, then whether each that
# it acknowledged is there.
log_survives()
{
	"$EXAMPLES/logger" >"$TMP/acknowledged" 2>&1 &
	logger=$!
	"$EXAMPLES/recover" --kill $logger --records "$1" >"$TMP/log" 2>&1
	torn=$?
	wait $logger 2>/dev/null
	killed=$?
	found=$(sed -n 's/ records intact, 0 torn$//p' "$TMP/log")
	last=$(tail -n 1 "$TMP/acknowledged")
	[ "${found:-0}" -ge "${last:-1}" ] || echo "found $found, acknowledged $last"
	echo "$torn $killed"
}

# record: a recorder, of the lines that come by descriptor 3
record()
{
	"$EXAMPLES/recorder" $name record <"$TMP/lines" 2>"$TMP/behind" &
	recorder=$!
	exec 3>"$TMP/lines"
}

kill_recorder()
{
	kill -KILL $recorder
	wait $recorder 2>/dev/null
	echo "killed: $?"
	recorder=
	exec 3>&-
}

replay()
{
	timeout 100 "$EXAMPLES/recorder" $name replay
}

# One is killed when it has half a line, and another one goes on.
recorder_is_killed()
{
	record
	printf 'one\ntwo\nthree\nfo' >&3
	for _ in $(seq 100); do
		[ "$(replay 2>/dev/null | wc -l)" -lt 3 ] || break
		sleep 0.1
	done
	kill_recorder
	replay
	echo four | "$EXAMPLES/recorder" $name record
	replay
}

# wrong_lines FILE: where a line is not its own number, or one is missing
wrong_lines()
{
	awk '$1 != $2 ":" || (NR > 1 && $2 != last + 1) { print "line " NR ": " $0 }
		{ last = $2 }
		END { if (NR < 2) print NR " lines" }' "$1"
}

# has_lines N: have so many lines been recorded?
has_lines()
{
	count=$(mmapshare ring stat $name 2>/dev/null | sed -n 's/^records  *//p')
	[ "${count:-0}" -ge "$1" ]
}

# recorder_is_busy LINES...: with so many, and is killed, wherever it is. What
# there was when it still lived has to stay, and the next one goes on behind it.
recorder_is_busy()
{
	next=0
	for lines; do
		record
		seq $next 99999999 >&3 2>/dev/null &
		until_true has_lines $((next + lines))
		kill -STOP $recorder
		replay >"$TMP/before"
		kill_recorder
		replay >"$TMP/after"
		cmp "$TMP/before" "$TMP/after"
		wrong_lines "$TMP/after"
		[ "$(cat "$TMP/behind")" = "behind $next lines" ] || cat "$TMP/behind"
		next=$(tail -n 1 "$TMP/after")
		next=$((${next%%:*} + 1))
	done
	# more than there is room for
	[ "$(wc -l <"$TMP/after")" -lt "$next" ] || echo "never went round: $next"
}

[ -x "$EXAMPLES/zeros" ] || skip_all "the examples are not built"
plan 14
same "a line, and accesses" "$EXAMPLES/lines" <<'END'
line:  Hello device!
slice: Hello
find:  6
line:  Hello  world!
read:  Hello  world!
read-write READ  reads old, no store: Bad address; device: old
read-write WRITE reads old, stores, reads NEW; device: NEW
read-write COPY  reads old, stores, reads NEW; device: old
read-only  READ  reads old, no store: Bad address; device: old
read-only  WRITE Permission denied; device: old
read-only  COPY  reads old, stores, reads NEW; device: old
sealed     READ  reads old, no store: Bad address; device: old
sealed     WRITE Operation not permitted; device: old
sealed     COPY  reads old, stores, reads NEW; device: old
END

same "zeros" "$EXAMPLES/zeros" <<'END'
0000000 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000016 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
1048576
offset 65536: mapped
0000000 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000016 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
0065536 70 61 67 65 00 00 00 00 00 00 00 00 00 00 00 00
0065552 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
*
1048576
offset 100: Invalid argument
offset 65537: Invalid argument
END

same "writer and reader, polling" polling <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: looked
writer: 3 lines were read
END
same "writer and reader, doorbell" both doorbell <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: looked a few times
writer: 3 lines were read
END

if [ "$(id -u)" = 0 ]; then
	same "threads, processes and pages" "$EXAMPLES/pages" <<-'END'
		8 of 8 threads see the same bytes
		another process sees the same bytes
		64 of 64 pages are there, and it has the same physical pages
	END
else
	skip "only root is told the numbers of pages"
fi

same "frame buffer" "$EXAMPLES/picture" "$TMP/picture.ppm" <<'END'
the kernel drew a frame: yes, a line: yes, nothing else: yes
both drew: crc32c 72f38ec7, and the kernel's: 72f38ec7
320 x 200 pixels saved
END
expect "the picture" "2560269175 192015" "$(cksum <"$TMP/picture.ppm")"
same "registers" "$EXAMPLES/registers" <<'END'
ID is 0x4d4d5301
6 * 7 is 42
65537 * 65537 is 131073 in 32 bits
the driver has ended: yes
ID         0x4d4d5301
CONTROL    0x00000002
STATUS     0x00000001
OPERAND_A  0x00010001
OPERAND_B  0x00010001
RESULT     0x00020001
END

daq=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/driver/examples/mmapshare_daq.ko}
if [ "$(id -u)" = 0 ] && [ -e "$daq" ] && insmod "$daq"; then
	same "a driver's data" timeout 100 "$EXAMPLES/daq" 500 <<-'END'
		500 records of 2 channels, 8 samples each
		missed: 0 as the ring says, 0 by their numbers
		samples that are wrong: 0
	END
else
	skip "needs root, and mmapshare_daq.ko"
fi

mkfifo "$TMP/lines"
same "a recorder that was killed" recorder_is_killed <<'END'
killed: 137
0: one
1: two
2: three
behind 3 lines
0: one
1: two
2: three
3: four
END
mmapshare destroy $name
same "busy recorders that were killed" recorder_is_busy 300 2000 9000 <<'END'
killed: 137
killed: 137
killed: 137
END

mmapshare fill
for records in 20 300 1200; do
	expect "the log of a logger that was killed" "0 137" "$(log_survives $records)"
done
