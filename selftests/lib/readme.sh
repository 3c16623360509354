#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two programs in the README do what it says: what the first has left in a
# region, the second finds.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"
cd "$(dirname "$0")" || exit
node=$NODE-greeting

[ -x readme_write ] || skip_all "built without libmmapshare"
plan 5
expect "nothing to read yet" "greeting: No such file or directory" \
	"$(./readme_read 2>&1)"
expect "made" 0 "$(./readme_write 2>&1; echo $?)"
expect "read" hello "$(./readme_read 2>&1)"
expect "as the owner wanted it" "600 $PAGE" \
	"$(stat -c %a $node) $(head -c 1M $node | wc -c)"
expect "the second one is told" "greeting: File exists" "$(./readme_write 2>&1)"
mmapshare destroy greeting
