# A user in a cgroup of root's, as after `su` on a machine without systemd.
. suite/lib.sh
rootless=$(cat suite/rootless.jq)
bundle plain "$rootless" 'echo hello'
is 'rootless, nothing delegated: run works' "$(run plain)" 'hello
status 0'
bundle refused "$rootless | .linux.resources.pids.limit = 42" 'echo unreachable'
like 'rootless, nothing delegated: a limit is refused, not forgotten' "$(run refused)" '*cgroup*status 1'

# CVE-2023-25809: what is shown then is the host's, and read-only even if nobody asks for that.
bundle shown "$rootless | (.mounts[] | select(.type == \"cgroup\")).options -= [\"ro\"]" \
    'grep -c " /sys/fs/cgroup ro," /proc/self/mountinfo; find /sys/fs/cgroup -name cgroup.procs | head -n 1'
is 'rootless, nothing delegated: the cgroups of the host are read-only' "$(run shown)" '1
/sys/fs/cgroup/cgroup.procs
status 0'
