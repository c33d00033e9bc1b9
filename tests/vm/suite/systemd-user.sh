# The scope of an ordinary user, whom root has let in: its cgroup is not in what its systemd has been given.
. suite/lib.sh
NAGAYA_FLAGS=--systemd-cgroup
rootless=$(cat suite/rootless.jq)
bundle mine "$rootless | .linux.cgroupsPath = \"user.slice:p:mine\" | .linux.resources += {
    memory: { limit: 67108864 }, pids: { limit: 42 }, cpu: { quota: 50000, period: 100000 }
}" 'exec sleep 600'
is 'rootless scope: create says nothing' "$(create mine)" ''
place=/user.slice/user-1000.slice/user@1000.service/user.slice/p-mine.scope
is 'rootless scope: it is in the slice of its user' "$(cgroup mine)" "$place"
property() { systemctl --user show --value -p "$1" p-mine.scope; }
file() { cat "/sys/fs/cgroup$place/$1"; }
is 'rootless scope: the systemd of the user knows the limits' \
    "$(property MemoryMax) $(property TasksMax) $(property CPUQuotaPerSecUSec)" '67108864 42 500ms'
is 'rootless scope: the kernel, too' "$(file memory.max) $(file pids.max) $(file cpu.max)" '67108864 42 50000 100000'
runtime start mine
runtime exec --detach --pid-file "$top/exec.pid" mine sleep 600 >/dev/null 2>&1
is 'rootless scope: exec lands in it' "$(sed 's/^0:://' "/proc/$(cat "$top/exec.pid")/cgroup")" "$place"
runtime update --pids-limit 21 mine
is 'rootless scope: update' "$(property TasksMax) $(file pids.max)" '21 21'
remove mine
unloaded() { [ -z "$(systemctl --user list-units --all --no-legend p-mine.scope)" ]; }
soon unloaded
is 'rootless scope: none is left' "$(systemctl --user list-units --all --no-legend p-mine.scope)" ''
is 'rootless scope: nor its cgroup' "$(at "/sys/fs/cgroup$place")" gone
# Without the folder of the user, a bus is the way.
bundle bus "$rootless | .linux.cgroupsPath = \":p:bus\"" 'echo ran'
is 'rootless scope: over the bus of the session' "$(
    unset XDG_RUNTIME_DIR
    export DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus
    run bus
)" 'ran
status 0'
# shellcheck disable=SC2030,SC2031 # on purpose, in here only
like 'rootless scope: without either, it says so' "$(
    unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
    run bus
)" '*XDG_RUNTIME_DIR*status 1'
bundle inside "$rootless | .linux.cgroupsPath = \":p:inside\"" 'cat /proc/self/cgroup'
is 'rootless scope: inside, it is the root' "$(run inside)" '0::/
status 0'
