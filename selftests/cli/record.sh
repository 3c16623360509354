#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring record and dump: what was in the ring is in the files, byte for
# byte; formats, seeking, rotation, losses, and the exit status.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring over=cli.$$.over
file=$TMP/file dir=$TMP/dir

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring $over 2>/dev/null
	umount "$dir" 2>/dev/null
}

# bad STATUS COMMAND WORDS...: expect STATUS, and one line on standard error that
# begins with the command
bad()
{
	want=$1
	shift
	expect "mmapshare ring $*" "$want 0 1" \
		"$(outcome mmapshare ring "$@"; said "mmapshare ring $1: ")"
}

# consumers N NAME: does the ring have N consumers, also those that may lose?
consumers()
{
	[ "$(mmapshare ring stat "$2" | grep -c '^consumer [0-9]')" = "$1" ]
}

# begin_recorder NAME WORDS...: start it in the background, and wait until it is
# attached
begin_recorder()
{
	mmapshare ring record "$@" >"$TMP/report" 2>"$TMP/err" &
	recorder=$!
	until_true consumers 1 "$1"
}

# end_recorder SIGNAL: set $ended to its exit status
end_recorder()
{
	kill "-$1" $recorder
	wait $recorder
	ended=$?
}

plan 53
mkdir "$dir"
bad 2 record
bad 2 record name
bad 2 record name path more
bad 2 record -s often name path
bad 2 record -s none -r name path
bad 1 record no-such-ring "$file"
bad 2 dump
bad 1 dump /dev/null
bad 1 dump "$TMP/none"
bad 1 dump "$0"
bad 2 dump -S yesterday "$0"
bad 2 replay "$file"
bad 1 replay "$0" $ring

mmapshare ring create $ring 64K
bad 1 record $ring "$TMP/none/file"
bad 2 record -k 1 $ring "$file"
{
	printf '\0\0\0\0\001\0\0\0a\002\0\0\0\n\n\010\0\0\0ABCDEFGH'
	printf '\311\0\0\0'
	head -c 201 /dev/urandom
} >"$TMP/raw"
mmapshare ring put -r $ring <"$TMP/raw"
expect "record -c" "0 0 0" "$(outcome mmapshare ring record -c 5 $ring "$file")"
expect "dump -r: the same bytes" "0 0" \
	"$(mmapshare ring dump -r "$file" >"$TMP/raw2"; echo $?) $(
	cmp "$TMP/raw" "$TMP/raw2"; echo $?)"
expect "it took them" "" "$(mmapshare ring read $ring)"
expect "dump" "0 0 |1 a|2 \\x0a\\x0a|3 ABCDEFGH|" \
	"$(mmapshare ring dump "$file" >"$TMP/out"; echo $?) $(head -n 4 "$TMP/out" | tr '\n' '|')"
expect "dump -x" "2 0a0a" "$(mmapshare ring dump -x "$file" | sed -n 3p)"
expect "dump -f -c" "2 0a0a|3 4142434445464748|" \
	"$(mmapshare ring dump -x -f 2 -c 2 "$file" | tr '\n' '|')"
expect "record to a file that exists" "1 mmapshare ring record: '$file': File exists" \
	"$(mmapshare ring record $ring "$file" 2>"$TMP/err"; echo "$? $(cat "$TMP/err")")"
expect "record -t" "3 0 0" "$(outcome mmapshare ring record -t 0 $ring "$TMP/empty")"
expect "dump nothing" "0 0 0" "$(outcome mmapshare ring dump "$TMP/empty")"
echo last | mmapshare ring put $ring
expect "record -u" "4 0 0" "$(outcome mmapshare ring record -u $ring "$TMP/last")"
expect "the producer had detached" "5 last" "$(mmapshare ring dump "$TMP/last")"

seq 6 1000 >"$TMP/numbers"
begin_recorder $ring -b 4096 -r "$dir"
mmapshare ring put $ring <"$TMP/numbers"
until_true grep -q "^safe [0-9]* $dir/$ring-0000000002.mmr" "$TMP/report"
end_recorder TERM
expect "SIGTERM ends it" 0 $ended
expect "the last report" "safe 1001" "$(tail -n 1 "$TMP/report" | cut -d ' ' -f 1,2)"
expect "all records are in the files, in order" 0 "$(mmapshare ring dump "$dir"/*.mmr |
	awk '$1 != $2 || $1 != NR + 5 { exit 1 } END { exit NR != 995 }'; echo $?)"
expect "no file is larger, but by an index" "" "$(find "$dir" -size +4400c)"
expect "each is closed" "$(find "$dir" -name '*.mmr' | grep -c .)" \
	"$(mmapshare ring dump -b "$dir"/*.mmr | grep -c '^closed')"
expect "seek in all files" "777 777" "$(mmapshare ring dump -f 777 -c 1 "$dir"/*.mmr |
	head -n 1)"
expect "--since the future" "0 0 0" \
	"$(outcome mmapshare ring dump -S 9999999999 "$dir"/*.mmr)"
