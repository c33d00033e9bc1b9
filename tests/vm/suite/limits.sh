# Limits of the config, as the kernel has them.
. suite/lib.sh

# The number for 512 shares. Until 2025 runtimes mapped shares to weights by a straight line.
weight=59
case $("$NAGAYA_RUNTIME" --version) in 'runc version 1.1'*) weight=20 ;; esac

bundle limits '.linux.cgroupsPath = "/nagaya-test/limits" | .linux.resources += {
    memory: { limit: 67108864, swap: 100663296, reservation: 33554432 },
    cpu: { shares: 512, quota: 50000, period: 100000, cpus: "1", mems: "0" },
    pids: { limit: 42 },
    unified: { "memory.high": "50331648" }
}' 'grep Cpus_allowed_list /proc/self/status; cat /sys/fs/cgroup/memory.max'
create limits
file() { cat "/sys/fs/cgroup/nagaya-test/limits/$1"; }
is memory.max "$(file memory.max)" 67108864
is 'memory.swap.max is what OCI has without the memory' "$(file memory.swap.max)" 33554432
is 'memory.low is the reservation' "$(file memory.low)" 33554432
is cpu.weight "$(file cpu.weight)" "$weight"
is cpu.max "$(file cpu.max)" '50000 100000'
is pids.max "$(file pids.max)" 42
is cpuset.cpus "$(file cpuset.cpus)" 1
is cpuset.mems "$(file cpuset.mems)" 0
is 'memory.high, by unified' "$(file memory.high)" 50331648
is 'the kernel follows cpuset.cpus' "$(file cpuset.cpus.effective)" 1
runtime start limits
soon grep -q 67108864 "$top/limits/output"
is 'the program sees its processor and its limit' "$(xargs <"$top/limits/output")" 'Cpus_allowed_list: 1 67108864'
remove limits

bundle free '.linux.cgroupsPath = "/nagaya-test/limits"' true
create free
is 'no limit asked: memory.max' "$(file memory.max)" max
is 'no limit asked: pids.max' "$(file pids.max)" max
remove free

# The kernel refuses to fork at the limit: 1 shell and 9 others.
bundle fork '.linux.resources.pids.limit = 10' 'for i in $(seq 20); do sleep 5 & done; echo unreachable'
like 'a fork above pids.max fails' "$(run fork)" "*can't fork*"
