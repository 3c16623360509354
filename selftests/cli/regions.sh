#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare create, destroy, list, info and watch. The output shows the regions
# that exist, and their properties.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

one=cli.$$.one two=cli.$$.two ring=cli.$$.ring

cleanup()
{
	mmapshare destroy $one $two $ring 2>/dev/null
}

# field NAME FIELD: print this field of the region in the output of list
field()
{
	mmapshare list | awk -v name="$1" -v field="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == field) at = i }
		$1 == name { print $at }'
}

# json EXPRESSION: print its value; x is the JSON on standard input
json()
{
	python3 -IS -c "import json, sys; x = json.load(sys.stdin); print($1)" 2>&1
}

plan 37
expect "create" "0 0 0" "$(outcome mmapshare create $one 100K)"
expect "the node" "600 $(id -u)" "$(stat -c '%a %u' "$NODE-$one")"
expect "create again" "1 0 1" "$(outcome mmapshare create $one 1)"
expect "create --exist-ok" "0 0 0" \
	"$(outcome mmapshare create --exist-ok $one 1)"
expect "create with options" "0 0 0" \
	"$(outcome mmapshare create --exist-ok -m 664 -s vmalloc $two 1M)"
expect "the node's mode, masked by the umask" 644 "$(stat -c %a "$NODE-$two")"

exec 3<"$NODE-$two"
expect "list" "1M vmalloc plain 644 1 0" "$(for f in SIZE STRATEGY KIND MODE FILES MAPS; do
	field $two $f; done | tr '\n' ' ' | sed 's/ $//')"
expect "list in order" "$one $two" \
	"$(mmapshare list -n | grep -o '^cli[^ ]*' | tr '\n' ' ' | sed 's/ $//')"
expect "info" "files       1 open;size        1M;strategy    vmalloc;" \
	"$(mmapshare info $two | grep -E '^(size|strategy|files)' | tr '\n' ';')"
expect "kind of a plain region" "kind        plain" "$(mmapshare info $one | grep '^kind')"
expect "features" "features    cow gup dontneed futex dump revoke" \
	"$(mmapshare info $one | grep '^features')"
mmapshare ring create -o $ring 1
expect "list a ring" ring "$(field $ring KIND)"
expect "kind of a ring" "kind        ring overwrite" "$(mmapshare info $ring | grep '^kind')"
expect "kind in sysfs" "0 3" \
	"$(cat /sys/class/mmapshare/mmapshare-$one/ring /sys/class/mmapshare/mmapshare-$ring/ring |
		tr '\n' ' ' | sed 's/ $//')"
expect "info by path" "size        1M" \
	"$(mmapshare info "$NODE-$two" | grep '^size')"
ln -s "$NODE-$two" "$TMP/link"
expect "info by path has name and owner" "$(mmapshare info $two)" "$(mmapshare info "$NODE-$two")"
expect "info by a link has name and owner" "$(mmapshare info $two)" \
	"$(mmapshare info "$TMP/link")"
expect "info of the default region" \
	"size        $(($(cat $PARAMETERS/size) >> 20))M" \
	"$(mmapshare info | grep '^size')"
expect "watch in a pipe" 2 "$(mmapshare watch -n 0.1 -c 2 | grep -c "^$two *1M")"
expect "watch ends when its reader exits" "1 0" \
	"$(mmapshare watch -n 0.01 | head -n 1 | grep -c regions) $?"
if python3 -IS -c 'import json' 2>/dev/null; then
	expect "list --json" "1048576 vmalloc 0644 1 $(id -u)" \
		"$(mmapshare list --json | json "*[(r['size'], r['strategy'],
			r['mode'], r['files'], r['uid']) for r in x
			if r['name'] == '$two'][0]")"
	expect "ring in list --json" "None ['overwrite']" "$(mmapshare list --json |
		json "*[r['ring'] for r in x if r['name'] in ('$one', '$ring')]")"
	expect "info --json" "$two 1048576 1" \
		"$(mmapshare info --json $two |
			json "x['name'], x['size'], x['abi_version']" | tr -d "(),'")"
	expect "info --json of the default region" "$(cat $PARAMETERS/size)" \
		"$(mmapshare info --json | json "x['size']")"
else
	for _ in 1 2 3 4; do
		skip "needs python3"
	done
fi
expect "destroy" "0 0 0" "$(outcome mmapshare destroy $one)"
expect "the node is removed" "" "$(ls "$NODE-$one" 2>/dev/null)"
expect "destroy by path" "0 0 0" "$(outcome mmapshare destroy "$NODE-$ring")"
expect "it is removed" "" "$(mmapshare list -n | grep $ring)"
mmapshare create $ring 1
ln -s "$NODE-$ring" "$TMP/link2"
expect "destroy by a link" "0 0 0" "$(outcome mmapshare destroy "$TMP/link2")"
expect "the link's region is removed" "" "$(mmapshare list -n | grep $ring)"
expect "destroy two, one of which does not exist" "1 0 1" \
	"$(outcome mmapshare destroy $one $two)"
expect "the existing one is removed" "" "$(mmapshare list -n | grep $two)"
exec 3<&-

# Run commands as a user that is not in the device's group.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mmapshare create $one 64K
	other()
	{
		setpriv --reuid 65534 --regid 65534 --clear-groups mmapshare "$@"
	}
	expect "create without permission" "1 0 1" "$(outcome other create $two 1)"
	expect "list without permission" "1 0 1" "$(outcome other list)"
	expect "read without permission" "1 0 1" "$(outcome other read $one)"
	chmod 644 $NODE
	expect "info by query alone" "size        64K" \
		"$(other info $one | grep '^size')"
	expect "info by path without permission" "$(other info $one)" \
		"$(other info "$NODE-$one")"
	chmod 660 $NODE
else
	for _ in 1 2 3 4 5; do
		skip "needs root and setpriv"
	done
fi
