#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two programs in the README: readme_write creates a region, readme_read
# prints its contents.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"
cd "$(dirname "$0")" || exit
node=$NODE-greeting

[ -x readme_write ] || skip_all "built without libmmapshare"
plan 5
expect "read before the region exists" "greeting: No such file or directory" \
	"$(./readme_read 2>&1)"
expect "write" 0 "$(./readme_write 2>&1; echo $?)"
expect "read" hello "$(./readme_read 2>&1)"
expect "mode and size" "600 $PAGE" \
	"$(stat -c %a $node) $(head -c 1M $node | wc -c)"
expect "write again" "greeting: File exists" "$(./readme_write 2>&1)"
mmapshare destroy greeting
