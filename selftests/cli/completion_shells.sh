#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# zsh and fish complete commands, options and their values.  Needs no module: the
# command provides the candidates, and completion.sh has it complete regions.

# shellcheck source=../tap_lib.sh
. "$(dirname "$0")/../tap_lib.sh"

share=$(command -v mmapshare)
share=${share%/bin/*}/share
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# no configuration of this user
export HOME="$tmp" XDG_CONFIG_HOME="$tmp" XDG_DATA_HOME="$tmp" ZDOTDIR="$tmp"

# in_fish LINE: print the candidates for the last word
in_fish()
{
	XDG_DATA_DIRS="$share:/usr/share" fish -c "complete -C '$1'" | cut -f 1 |
		tr '\n' ' '
}

# in_zsh LINE: print the line after the tab key, from a shell on a terminal of its
# own.  There Ctrl-X prints the line.
in_zsh()
{
	zsh -f "$tmp/type" "$1" "$share/zsh/site-functions" |
		sed -n 's/.*<\(mmapshare.*\)>.*/\1/p'
}

cat >"$tmp/type" <<'END'
zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell "PS1=; fpath=($2 \$fpath); autoload -U compinit; compinit -u -D"
zpty -w shell 'show() { zle -I; print -r -- "<$BUFFER>"; print "DO""NE"; BUFFER=; }'
zpty -w shell 'zle -N show; bindkey "^X" show; bindkey "^I" complete-word; print "REA""DY"'
zpty -r shell output "*READY*"
zpty -w -n shell "$1"$'\t\x18'
zpty -r shell output "*DONE*"
print -r -- "$output"
zpty -d shell
END

# completes SHELL LINE WANTED
completes()
{
	if ! command -v "$1" >/dev/null; then
		skip "no $1"
	elif [ "$1" = zsh ] && ! zsh -f -c 'zmodload zsh/zpty' 2>/dev/null; then
		skip "no zsh/zpty"
	else
		expect "$1: $2" "$3" "$("in_$1" "mmapshare $2")"
	fi
}

[ -e "$share/fish" ] || skip_all "the completions are not installed"
command -v fish >/dev/null || command -v zsh >/dev/null || skip_all "neither fish nor zsh"
begin_tap 16
completes fish "ch" "checksum "
completes fish "ring f" "follow "
completes fish "ring rea" "read "
completes fish "ring write --c" "--count "
completes fish "help wa" "wait watch "
completes fish "doctor -" "-h --help "
completes fish "create --strategy " "fault huge pfn reserved vmalloc "
completes fish "seal picture r" "revoke "
completes zsh "ch" "mmapshare checksum "
completes zsh "ring f" "mmapshare ring follow "
completes zsh "ring rea" "mmapshare ring read "
completes zsh "ring write --c" "mmapshare ring write --count "
completes zsh "help watc" "mmapshare help watch "
completes zsh "doctor --h" "mmapshare doctor --help "
completes zsh "create --strategy v" "mmapshare create --strategy vmalloc "
completes zsh "seal picture r" "mmapshare seal picture revoke "
end_tap
