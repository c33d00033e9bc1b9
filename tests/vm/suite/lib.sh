# shellcheck shell=sh
# What every part uses. Paths are relative to suite.sh's folder.
set -u
. suite/containers.sh

# One check: did we get what we wanted?
is() { # NAME GOT WANTED
    if [ "$2" = "$3" ]; then
        echo "ok $1"
    else
        echo "not ok $1: got '$2', wanted '$3'"
    fi
}

# The same with a shell pattern.
like() { # NAME GOT PATTERN
    # shellcheck disable=SC2254 # it is a pattern
    case $2 in
    $3) echo "ok $1" ;;
    *) echo "not ok $1: got '$2', wanted '$3'" ;;
    esac
}

# Is there still something at the path?
at() { # PATH
    if [ -e "$1" ]; then echo there; else echo gone; fi
}

# Waits up to 10 s for a command to succeed.
soon() { # COMMAND...
    for _ in $(seq 100); do
        if "$@"; then return; fi
        sleep 0.1
    done
    return 1
}
