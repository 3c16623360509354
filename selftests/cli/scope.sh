#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare scope: samples of the example device as lines, on a terminal and as
# a picture; missed records; the end of the device.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$
scope=

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	[ -z "$scope" ] || kill -KILL "$scope" 2>/dev/null
	rmmod mmapshare_daq 2>/dev/null
}

# bad STATUS WORDS...: expect STATUS, and one line on standard error that begins
# with the command
bad()
{
	want=$1
	shift
	expect "mmapshare scope $*" "$want 0 1" \
		"$(outcome mmapshare scope "$@"; said "mmapshare scope: ")"
}

# lines OPTION...: print the output of scope with N for numbers that depend on
# time
lines()
{
	mmapshare scope "$@" $name | sed 's/: [0-9]* records/: N records/; s/of [0-9]*/of N/'
}

# made: print how many records the device has committed
made()
{
	mmapshare ring stat $name | sed -n 's/^seq  *//p'
}

# rate_is_right: print yes if scope's rate, measured over two seconds, is at
# most half the number of records committed while scope ran, which is a little
# longer. No exact rate is expected: the rate depends on the machine.
rate_is_right()
{
	before=$(made)
	mmapshare scope -n 2 -c 1 $name >"$TMP/rate"
	read -r _ rate _ <"$TMP/rate"
	all=$(($(made) - before))
	if [ "$rate" -gt 0 ] && [ $((2 * rate)) -le $((all + 1)) ]; then
		echo yes
	else
		echo "$rate of $all"
	fi
}

# made_more: were more than 100 records committed since $before?
made_more()
{
	[ "$(made)" -gt $((before + 100)) ]
}

# has_two_channels OPTION...: send the options to the device; does scope then
# see two channels?
has_two_channels()
{
	mmapshare scope -C 2 "$@" -n 0.1 -c 1 $name | grep -q ' 2 channels'
}

# last_screen: print the last screen of standard input, without escape sequences
last_screen()
{
	python3 -IS -c '
import re, sys
text = sys.stdin.buffer.read().decode().split("\x1b[H")[-1].split("\x1b[?25h")[0]
print(re.sub("\x1b\\[[?0-9]*[a-zA-Z]", "", text).replace("\r", ""))
'
}

# edges SCREEN: print yes if there are two square waves: of the four rows of
# each channel, only the first and the last have horizontal lines
edges()
{
	python3 -IS -c '
import sys
rows = open(sys.argv[1]).read().split("\n")[1:9]
drawn = [row.count("\u2809") + row.count("\u28c0") for row in rows]
right = drawn[0] + drawn[3] > 30 and drawn[4] + drawn[7] > 30
print("yes" if right and not any(drawn[i] for i in (1, 2, 5, 6)) else rows)
' "$1"
}

# picture [STATUS]: run scope --png with a gnuplot that stores its input in
# $TMP/plot and exits with STATUS
picture()
{
	mkdir -p "$TMP/bin"
	printf '#!/bin/sh\ncat >%s/plot\nexit %s\n' "$TMP" "${1:-0}" >"$TMP/bin/gnuplot"
	chmod 755 "$TMP/bin/gnuplot"
	rm -f "$TMP/plot"
	PATH=$TMP/bin:$PATH outcome mmapshare scope -C 2 -w saw -r 200 -n 0.2 \
		--png "it's.png" $name
}

# plotted: print the milliseconds per sample of each channel, and "twice" if
# most samples of the second channel are twice those of the first. Not all are:
# the first samples can be older than the options.
plotted()
{
	awk '
		/^plot/ { channel++; n = 0; next }
		!/^-?[0-9]/ || !channel { next }
		++n == 2 { printf "%s ", $1 }
		channel == 1 { first[n] = $2 }
		channel == 2 { right += ($2 - 2 * first[n] - 32768) % 65536 == 0 }
		END { print (right > n / 2 ? "twice" : right " of " n) }' "$TMP/plot"
}

