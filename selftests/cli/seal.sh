#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare seal adds seals; seal, info and list show them; commands that write
# to a sealed region print why they fail.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

ring_seals="which cannot be sealed against writes; a ring can get revoke and seal"
only_owner="only the owner or CAP_SYS_ADMIN may seal it"
one=cli.$$.one two=cli.$$.two ring=cli.$$.ring

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy $one $two $ring 2>/dev/null
}

seals()
{
	mmapshare seal "$@" | tr '\n' ' '
}

# json EXPRESSION: print its value; x is the JSON on standard input
json()
{
	python3 -IS -c "import json, sys; x = json.load(sys.stdin); print($1)" 2>&1
}

# complaint COMMAND...: print what the command writes to standard error
complaint()
{
	"$@" 2>&1 >/dev/null </dev/zero
}

plan 24
mmapshare create -m 644 $one 4K
mmapshare create $two 4K
echo bytes | mmapshare write $one
sum=$(mmapshare checksum $one)

expect "seal without seals" "0 0 0" "$(outcome mmapshare seal $one)"
expect "info without seals" "seals       none" "$(mmapshare info $one | grep ^seals)"
expect "add a seal" "0 0 0" "$(outcome mmapshare seal $one future)"
expect "query the seal" "future " "$(seals $one)"
expect "add it again" "0 0 0" "$(outcome mmapshare seal $one future)"
expect "add two by path" "0 0 0" \
	"$(outcome mmapshare seal $NODE-$one write seal)"
expect "query three seals" "write future seal " "$(seals $one)"
expect "info with seals" "seals       write future seal" "$(mmapshare info $one | grep ^seals)"
expect "add after seal" \
	"mmapshare seal: '$one': it is sealed against further seals" \
	"$(complaint mmapshare seal $one write)"
expect "another region has no seals" "" "$(seals $two)"
expect "write" "mmapshare write: '$one': it is sealed against writes (write, future, seal)" \
	"$(complaint mmapshare write -l 1 $one)"
expect "fill" "mmapshare fill: '$one': it is sealed against writes (write, future, seal)" \
	"$(complaint mmapshare fill $one)"
expect "status of fill" "1 0 1" "$(outcome mmapshare fill $one)"
expect "contents unchanged" "bytes $sum" \
	"$(mmapshare read -l 5 $one) $(mmapshare checksum $one)"
mmapshare ring create $ring 4K
expect "fill a ring" \
	"mmapshare fill: '$ring': it is a ring; write records with mmapshare ring write" \
	"$(complaint mmapshare fill $ring)"
expect "seal a ring" \
	"mmapshare seal: '$ring': it is a ring, $ring_seals" \
	"$(complaint mmapshare seal $ring write)"
expect "the doorbell works" 1 \
	"$(mmapshare notify $one; mmapshare wait -c 0 -t 10 $one)"
if python3 -IS -c 'import json, mmap' 2>/dev/null; then
	expect "list --json" "['write', 'future', 'seal'] []" \
		"$(mmapshare list --json | json "*[r['seals'] for n in ('$one', '$two')
			for r in x if r['name'] == n]")"
	expect "info --json" "['write', 'future', 'seal']" \
		"$(mmapshare info --json $one | json "x['seals']")"
	expect "info --json of the default region" "[]" \
		"$(mmapshare info --json | json "x['seals']")"
	# a writable mapping of another process prevents the seal
	mkfifo "$TMP/go" "$TMP/ready"
	python3 -c "import mmap, sys
f = open('$NODE-$two', 'r+b', buffering=0)
m = mmap.mmap(f.fileno(), 4096)
open('$TMP/ready', 'w').close()
open('$TMP/go').close()" &
	cat "$TMP/ready"
	expect "add write while it is mapped writable" "1 0 1 " \
		"$(outcome mmapshare seal $two write) $(seals $two)"
	: >"$TMP/go"
	wait
	expect "add write after it was unmapped" "0 0 0 write " \
		"$(outcome mmapshare seal $two write) $(seals $two)"
else
	for _ in 1 2 3 4 5; do
		skip "needs python3"
	done
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	other()
	{
		setpriv --reuid 65534 --regid 65534 --clear-groups mmapshare "$@"
	}
	expect "another user queries the seals" \
		"write future seal " "$(other seal $one | tr '\n' ' ')"
	mmapshare destroy $two
	mmapshare create $two 4K
	chmod 666 "$NODE-$two"
	expect "another user with write permission adds a seal" \
		"mmapshare seal: '$two': it belongs to another user; $only_owner" \
		"$(complaint other seal $two write)"
else
	skip "needs root and setpriv"
	skip "needs root and setpriv"
fi
