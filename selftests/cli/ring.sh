#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring: records in each format, waiting, overwriting, facts, and the
# exit status.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring over=cli.$$.over

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring $over 2>/dev/null
}

# bad STATUS WORDS...: expect STATUS, and one line on standard error that begins
# with the command
bad()
{
	want=$1
	shift
	case $1 in
	frobnicate)	prefix="mmapshare ring: " ;;
	*)		prefix="mmapshare ring $1: " ;;
	esac
	expect "mmapshare ring $*" "$want 0 1" "$(outcome mmapshare ring "$@"; said "$prefix")"
}

help_of_all()
{
	mmapshare ring --help >"$TMP/all" || echo "$?"
	for c in create write read follow put cat tail stat cursors bench record dump replay; do
		mmapshare ring $c --help >"$TMP/help" 2>&1 || echo "$c: $?"
		grep -q "^Usage: mmapshare ring $c " "$TMP/help" || echo "$c: no usage"
		grep -q "^  \(.*, \)\?$c\b" "$TMP/all" || echo "$c: not in help"
	done
	mmapshare ring help | cmp - "$TMP/all"
}

# fact WORD NAME: print this fact of the output of stat
fact()
{
	mmapshare ring stat "$2" | sed -n "s/^$1  *//p"
}

# facts "WORD..." NAME: print several facts, in this order
facts()
{
	mmapshare ring stat "$2" | awk -v names="$1" '
		{ name = $1; sub(/^[^ ]* */, ""); fact[name] = $0 }
		END {
			n = split(names, wanted, " ")
			for (i = 1; i <= n; i++)
				printf("%s ", fact[wanted[i]])
		}'
}

# fact_is WORD VALUE: does the fact begin with VALUE?
fact_is()
{
	[ "$(fact "$1" $ring | cut -d ' ' -f 1)" = "$2" ]
}

plan 74
expect "each command has help" "" "$(help_of_all)"
bad 2 frobnicate
bad 2 create
bad 2 create name
bad 2 create name 0
bad 2 create -c 0 name 1
bad 2 create -c 65 name 1
bad 2 create -m 8 name 1
bad 2 create -c 2 -p 3 name 1
bad 2 create -c 2 -r 3 name 1
bad 2 create -o -H name 1
bad 2 create -o -E 1 name 1
bad 1 create name 16777215T
bad 2 put
bad 2 put one two
bad 2 cat a/b/../ two
bad 2 cat -t 1 name
bad 2 cat -u name
bad 1 cat no-such-ring
bad 1 cat /dev/null
bad 1 tail "$NODE"
bad 2 tail -t -1 name
bad 1 stat no-such-ring
bad 1 stat "$NODE"
bad 2 bench -l 0
bad 2 bench name

expect "create" "0 0 0" "$(outcome mmapshare ring create -c 2 -m 640 $ring 5000)"
expect "the node" 640 "$(stat -c %a "$NODE-$ring")"
expect "create again" "1 0 1" "$(outcome mmapshare ring create $ring 1)"
expect "create --exist-ok" "0 0 0" \
	"$(outcome mmapshare ring create --exist-ok $ring 1)"
size=$(fact size $ring)
expect "facts" "lossless none 0 0 of 2 " \
	"$(facts "kind producer seq consumers" $ring)"

expect "slots" "1 1" "$(fact "per user" $ring) $(fact reserved $ring)"

expect "put lines" "0 " "$(printf 'one\n\nthree' | mmapshare ring put $ring 2>&1; echo "$? ")"
expect "stat after put" "detached 3 " "$(facts "producer seq" $ring)"
expect "cat one record" one "$(mmapshare ring cat -c 1 $ring)"
expect "cat" "$(printf '\nthree\n.')" "$(mmapshare ring cat $ring; echo .)"
expect "write, follow and read" "0 one|one|" "$(echo one | mmapshare ring write $ring; echo $?) $(
	mmapshare ring follow -a -t 0 $ring | tr '\n' '|'; mmapshare ring read $ring | tr '\n' '|')"
expect "put -d without a loss" "0 two" \
	"$(echo two | mmapshare ring write -d $ring; echo $?) $(mmapshare ring read $ring)"
expect "cat an empty ring" "" "$(mmapshare ring cat $ring)"
echo 00ffA0 | mmapshare ring put -x $ring
expect "hex" 00ffa0 "$(mmapshare ring cat -x $ring)"
expect "invalid hex" \
	"1 mmapshare ring put: standard input, line 2: two hexadecimal digits expected per byte" \
	"$(printf '00\n0\n' | mmapshare ring put -x $ring 2>"$TMP/err"
		echo "$? $(cat "$TMP/err")")"
expect "records before the invalid line" 00 "$(mmapshare ring cat -x $ring)"
printf '\003\000\000\000a\nb\000\000\000\000' >"$TMP/raw"
mmapshare ring put -r $ring <"$TMP/raw"
mmapshare ring cat -r $ring >"$TMP/raw2"
expect "raw" "0" "$(cmp "$TMP/raw" "$TMP/raw2"; echo $?)"
expect "truncated raw record" "1 " "$(head -c 5 "$TMP/raw" |
	mmapshare ring put -r $ring 2>/dev/null; echo "$? $(mmapshare ring cat -r $ring)")"
expect "too long" "1 1" "$(head -c 20000 /dev/zero |
	mmapshare ring put $ring 2>"$TMP/err"
	echo "$? $(grep -c 'exceeds the maximum' "$TMP/err")")"

