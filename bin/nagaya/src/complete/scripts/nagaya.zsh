#compdef nagaya
# Completion of nagaya for zsh: `source <(nagaya completion zsh)`, or this file as `_nagaya` in a folder of $fpath.
_nagaya() {
    local found line
    local -a all typed
    typed=("${(@Q)words[2,CURRENT]}")
    found=$(command nagaya --complete "${typed[@]}" 2>/dev/null)
    if (($? == 3)); then
        _files
        return
    fi
    # A colon is the end of the word that is described.
    for line in "${(@f)found}"; do
        [[ -n $line ]] && all+=("${${${line%%$'\t'*}//:/\\:}}${${line#*$'\t'}:+:${line#*$'\t'}}")
    done
    _describe -V nagaya all
}
if [[ $funcstack[1] == _nagaya ]]; then
    _nagaya "$@"
else
    compdef _nagaya nagaya
fi