expect "--since the past" 995 "$(mmapshare ring dump -S 1 "$dir"/*.mmr | grep -c .)"

seq 1001 2000 >"$TMP/numbers"
begin_recorder $ring -b 4096 -k 2 -s 4K -s 0.01s "$dir"
mmapshare ring put $ring <"$TMP/numbers"
until_true sh -c "mmapshare ring dump $dir/*.mmr 2>/dev/null | grep -q '^2000 2000'"
end_recorder HUP
expect "SIGHUP ends it" 0 $ended
expect "-k keeps so many files" 2 "$(find "$dir" -name '*.mmr' | grep -c .)"
expect "these are the last" "2000 2000" "$(mmapshare ring dump "$dir"/*.mmr | tail -n 1)"

seq 200000 205999 >"$TMP/numbers"
begin_recorder $ring "$TMP/large"
mmapshare ring put $ring <"$TMP/numbers"
end_recorder TERM
expect "end" 0 $ended
expect "what is not in the file is still in the ring" 0 "$(
	{ mmapshare ring dump "$TMP/large" | cut -d ' ' -f 2; mmapshare ring read $ring; } |
		cmp -s - "$TMP/numbers"; echo $?)"

mmapshare ring create -o -i type,monotonic,cpu $over 1
begin_recorder $over -s 0.01s -r "$TMP/lossy"
echo first | mmapshare ring put -T 7 $over
until_line '^safe 1 ' "$TMP/report"
kill -STOP $recorder
mmapshare ring put $over <"$TMP/numbers"
kill -CONT $recorder
until_line '^safe 6001 ' "$TMP/report"
end_recorder TERM
expect "end of a lossy recording" 0 $ended
mmapshare ring dump "$TMP/lossy" >"$TMP/out"
lost=$(sed -n 's/^- \([0-9]*\) records lost$/\1/p' "$TMP/out")
expect "the recorder prints the losses at the end" \
	"mmapshare ring record: '$over': $lost records lost" "$(cut -d : -f 1-3 "$TMP/err")"
expect "and are recorded at their place" "0 first|- $lost records lost|$((lost + 1)) $(
	sed -n "$((lost + 1))p" "$TMP/numbers")|" "$(head -n 3 "$TMP/out" | tr '\n' '|')"
expect "nothing else is missing" 6001 $((lost + $(grep -vc '^-' "$TMP/out")))
expect "the info of a record" "7 first" \
	"$(mmapshare ring dump -i "$TMP/lossy" | head -n 1 | cut -d ' ' -f 4-)"
expect "an overwriting ring keeps its records" "$(tail -n 1 "$TMP/numbers")" \
	"$(mmapshare ring read $over | tail -n 1)"
if command -v python3 >/dev/null; then
	expect "dump -j" "6001 $lost 1 7 first" "$(mmapshare ring dump -j "$TMP/lossy" |
		python3 -IS -c "import json, sys; x = [json.loads(line) for line in sys.stdin]
print(
			x[-1]['seq'] + 1, x[1]['lost'], x[1]['seq'] - x[1]['lost'], x[0]['type'],
			bytes.fromhex(x[0]['hex']).decode())")"
else
	skip "needs python3"
fi

begin_recorder $ring -m "$TMP/mute"
kill -STOP $recorder
mmapshare ring read $ring >/dev/null
expect "-m: the producer does not wait for the recorder" 0 \
	"$(seq 20000 | mmapshare ring put -d -t 0 $ring >/dev/null 2>&1
	mmapshare ring read $ring >/dev/null; status mmapshare ring put -t 1 $ring)"
kill -CONT $recorder
end_recorder TERM
expect "end" 0 $ended

begin_recorder $over "$TMP/revoked"
mmapshare destroy -r $over
wait $recorder
expect "a revoked ring ends it" "1 mmapshare ring record: '$over': the region was revoked" \
	"$? $(cat "$TMP/err")"
expect "the file is closed" closed "$(mmapshare ring dump -b "$TMP/revoked" | tail -n 1)"

: >"$dir/$ring-00000000001.mmr"
: >"$dir/$ring-1.mmr"
seq 1000 | mmapshare ring put -t 0 $ring
mmapshare ring record -t 0 -b 4096 -k 1 $ring "$dir"
expect "-k leaves other files" 3 "$(find "$dir" -name '*.mmr' | grep -c .)"
rm -f "$dir"/*
[ "$(id -u)" != 0 ] || mount -t tmpfs none "$dir"
mmapshare ring read $ring >/dev/null
seq 30000 39999 >"$TMP/numbers"
mmapshare ring put $ring <"$TMP/numbers" &
producer=$!
if mmapshare ring record -D -c 10000 $ring "$dir/file" 2>"$TMP/err"; then
	expect "-D" 0 "$(mmapshare ring dump "$dir/file" | cut -d ' ' -f 2 |
		cmp -s - "$TMP/numbers"; echo $?)"
	expect "-D: blocks of 4096 bytes" 0 $(($(stat -c %s "$dir/file") % 4096))
else
	skip "$(cat "$TMP/err")"
	skip "$(cat "$TMP/err")"
	kill $producer
fi
