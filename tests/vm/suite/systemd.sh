# The cgroup as a scope that systemd makes.
. suite/lib.sh
NAGAYA_FLAGS=--systemd-cgroup
bundle scope '.linux.cgroupsPath = "system.slice:nagaya:x" | .linux.resources += {
    memory: { limit: 67108864 }, pids: { limit: 42 }, cpu: { quota: 50000, period: 100000 }
}' 'exec sleep 600'
create scope
is 'the scope is named by prefix and name' "$(cgroup scope)" /system.slice/nagaya-x.scope
property() { systemctl show --value -p "$1" nagaya-x.scope; }
file() { cat "/sys/fs/cgroup/system.slice/nagaya-x.scope/$1"; }
is 'systemd knows the limits' \
    "$(property MemoryMax) $(property TasksMax) $(property CPUQuotaPerSecUSec)" '67108864 42 500ms'
is 'the kernel, too' "$(file memory.max) $(file pids.max) $(file cpu.max)" '67108864 42 50000 100000'
runtime start scope
systemctl daemon-reload
is 'systemd keeps it after a reload' "$(file memory.max)" 67108864
remove scope
unloaded() { [ -z "$(systemctl list-units --all --no-legend nagaya-x.scope)" ]; }
soon unloaded
is 'no scope is left' "$(systemctl list-units --all --no-legend nagaya-x.scope)" ''
is 'nor its cgroup' "$(at /sys/fs/cgroup/system.slice/nagaya-x.scope)" gone