seq 1000 >"$TMP/numbers"
expect "put -t to a full ring" "3" "$(mmapshare ring put -t 0.2 $ring <"$TMP/numbers"; echo $?)"
mmapshare ring cat $ring >"$TMP/out"
expect "records of put -t" "" "$(head -n "$(wc -l <"$TMP/out")" "$TMP/numbers" |
	cmp - "$TMP/out" 2>&1)"
mmapshare ring put -d $ring <"$TMP/numbers" 2>"$TMP/err"
expect "put -d to a full ring" \
	"5 mmapshare ring put: '$ring': ring full, $(fact dropped $ring) records dropped" \
	"$? $(cat "$TMP/err")"
expect "put -t 0 to a full ring" 3 "$(mmapshare ring put -t 0 $ring <"$TMP/numbers"; echo $?)"
mmapshare ring cat $ring >/dev/null

mmapshare ring cat -f -c 1000 $ring >"$TMP/out" &
follower=$!
until_true fact_is consumers 1
mmapshare ring tail $ring >/dev/null &
second=$!
until_true fact_is consumers 2
expect "no consumer slot left" \
	"1 mmapshare ring cat: '$ring': no consumer slot left (2 of 2 in use)" \
	"$(mmapshare ring cat $ring 2>"$TMP/err"; echo "$? $(cut -d ';' -f 1 "$TMP/err")")"
kill $second
wait $second 2>/dev/null
expect "put more than fits, with a consumer" \
	0 "$(mmapshare ring put $ring <"$TMP/numbers"; echo $?)"
wait $follower
expect "cat -f prints every record" "0 0" "$? $(cmp "$TMP/numbers" "$TMP/out"; echo $?)"

seq 5 | mmapshare ring put $ring
expect "tail -a leaves the records" "1 2 3 4 5 " \
	"$(mmapshare ring tail -a -t 0.2 $ring | tr '\n' ' ')"
expect "tail -t" 3 "$(status mmapshare ring tail -t 0.2 $ring)"
expect "cat after tail" "1 2 3 4 5 " "$(mmapshare ring cat $ring | tr '\n' ' ')"
expect "cat took them" "" "$(mmapshare ring cat $ring)"
expect "cat -f -t" "3 0 0" "$(outcome mmapshare ring cat -f -t 0.2 $ring)"

mmapshare ring tail $ring >/dev/null &
second=$!
until_true fact_is consumers 1
expect "stat of one that may lose" "0 lost, may lose" \
	"$(mmapshare ring stat $ring | sed -n 's/^consumer 0 .*behind, //p')"
kill $second
wait $second 2>/dev/null

{ until_true fact_is consumers 1; echo hello; } | mmapshare ring put $ring &
until_true fact_is producer attached
expect "a second producer" "1 mmapshare ring put: '$ring': a producer is attached already" \
	"$(mmapshare ring put $ring </dev/null 2>"$TMP/err"
		echo "$? $(cut -d ';' -f 1 "$TMP/err")")"
expect "tail -u ends when the producer detaches" "4 hello" \
	"$(mmapshare ring tail -u $ring >"$TMP/out"; echo "$? $(cat "$TMP/out")")"
expect "tail -t" "3 0 0" "$(outcome mmapshare ring tail -t 0.2 $ring)"
echo kept | mmapshare ring put $ring
expect "tail skips earlier records" "3 0 0" "$(outcome mmapshare ring tail -t 0.2 $ring)"

expect "create -p -r" "0 0 0" "$(outcome mmapshare ring create -o -c 4 -p 2 -r 0 $over 1)"
expect "slots of create -p -r" "2 0" "$(fact "per user" $over) $(fact reserved $over)"
expect "put to an overwriting ring" "0" "$(mmapshare ring put $over <"$TMP/numbers"; echo $?)"
lost=$(fact overwritten $over)
expect "tail -a of an overwriting ring" "$(tail -n $((1000 - lost)) "$TMP/numbers")" \
	"$(mmapshare ring tail -a -t 0.2 $over)"
expect "size" "8K" "$size"
if command -v python3 >/dev/null; then
	expect "stat --json" "True 1000 $lost []" "$(mmapshare ring stat -j $over |
		python3 -IS -c "import json, sys; x = json.load(sys.stdin); print(
			x['overwrite'], x['seq'], x['overwritten'], x['consumers'])")"
else
	skip "needs python3"
fi
expect "bench" "5 0" "$(mmapshare ring bench -t 0.1 >"$TMP/out"; echo "$(wc -l <"$TMP/out") $?")"
expect "destroy" 0 "$(status mmapshare destroy $ring $over)"
mmapshare create $ring 1
expect "create --exist-ok of a plain region" \
	"1 mmapshare ring create: '$ring': a plain region of that name exists" \
	"$(mmapshare ring create -e $ring 1 2>"$TMP/err"; echo "$? $(cut -d ';' -f 1 "$TMP/err")")"
mmapshare destroy $ring
mmapshare ring create -H $ring 1
expect "create -H" "lossless, waits for all readers" "$(fact kind $ring)"
mmapshare destroy $ring

mmapshare ring create -E 0.05 $ring 1
mmapshare ring cat -f $ring >/dev/null &
follower=$!
until_true fact_is consumers 1
kill -STOP $follower
expect "create -E: put goes on" 0 "$(mmapshare ring put $ring <"$TMP/numbers"; echo $?)"
expect "stat of an evicted consumer" "evicted" \
	"$(mmapshare ring stat $ring | sed -n 's/^consumer 0 .*lost, //p')"
kill -KILL $follower
wait $follower 2>/dev/null
