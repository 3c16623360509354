#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare setup creates the regions that files describe, leaves those that exist,
# and names the file and the line of each error.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

one=cli.$$.one two=cli.$$.two three=cli.$$.three
good=$TMP/good.conf bad=$TMP/bad.conf

cleanup()
{
	mmapshare destroy $one $two $three 2>/dev/null
}

# facts: print name, size, strategy, kind and mode of the regions. The size of a
# ring includes more than its records.
facts()
{
	mmapshare list -n | awk -v prefix="cli.$$." 'index($1, prefix) == 1 {
		print substr($1, length(prefix) + 1), $4 == "ring" ? "-" : $2, $3, $4, $5 }'
}

# setup FILE...: print the status, and the messages without the directory
setup()
{
	mmapshare setup "$@" 2>"$TMP/err"
	echo "$?"
	sed "s|$TMP/||" "$TMP/err"
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
plan 11
cat >"$good" <<-END
	# a comment

	region $one 64K mode=660 owner=65534:100 # another
	  ring	$two 4096 overwrite consumers=3 exist-ok
END
# the last line does not end
printf 'region %s 1 strategy=vmalloc' $three >"$TMP/more.conf"
umask 077
expect "two files" 0 "$(setup "$good" "$TMP/more.conf")"
all="one 64K fault plain 660
three $((PAGE / 1024))K vmalloc plain 600
two - fault ring 600"
expect "the umask does not apply" "$all" "$(facts)"
expect "the region has an owner, the node a group, too" \
	"$(id -un 65534 2>/dev/null || echo 65534) 65534:100" \
	"$(mmapshare list -n | awk "\$1 == \"$one\" { print \$6 }") $(stat -c %u:%g $NODE-$one)"
expect "a ring's options" "overwrite 0 of 3 " "$(mmapshare ring stat $two |
	sed -n 's/^\(kind\|consumers\) *//p' | tr '\n' ' ')"
echo "bytes" | mmapshare write $three
expect "again" 0 "$(setup "$good" "$TMP/more.conf")"
expect "existing regions are left" "$all bytes" "$(facts) $(mmapshare read -l 5 $three)"

example=$(command -v mmapshare)
example=${example%/bin/*}/share/doc/mmapshare/etc/mmapshare.d/example.conf
if [ -e "$example" ]; then
	mmapshare destroy $one $two
	sed "s/picture/$one/; s/events/$two/; s/root:video/0:0/" "$example" >"$TMP/example.conf"
	expect "the installed example" "0 one plain two ring" "$(setup "$TMP/example.conf") $(
		facts | grep -v three | cut -d ' ' -f 1,4 | tr '\n' ' ' | sed 's/ $//')"
else
	skip "the example is not installed"
fi

cat >"$bad" <<-END
	region $one
	shelf $one 1
	region $one 1 mode=9
	ring $one 1
	region $one 1 help
	region $one 1 strategy=none
	region $one 1 owner=cli.$$
	region $three 1
END
mmapshare destroy $three
expect "errors name file and line" "1
mmapshare setup: bad.conf:1: NAME and SIZE are required, for example: region picture 64K
mmapshare setup: bad.conf:2: 'shelf': a line must begin with region or ring
mmapshare setup: bad.conf:3: '9': MODE must be an octal number from 0 to 777
mmapshare setup: bad.conf:4: '$one': a plain region of that name exists; choose another \
name, or destroy it
mmapshare setup: bad.conf:5: unrecognized option '--help'
mmapshare setup: bad.conf:6: 'none': STRATEGY must be fault, huge, vmalloc, pfn or reserved
mmapshare setup: bad.conf:7: 'cli.$$': no such user" "$(setup "$bad")"
expect "they do not prevent other lines" 0 "$(status mmapshare info $three)"
printf 'region %s 1\n\000' $three >"$bad"
expect "a file that is no text" "1
mmapshare setup: bad.conf: not a text file: it has a byte 0
mmapshare setup: none: No such file or directory" "$(setup "$bad" "$TMP/none")"
echo "region $three 1 owner=0:0" >"$bad"
chmod 755 "$TMP"
chmod 644 "$bad"
expect "only root can create for another user" \
	"bad.conf:1: '$three': cannot create a region for 0:0: Operation not permitted" \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups mmapshare setup "$bad" 2>&1 |
		sed "s|.*$TMP/||")"
