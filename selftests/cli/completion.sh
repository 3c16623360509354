#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bash completes commands, options and names of regions.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

name=cli.$$.one
ring=cli.$$.two
file=$(command -v mmapshare)
file=${file%/bin/*}/share/bash-completion/completions/mmapshare

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	mmapshare destroy "$name" "$ring" 2>/dev/null
}

# complete_words WORD...: print the completions of the last word
complete_words()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_mmapshare
	echo "${COMPREPLY[@]}"
}

[ -e "$file" ] || skip_all "the completion is not installed"
plan 20
# shellcheck disable=SC1090
. "$file"
mmapshare create $name 1
mmapshare ring create $ring 1
expect "completion is registered" "complete -o default -F _mmapshare mmapshare" \
	"$(complete -p mmapshare)"
expect "commands" "create checksum" "$(complete_words mmapshare c)"
expect "all commands" 18 "$(complete_words mmapshare '' | wc -w)"
expect "options" "--help --version" "$(complete_words mmapshare -)"
expect "options of a command" "--json" "$(complete_words mmapshare list --j)"
expect "regions" "$name $ring" "$(complete_words mmapshare read cli.$$)"
expect "regions after an option and its value" "$name $ring" \
	"$(complete_words mmapshare wait -t 1 cli.$$)"
expect "one region" "" "$(complete_words mmapshare doctor $name cli.$$)"
expect "many regions" "$name $ring" "$(complete_words mmapshare destroy $name cli.$$)"
expect "no options without '-'" "" \
	"$(complete_words mmapshare destroy '' | tr ' ' '\n' | grep '^-')"
expect "seals" "write future revoke seal" "$(complete_words mmapshare seal $name '')"
expect "strategies" "vmalloc" "$(complete_words mmapshare create -s v)"
expect "commands of ring" "stat" "$(complete_words mmapshare ring s)"
expect "options of a ring command" "--overwrite" "$(complete_words mmapshare ring create --ov)"
expect "rings for ring follow" "$ring" "$(complete_words mmapshare ring follow cli.$$)"
expect "rings for its other name" "$ring" "$(complete_words mmapshare ring tail cli.$$)"
expect "a ring and a file for ring record" "$ring " \
	"$(complete_words mmapshare ring record cli.$$) $(
	complete_words mmapshare ring record $ring cli.$$)"
expect "files for ring dump" "" "$(complete_words mmapshare ring dump one cli.$$)"
expect "a file and a ring for ring replay" " $ring" \
	"$(complete_words mmapshare ring replay cli.$$) $(
	complete_words mmapshare ring replay file cli.$$)"
expect "options of every command but help" help "$(for c in $(complete_words mmapshare ''); do
	# a program of its own, which may lack a library
	[ "$c" != bridge ] || mmapshare-bridge --version >/dev/null 2>&1 || continue
	case " $(complete_words mmapshare "$c" -) " in
	*" --help "*)	;;
	*)		echo "$c" ;;
	esac
done)"
