#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the Python programs of the README.

# shellcheck source=python_lib.sh
. "$(dirname "$0")/python_lib.sh"

ring=samples

# shellcheck disable=SC2317	# called at exit
cleanup()
{
	mmapshare destroy $ring 2>/dev/null
}

need_package
cd "$(dirname "$0")" || exit
[ -e readme_first.py ] || skip_all "no readme_first.py: built without the README"
plan 3
size=$(mmapshare info --json | sed 's/.*"size": \([0-9]*\).*/\1/')
mmapshare fill -p . >/dev/null
expect "readme_first.py reads the region" "b'.....' -1 $size" "$(python3 readme_first.py 2>&1)"
expect "readme_first.py stored to the region" hello.. "$(head -c 7 "$NODE")"
mmapshare ring create $ring 4K
printf 'one\ntwo\n' | mmapshare ring put $ring
expect "readme_ring.py reads the ring" "$(printf "b'one'\nb'two'")" "$(python3 readme_ring.py 2>&1)"
