#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the C programs in userspace/examples and compare their output with what is
# expected. The programs that demo.sh runs are not tested here, except the logger.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

EXAMPLES=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/userspace/examples}
[ -d "$EXAMPLES" ] || EXAMPLES=$(dirname "$0")/../../userspace/examples
name=examples.$$
recorder=

# shellcheck disable=SC2317	# called at exit
cleanup()
{
	[ -z "$recorder" ] || kill -KILL "$recorder" 2>/dev/null
	mmapshare destroy $name 2>/dev/null
	rmmod mmapshare_daq 2>/dev/null
}

# run_pair poll|doorbell: run writer and reader at the same time; print the output
# of the reader, then of the writer
run_pair()
{
	timeout 100 "$EXAMPLES/pair" read $name "$1" >"$TMP/reader" 2>&1 &
	timeout 100 "$EXAMPLES/pair" write $name "$1" >"$TMP/writer" 2>&1
	wait
	cat "$TMP/reader" "$TMP/writer"
	mmapshare destroy $name
}

# How often the reader checks while it polls depends on the load of the machine.
polling()
{
	run_pair poll | sed 's/ checked .*/ checked/'
}

# kill_logger RECORDS: start a logger and kill it after that many records. Print
# the status of recover (0: no record is torn) and of the logger; before that a
# line if acknowledged records are missing.
kill_logger()
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

# start_recorder: record the lines written to descriptor 3
start_recorder()
{
	"$EXAMPLES/recorder" $name record <"$TMP/lines" 2>"$TMP/position" &
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

# Kill a recorder after it has read half a line, and start another one.
kill_recorder_in_line()
{
	start_recorder
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

# wrong_lines FILE: print each line whose text is not its sequence number, or
# whose sequence number does not follow that of the previous line
wrong_lines()
{
	awk '$1 != $2 ":" || (NR > 1 && $2 != last + 1) { print "line " NR ": " $0 }
		{ last = $2 }
		END { if (NR < 2) print NR " lines" }' "$1"
}

# has_lines N: were at least that many lines recorded?
has_lines()
{
	count=$(mmapshare ring stat $name 2>/dev/null | sed -n 's/^seq  *//p')
	[ "${count:-0}" -ge "$1" ]
}

# kill_busy_recorders LINES...: for each argument start a recorder and kill it
# after that many lines. Everything that was committed before must remain, and the
# next recorder must append.
kill_busy_recorders()
{
	next=0
	for lines; do
		start_recorder
		seq $next 99999999 >&3 2>/dev/null &
		until_true has_lines $((next + lines))
		kill -STOP $recorder
		replay >"$TMP/before"
		kill_recorder
		replay >"$TMP/after"
		cmp "$TMP/before" "$TMP/after"
		wrong_lines "$TMP/after"
		[ "$(cat "$TMP/position")" = "appending after $next lines" ] || cat "$TMP/position"
		next=$(tail -n 1 "$TMP/after")
		next=$((${next%%:*} + 1))
	done
	# the recorders wrote more than the ring can hold
	[ "$(wc -l <"$TMP/after")" -lt "$next" ] || echo "the ring did not wrap: $next lines"
}

[ -x "$EXAMPLES/zeros" ] || skip_all "no $EXAMPLES/zeros: the examples are not built"
plan 14
same "lines: edit a line, access modes" "$EXAMPLES/lines" <<'END'
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

same "zeros: map at offsets" "$EXAMPLES/zeros" <<'END'
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

same "pair: writer and reader, polling" polling <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: checked
writer: 3 lines were read
END
same "pair: writer and reader, doorbell" run_pair doorbell <<'END'
reader: the quick brown fox
reader: jumps over
reader: the lazy dog
reader: checked a few times
writer: 3 lines were read
END

if [ "$(id -u)" = 0 ]; then
	same "pages: threads and processes share pages" "$EXAMPLES/pages" <<-'END'
		8 of 8 threads see the same bytes
		the child sees the same bytes
		64 of 64 pages are present; the child maps the same physical pages
	END
else
	skip "needs root to read page frame numbers"
fi

same "picture: kernel and program draw" "$EXAMPLES/picture" "$TMP/picture.ppm" <<'END'
the kernel drew a frame: yes, a line: yes, the background: yes
the picture of both: crc32c 72f38ec7 by the program, 72f38ec7 by the kernel
320 x 200 pixels saved
END
expect "picture: the file" "2560269175 192015" "$(cksum <"$TMP/picture.ppm")"
same "registers: program and driver" "$EXAMPLES/registers" <<'END'
ID is 0x4d4d5301
6 * 7 is 42
65537 * 65537 is 131073 in 32 bits
the driver has exited: yes
ID         0x4d4d5301
CONTROL    0x00000002
STATUS     0x00000001
OPERAND_A  0x00010001
OPERAND_B  0x00010001
RESULT     0x00020001
END

if load_daq name=daq; then
	same "daq: samples of a driver" timeout 100 "$EXAMPLES/daq" 500 <<-'END'
		500 records of 2 channels, 8 samples each
		lost: 0 according to the ring, 0 according to sequence numbers
		wrong samples: 0
	END
else
	skip "cannot load mmapshare_daq.ko"
fi

mkfifo "$TMP/lines"
same "recorder: killed in a line" kill_recorder_in_line <<'END'
killed: 137
0: one
1: two
2: three
appending after 3 lines
0: one
1: two
2: three
3: four
END
mmapshare destroy $name
same "recorder: killed while busy" kill_busy_recorders 300 2000 9000 <<'END'
killed: 137
killed: 137
killed: 137
END

mmapshare fill
for records in 20 300 1200; do
	expect "logger: killed after $records records" "0 137" "$(kill_logger $records)"
done
