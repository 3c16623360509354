# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for mmapshare(1)

_mmapshare_regions()
{
	mmapshare list --no-headings 2>/dev/null | cut -d ' ' -f 1
}

# _mmapshare_words COMMAND PREVIOUS: candidates for the word after PREVIOUS
_mmapshare_words()
{
	local range="--offset --length"

	case $2 in
	-s | --strategy)
		echo fault huge vmalloc pfn
		return ;;
	-w | --wave)
		echo saw square triangle noise
		return ;;
	-m | --mode | -o | --offset | -l | --length | -p | --pattern | -x | --hex | \
	-n | --interval | -c | --count | -t | --timeout | -C | --channels)
		case "$1 $2" in
		"list -n" | "ring create -o" | "ring "[cfprtw]*" -x" | "ring "[cfprtw]*" --hex") ;;
		*)	return ;;
		esac ;;
	esac
	case $1 in
	create)		echo --exist-ok --mode --strategy --help ;;
	ring)		echo create write read follow put cat tail stat bench help --help ;;
	"ring create")	echo --consumers --evict --exist-ok --info --mode --overwrite --per-user \
				--readers-hold --reserve --help ;;
	"ring write" | "ring put")
			echo --count --drop --hang-up --hex --raw --timeout --type --help
			_mmapshare_regions ;;
	"ring read" | "ring cat")
			echo --count --follow --hang-up --hex --info --json --raw --timeout --help
			_mmapshare_regions ;;
	"ring follow" | "ring tail")
			echo --all --count --hang-up --hex --info --json --raw --timeout --help
			_mmapshare_regions ;;
	"ring stat")	echo --json --help; _mmapshare_regions ;;
	"ring bench")	echo --length --time --help ;;
	destroy)	echo --revoke --help; _mmapshare_regions ;;
	list)		echo --json --no-headings --help ;;
	info)		echo --json --help; _mmapshare_regions ;;
	read | write | checksum)
			echo "$range --help"; _mmapshare_regions ;;
	fill)		echo "$range --pattern --hex --help"; _mmapshare_regions ;;
	seal)		echo --help
			if [ "$COMP_CWORD" -gt 2 ]; then
				echo write future revoke seal
			else
				_mmapshare_regions
			fi ;;
	notify)		echo --help; _mmapshare_regions ;;
	wait)		echo --count --hang-up --timeout --help; _mmapshare_regions ;;
	watch)		echo --count --interval --help ;;
	scope)		echo --channels --count --interval --png --rate --wave --help
			_mmapshare_regions ;;
	doctor)		echo --help; _mmapshare_regions ;;
	*)		echo create destroy list info read write fill checksum seal \
				notify wait watch ring scope doctor help --help --version ;;
	esac
}

_mmapshare()
{
	local word=${COMP_WORDS[COMP_CWORD]} command='' words

	[ "$COMP_CWORD" -le 1 ] || command=${COMP_WORDS[1]}
	if [ "$command" = ring ] && [ "$COMP_CWORD" -gt 2 ]; then
		command="ring ${COMP_WORDS[2]}"
	fi
	words=$(_mmapshare_words "$command" "${COMP_WORDS[COMP_CWORD - 1]}")
	# offer options only after a '-'
	[ "${word:0:1}" = - ] || words=$(tr ' ' '\n' <<<"$words" | grep -v '^-')
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _mmapshare mmapshare
