# Completion of nagaya for bash: `source <(nagaya completion bash)`.
_nagaya() {
    local line="${COMP_LINE:0:COMP_POINT}" words found word
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    found=$(command nagaya --complete "${words[@]:1}" 2>/dev/null)
    if (($? == 3)); then
        compopt -o default 2>/dev/null
        COMPREPLY=()
        return
    fi
    # Signs that are the end of a word to bash have been typed, and are not to be put there again.
    local typed="${words[-1]}" breaks="${COMP_WORDBREAKS//[^:=@]/}"
    [[ -n $breaks && $typed == *[$breaks]* ]] && typed="${typed%"${typed##*[$breaks]}"}" || typed=""
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        [[ -n $word ]] && COMPREPLY+=("${word#"$typed"}")
    done <<<"$found"
}
complete -F _nagaya nagaya
