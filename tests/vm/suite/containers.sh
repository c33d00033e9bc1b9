# shellcheck shell=sh
# Containers, by the runtime under test.

# Bundles and the runtime's state.
top=$(mktemp -d)

# A bundle whose program is `sh -c SCRIPT`: base.json, changed by a jq filter.
bundle() { # ID FILTER SCRIPT
    mkdir -p "$top/$1"
    jq --arg script "$3" --arg root "$PWD/rootfs" \
        ".process.args[2] = \$script | .root.path = \$root | $2" suite/base.json >"$top/$1/config.json"
}

# The runtime, with a state folder of this part, and never forever.
# shellcheck disable=SC2086 # NAGAYA_FLAGS may be none or several
runtime() { # ARGS...
    timeout 60 "$NAGAYA_RUNTIME" --root "$top/state" ${NAGAYA_FLAGS:-} "$@"
}

# Output and exit status of a container that runs to its end.
run() { # ID
    runtime run --bundle "$top/$1" "$1" 2>&1 </dev/null
    echo "status $?"
}

# Creates a container; its output goes to a file, because its process would hold our pipe open.
create() { # ID
    runtime create --bundle "$top/$1" "$1" >"$top/$1/output" 2>&1 </dev/null || cat "$top/$1/output"
}

status() { # ID
    runtime state "$1" | jq -r .status
}

# The container's cgroup, as a path below /sys/fs/cgroup: the kernel's word, not the runtime's.
cgroup() { # ID
    sed -n 's/^0:://p' "/proc/$(runtime state "$1" | jq .pid)/cgroup"
}

# Kills a container and takes it away.
remove() { # ID
    runtime delete --force "$1"
}
