# Completion of nagaya for fish: `nagaya completion fish | source`.
function __nagaya
    set -l typed (commandline -opc)[2..]
    set -l last (commandline -ct)
    command nagaya --complete $typed "$last" 2>/dev/null
    if test $status -eq 3
        __fish_complete_path "$last"
    end
end
complete -c nagaya -f -a '(__nagaya)'
