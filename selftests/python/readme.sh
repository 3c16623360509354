#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The Python programs in the README do what it says.

# shellcheck source=python_lib.sh
. "$(dirname "$0")/python_lib.sh"

ring=samples

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

need_package
cd "$(dirname "$0")" || exit
[ -e readme_first.py ] || skip_all "built without the README"
plan 3
size=$(mmapshare info --json | sed 's/.*"size": \([0-9]*\).*/\1/')
mmapshare fill -p . >/dev/null
expect "the region" "b'.....' -1 $size" "$(python3 readme_first.py 2>&1)"
expect "what it left" hello.. "$(head -c 7 "$NODE")"
mmapshare ring create $ring 4K
printf 'one\ntwo\n' | mmapshare ring put $ring
expect "the ring" "$(printf "b'one'\nb'two'")" "$(python3 readme_ring.py 2>&1)"
