# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for mmapshare(1): the command knows the candidates

_mmapshare()
{
	local word=${COMP_WORDS[COMP_CWORD]} words

	words=$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null |
		cut -f 1)
	# offer an option of one letter only after the letter
	[ "$word" != - ] || words=$(grep -e -- <<<"$words")
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _mmapshare mmapshare
