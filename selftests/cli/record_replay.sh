#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare ring replay: order and content at any speed, and when each record is due.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring=cli.$$.ring timed=cli.$$.timed target=cli.$$.target

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring $timed $target 2>/dev/null
}

# due SPEED [OPTION...]: what a dry run should print, from the times in the file
due()
{
	mmapshare ring dump -j "$TMP/timed" | tr -d ',' | awk -v speed="$1" -v max="${2:-1000000}" '
		{
			gap = NR == 1 ? 0 : $4 - last
			last = $4
			if (gap > max * 1000000000)
				gap = max * 1000000000
			at += int(gap / speed)
			printf("%d %d.%09d\n", $2, at / 1000000000, at % 1000000000)
		}'
}

plan 20
mmapshare ring create $ring 64K
mmapshare ring create -i type,monotonic $timed 64K
mmapshare ring create -i type $target 64K
seq 1000 >"$TMP/numbers"
head -n 400 "$TMP/numbers" | mmapshare ring put $ring
mmapshare ring record -t 0 $ring "$TMP/one"
tail -n 600 "$TMP/numbers" | mmapshare ring put $ring
mmapshare ring record -t 0 $ring "$TMP/two"
expect "replay two files" "0 0 0" "$(outcome mmapshare ring replay "$TMP/one" "$TMP/two" $target)"
expect "all records, in order" 0 \
	"$(mmapshare ring read $target | cmp - "$TMP/numbers"; echo $?)"
expect "replay -f -c" "0 400|401|" "$(
	mmapshare ring replay -f 399 -c 2 "$TMP/one" "$TMP/two" $target
	echo "$? $(mmapshare ring read $target | tr '\n' '|')")"
expect "a speed without times" \
	"1 mmapshare ring replay: '$TMP/one': its records have no times; use --speed max" \
	"$(mmapshare ring replay -s 2 "$TMP/one" $target 2>"$TMP/err"; echo "$? $(cat "$TMP/err")")"
expect "invalid speeds" "2 2 2 2" "$(for s in 0 1x fast nan; do
	status mmapshare ring replay -s $s "$TMP/one" $target; done | tr '\n' ' ' | sed 's/ $//')"

for n in 1 2 3 4; do
	echo "record $n" | mmapshare ring put -T $n $timed
done
expect "record with times" 0 "$(status mmapshare ring record -c 4 $timed "$TMP/timed")"
expect "due at the original speed" "$(due 1)" "$(mmapshare ring replay -n "$TMP/timed" $target)"
expect "due at twice the speed" "$(due 2)" \
	"$(mmapshare ring replay -n -s 2 "$TMP/timed" $target)"
expect "due at half the speed" "$(due 0.5)" \
	"$(mmapshare ring replay -n -s 0.5 "$TMP/timed" $target)"
expect "due with shorter gaps" "$(due 1 0)" \
	"$(mmapshare ring replay -n -g 0 "$TMP/timed" $target)"
expect "a dry run writes nothing" "" "$(mmapshare ring read $target)"
expect "replay with times" "0 0 0" "$(outcome mmapshare ring replay "$TMP/timed" $target)"
expect "types are kept" "1 record 1|2 record 2|3 record 3|4 record 4|" \
	"$(mmapshare ring read -i $target | tr '\n' '|')"
expect "replay faster" "0 4" "$(mmapshare ring replay -s 100 "$TMP/timed" $target; echo "$? $(
	mmapshare ring read $target | grep -c .)")"

mmapshare destroy $target
mmapshare ring create $target 1
expect "replay -t to a full ring" "3 0 0" \
	"$(outcome mmapshare ring replay -t 0 "$TMP/one" "$TMP/two" $target)"
mmapshare ring read $target >"$TMP/out"
expect "the first ones are there" "" "$(head -n "$(grep -c . "$TMP/out")" "$TMP/numbers" |
	cmp - "$TMP/out" 2>&1)"
expect "replay -d to a full ring" "5 0 1" \
	"$(outcome mmapshare ring replay -d "$TMP/one" "$TMP/two" $target)"
mmapshare ring read $target >/dev/null
head -c 20000 /dev/zero | tr '\0' x | mmapshare ring put $ring
mmapshare ring record -t 0 $ring "$TMP/long"
expect "too long for the ring" "1 0 1" "$(outcome mmapshare ring replay "$TMP/long" $target)"
head -c 1000 "$TMP/one" >"$TMP/torn"
expect "a torn file is replayed up to its end" "0 0 1" \
	"$(outcome mmapshare ring replay "$TMP/torn" $target)"
expect "corrupt and whole files" "1 600" "$(
	printf x | dd of="$TMP/one" bs=1 seek=300 conv=notrunc 2>/dev/null
	mmapshare destroy $target
	mmapshare ring create $target 64K
	mmapshare ring replay "$TMP/one" "$TMP/two" $target 2>/dev/null
	echo "$? $(mmapshare ring read $target | grep -c .)")"
