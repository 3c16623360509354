#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two programs in the README do what it says: what the first has left in a
# region, the second finds.

cd "$(dirname "$0")" || exit
node=/dev/mmapshare-greeting

echo "TAP version 13"
if [ ! -x readme_write ]; then
	echo "1..0 # SKIP built without libmmapshare"
	exit 4
fi
echo "1..5"
count=0 failures=0

# expect WHAT WANTED GOT
expect()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count $1"
	else
		failures=$((failures + 1))
		echo "not ok $count $1"
		echo "# want: $2, got: $3"
	fi
}

expect "nothing to read yet" "greeting: No such file or directory" \
	"$(./readme_read 2>&1)"
expect "made" 0 "$(./readme_write 2>&1; echo $?)"
expect "read" hello "$(./readme_read 2>&1)"
expect "as the owner wanted it" "600 4096" \
	"$(stat -c %a $node) $(head -c 4096 $node | wc -c)"
expect "the second one is told" "greeting: File exists" "$(./readme_write 2>&1)"
"$(dirname "$0")/module_tool" destroy /dev/mmapshare greeting >/dev/null
exit $((failures > 0))
