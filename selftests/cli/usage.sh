#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Each error is one line on standard error that begins with the command's name;
# the status is 2 for an invalid command line, 1 for an operation that failed.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

commands="create destroy list info read write fill checksum seal notify wait watch \
	ring scope doctor setup"

# bad STATUS WORDS...: expect STATUS, one line on standard error, and no other
# output
bad()
{
	want=$1
	shift
	outcome mmapshare "$@" >"$TMP/outcome"
	read -r got <"$TMP/outcome"
	read -r said <"$TMP/err"
	case $said in
	"mmapshare: "* | "mmapshare $1: "*) ;;
	*)	got="$got: $said" ;;
	esac
	expect "mmapshare $*" "$want 0 1" "$got"
}

help_of_all()
{
	version=$(mmapshare --version)
	all=$(mmapshare --help)
	[ "$(mmapshare -h 2>&1)" = "$all" ] || echo "-h differs"
	[ "$(mmapshare help 2>&1)" = "$all" ] || echo "help differs"
	for c in $commands; do
		help=$(mmapshare "$c" --help 2>&1) || echo "$c: $?"
		case $help in
		"Usage: mmapshare $c "*) ;;
		*)	echo "$c: no usage" ;;
		esac
		[ "$(mmapshare "$c" -h 2>&1)" = "$help" ] || echo "$c: -h differs"
		[ "$(mmapshare help "$c" 2>&1)" = "$help" ] || echo "help $c differs"
		[ "$(mmapshare "$c" --version)" = "$version" ] ||
			echo "$c: no version"
		case $all in
		*"
  $c "*)	;;
		*)	echo "$c: not in help" ;;
		esac
	done
}

unknown_options()
{
	for c in $commands; do
		outcome mmapshare "$c" --no-such-option
	done | sort -u
}

plan 66
expect "each command has help" "" "$(help_of_all)"
expect "unknown option of each command" "2 0 1" "$(unknown_options)"
expect "version" "mmapshare $(cat /sys/module/mmapshare/version)" "$(mmapshare --version)"
bad 2 --no-such-option
bad 2 frobnicate
bad 2 help no-such-command
bad 2 help create destroy
got=$(outcome mmapshare)
expect "mmapshare" "2 0 1" "$got"
bad 2 create
bad 2 create name
bad 2 create name 1 more
bad 2 create a/b 1
bad 2 create '' 1
bad 2 create . 1
bad 2 create "$(printf '%064d' 0)" 1
bad 2 create name 0
bad 2 create name -- -1
bad 2 create name ' 1'
bad 2 create name 1X
bad 2 create name 1KK
bad 2 create name 16777216T
bad 2 create name 99999999999999999999
bad 1 create name 16777215T
bad 2 create --mode 8 name 1
bad 2 create --mode 1777 name 1
bad 2 create --strategy best name 1
bad 2 create --owner 4294967296 name 1
bad 2 create --owner 0: name 1
bad 2 destroy
bad 1 destroy /dev/null
bad 1 destroy /no/where
bad 1 destroy /dev/mmapshare
bad 1 destroy /dev/mmapshare-no-such-region
bad 1 destroy no-such-region
bad 1 destroy --revoke no-such-region
bad 2 seal
bad 2 seal no-such-region read
bad 1 seal no-such-region write
bad 1 seal /dev/null
bad 2 list name
bad 2 info one two
bad 1 info no-such-region
bad 1 info /dev/null
bad 1 info /no/where
bad 2 read --offset -1
bad 1 read --offset 16777215T
bad 1 read --length 16777215T
bad 2 read --length
bad 1 write no-such-region
bad 2 fill --pattern ''
bad 2 fill --pattern 123456789
bad 2 fill --hex 1
bad 2 fill --hex 0x
bad 1 checksum --offset 1 --length 16777215T
bad 1 notify no-such-region
bad 2 notify one two
bad 2 wait --timeout -1
bad 2 wait --count x
bad 1 wait no-such-region
bad 2 watch --interval 0
bad 2 watch name
bad 2 ring
bad 2 scope one two
bad 2 doctor one two
bad 2 create name -5
expect "a negative SIZE" "mmapshare create: '-5': a number must not be negative" \
	"$(cat "$TMP/err")"
