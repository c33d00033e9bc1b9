# A user in a cgroup of root's, as after `su` on a machine without systemd.
. suite/lib.sh
rootless=$(cat suite/rootless.jq)
bundle plain "$rootless" 'echo hello'
is 'rootless, nothing delegated: run works' "$(run plain)" 'hello
status 0'
bundle refused "$rootless | .linux.resources.pids.limit = 42" 'echo unreachable'
like 'rootless, nothing delegated: a limit is refused, not forgotten' "$(run refused)" '*cgroup*status 1'
