#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the example in userspace/examples/bpf.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

# shellcheck disable=SC2317	# called at exit
cleanup()
{
	[ -z "$execs" ] || kill "$execs" 2>/dev/null
}

attached()
{
	mmapshare ring stat execs 2>/dev/null | grep -q '^consumer'
}

marked()
{
	[ "$(grep -c marked "$TMP/execs")" -ge "$1" ]
}

execs=
cd "$(dirname "$0")" || exit
[ -x execs ] || skip_all "the example was not built"
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -e /sys/kernel/btf/mmapshare ] || skip_all "the module has no BTF, or the kernel is old"
plan 1
./execs >"$TMP/execs" &
execs=$!
until_true attached
cp /bin/true "$TMP/marked"
for _ in 1 2 3; do
	"$TMP/marked"
done
until_true marked 3
kill "$execs"
wait "$execs" 2>/dev/null
execs=
expect "the example prints what was executed" 3 "$(grep -cE '^[0-9]+ 0 marked$' "$TMP/execs")"
