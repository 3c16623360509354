#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare scope: what the example device makes is seen, in lines, on a terminal
# and in a picture; so is what was missed, and that the device is gone.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$
KO=${MMAPSHARE_KO%/*}/driver/examples/mmapshare_daq.ko
scope=

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	[ -z "$scope" ] || kill -KILL "$scope" 2>/dev/null
	rmmod mmapshare_daq 2>/dev/null
}

# load_daq [PARAMETER...]
load_daq()
{
	rmmod mmapshare_daq 2>/dev/null
	insmod "$KO" name=$name "$@"
}

# bad STATUS WORDS...: one line, and it is of "mmapshare scope"
bad()
{
	want=$1
	shift
	expect "mmapshare scope $*" "$want 0 1" \
		"$(outcome mmapshare scope "$@"; said "mmapshare scope: ")"
}

# lines OPTION...: what scope prints of the device, without what time decides
lines()
{
	mmapshare scope "$@" $name | sed 's/: [0-9]* records/: N records/; s/of [0-9]*/of N/'
}

# made: how many records the device has made
made()
{
	mmapshare ring stat $name | sed -n 's/^records  *//p'
}

# rate_is_right: what it says of a second is no more than half of what was made in the
# two seconds for which it looks, and longer; how much that is depends on the machine
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

# made_more: have more than 100 records been made since $before?
made_more()
{
	[ "$(made)" -gt $((before + 100)) ]
}

# does_as_told OPTION...: tell the device: has it heard of two channels?
does_as_told()
{
	mmapshare scope -C 2 "$@" -n 0.1 -c 1 $name | grep -q ' 2 channels'
}

# last_screen: of what it has shown, as text, one line for each row
last_screen()
{
	python3 -IS -c '
import re, sys
text = sys.stdin.buffer.read().decode().split("\x1b[H")[-1].split("\x1b[?25h")[0]
print(re.sub("\x1b\\[[?0-9]*[a-zA-Z]", "", text).replace("\r", ""))
'
}

# edges SCREEN: of eight rows for two channels only the first and the last of each
# are drawn all along, between them
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

# picture [STATUS]: make one, with a gnuplot that keeps what it is told
picture()
{
	mkdir -p "$TMP/bin"
	printf '#!/bin/sh\ncat >%s/plot\nexit %s\n' "$TMP" "${1:-0}" >"$TMP/bin/gnuplot"
	chmod 755 "$TMP/bin/gnuplot"
	rm -f "$TMP/plot"
	PATH=$TMP/bin:$PATH outcome mmapshare scope -C 2 -w saw -r 200 -n 0.2 \
		--png "it's.png" $name
}

# plotted: how many ms each channel takes for a sample, and whether the second one is
# twice as steep; what comes before the device has done as told need not be
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

[ -e "$KO" ] || skip_all "there is no mmapshare_daq.ko"
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

load_daq
expect "nothing yet" "$name: N records/s, 0 channels of N samples/s, 0 missed" \
	"$(lines -n 0.1 -c 1)"
# steps of 256, twice as many and three times
saw=", -32768 to 32512, -32768 to 32256, -32768 to 32512"
expect "a saw, three channels" \
	"$name: N records/s, 3 channels of N samples/s, 0 missed$saw" \
	"$(lines -C 3 -w saw -r 500 -n 1 -c 2 | tail -n 1)"
expect "how many in a second" "yes" "$(rate_is_right)"
expect "a line for each time" "3" "$(lines -n 0.1 -c 3 | wc -l)"
expect "one channel" "1 channels" "$(lines -C 1 -n 0.3 -c 1 | grep -o '[0-9]* channels')"

if command -v python3 >/dev/null; then
	until_true does_as_told -w square
	on_terminal "TERM=vt100 LANG=C.UTF-8 mmapshare scope -C 2 -w square -n 0.2 -c 2 $name" 40 \
		>"$TMP/shown"
	expect "on a screen of its own, which goes" "1 1 status 0" \
		"$(grep -c '\[?1049h' "$TMP/shown") $(grep -c '\[?1049l' "$TMP/shown") $(
		grep -o 'status.*' "$TMP/shown")"
	last_screen <"$TMP/shown" >"$TMP/screen"
	count_lines "$TMP/screen"
	expect "which has 10 rows" "10" "$lines"
	expect "a square has edges, and nothing in the middle of them" yes \
		"$(edges "$TMP/screen")"
	expect "no braille where it cannot be shown" "0" \
		"$(on_terminal "TERM=vt100 LC_ALL=C mmapshare scope -n 0.2 -c 1 $name" 40 |
		python3 -IS -c 'import sys; print(sys.stdin.buffer.read().count(b"\xe2"))')"
	expect "lines on a terminal that cannot draw" "1 status 0" \
		"$(on_terminal "TERM=dumb mmapshare scope -n 0.2 -c 1 $name" 40 |
		awk '/missed/ { n++ } /^status/ { print n, $0 }')"
else
	for _ in 1 2 3 4 5; do
		skip "needs python3"
	done
fi

until_true does_as_told -w saw -r 200
expect "a picture" "0 0 0" "$(picture)"
expect "what gnuplot is told" "set output 'it''s.png' 2 0.312500 0.312500 twice" \
	"$(grep 'set output' "$TMP/plot") $(grep -c '^e$' "$TMP/plot") $(plotted)"
expect "it may not like that" "1 0 1" "$(picture 3)"
if command -v gnuplot >/dev/null; then
	skip "there is a gnuplot"
else
	bad 1 -n 0.2 --png x.png $name
fi

load_daq size=4096
mmapshare scope -r 1000 -n 0.2 $name >"$TMP/rate" &
scope=$!
until_line , "$TMP/rate"
kill -STOP $scope
before=$(made)
# there is room for 39
until_true made_more
kill -CONT $scope
until_line ' [1-9][0-9]* missed' "$TMP/rate"
kill -TERM $scope
wait $scope
expect "what was missed is counted" yes \
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