[ -e "$DAQ" ] || skip_all "needs mmapshare_daq.ko"
[ "$(id -u)" = 0 ] || skip_all "needs root"
plan 25
bad 1 no-such-device
bad 2 one two
bad 2 -C 0
bad 2 -C 17
bad 2 -r 1000001
bad 2 -w cosine
bad 2 -n 0
bad 1 /dev/null
mmapshare ring create $name 4K
bad 1 -r 1 $name
mmapshare destroy $name

load_daq name=$name
expect "no samples" "$name: N records/s, 0 channels of N samples/s, 0 missed" \
	"$(lines -n 0.1 -c 1)"
# the channels' values change in steps of 256, 512 and 768
saw=", -32768 to 32512, -32768 to 32256, -32768 to 32512"
expect "saw wave, three channels" \
	"$name: N records/s, 3 channels of N samples/s, 0 missed$saw" \
	"$(lines -C 3 -w saw -r 500 -n 1 -c 2 | tail -n 1)"
expect "records per second" "yes" "$(rate_is_right)"
expect "one line per interval" "3" "$(lines -n 0.1 -c 3 | wc -l)"
expect "one channel" "1 channels" "$(lines -C 1 -n 0.3 -c 1 | grep -o '[0-9]* channels')"

if command -v python3 >/dev/null; then
	until_true has_two_channels -w square
	on_terminal "TERM=vt100 LANG=C.UTF-8 mmapshare scope -C 2 -w square -n 0.2 -c 2 $name" 40 \
		>"$TMP/shown"
	expect "the alternate screen" "1 1 status 0" \
		"$(grep -c '\[?1049h' "$TMP/shown") $(grep -c '\[?1049l' "$TMP/shown") $(
		grep -o 'status.*' "$TMP/shown")"
	last_screen <"$TMP/shown" >"$TMP/screen"
	count_lines "$TMP/screen"
	expect "10 rows" "10" "$lines"
	expect "square wave" yes \
		"$(edges "$TMP/screen")"
	expect "no braille in the C locale" "0" \
		"$(on_terminal "TERM=vt100 LC_ALL=C mmapshare scope -n 0.2 -c 1 $name" 40 |
		python3 -IS -c 'import sys; print(sys.stdin.buffer.read().count(b"\xe2"))')"
	expect "lines on a dumb terminal" "1 status 0" \
		"$(on_terminal "TERM=dumb mmapshare scope -n 0.2 -c 1 $name" 40 |
		awk '/missed/ { n++ } /^status/ { print n, $0 }')"
else
	for _ in 1 2 3 4 5; do
		skip "needs python3"
	done
fi

until_true has_two_channels -w saw -r 200
expect "scope --png" "0 0 0" "$(picture)"
expect "the input of gnuplot" "set output 'it''s.png' 2 0.312500 0.312500 twice" \
	"$(grep 'set output' "$TMP/plot") $(grep -c '^e$' "$TMP/plot") $(plotted)"
expect "gnuplot fails" "1 0 1" "$(picture 3)"
if command -v gnuplot >/dev/null; then
	skip "gnuplot is installed"
else
	bad 1 -n 0.2 --png x.png $name
fi

load_daq name=$name size=4096
mmapshare scope -r 1000 -n 0.2 $name >"$TMP/rate" &
scope=$!
until_line , "$TMP/rate"
kill -STOP $scope
before=$(made)
# the ring holds 39 records, so that a stopped scope misses the oldest ones
until_true made_more
kill -CONT $scope
until_line ' [1-9][0-9]* missed' "$TMP/rate"
kill -TERM $scope
wait $scope
expect "missed records" yes \
	"$(awk '{ sub(/.*s, /, ""); missed = $1 }
		END { print((missed > 0) ? "yes" : "no") }' "$TMP/rate")"
mmapshare scope -n 0.2 $name >"$TMP/rate" 2>"$TMP/err" &
scope=$!
until_line , "$TMP/rate"
rmmod mmapshare_daq
wait $scope
expect "the device is gone" "4 mmapshare scope: '$name': the producer has detached" \
	"$? $(cat "$TMP/err")"
scope=
