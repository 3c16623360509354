# SPDX-License-Identifier: MIT
#
# fish completion for mmapshare(1): the command knows the candidates

function __mmapshare_candidates
    set -l words (commandline -opc)
    # quoted: the word before the cursor may be empty
    $words[1] __complete $words[2..] "$(commandline -ct)" 2>/dev/null
end

complete -c mmapshare -f -a '(__mmapshare_candidates)'
complete -c mmapshare -n '__fish_prev_arg_in --png; or __fish_seen_subcommand_from setup' -F
