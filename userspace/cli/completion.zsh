#compdef mmapshare
# SPDX-License-Identifier: MIT
#
# zsh completion for mmapshare(1): the command knows the candidates

local -a candidates
candidates=("${(@f)$("$words[1]" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
# _describe() expects "CANDIDATE:DESCRIPTION"
candidates=("${(@)candidates//:/\\:}")
candidates=("${(@)candidates/$'\t'/:}")
if [[ -n "$candidates" ]]; then
	_describe mmapshare candidates
else
	_files
fi
