# Limits of cgroup v2 that few ask for, and those that it does not have.
. suite/lib.sh
numbers=$(cat /sys/block/vda/dev)
device="major: ${numbers%:*}, minor: ${numbers#*:}"
bundle more ".linux.cgroupsPath = \"/nagaya-test/more\" | .linux.resources += {
    blockIO: { throttleReadBpsDevice: [{ $device, rate: 1048576 }], throttleWriteIOPSDevice: [{ $device, rate: 100 }] },
    hugepageLimits: [{ pageSize: \"2MB\", limit: 4194304 }],
    cpu: { idle: 0, burst: 0 }, pids: { limit: 0 }, memory: { limit: 67108864, swap: 67108864 } }" 'exec sleep 600'
create more
file() { cat "/sys/fs/cgroup/nagaya-test/more/$1"; }
is io.max "$(file io.max)" "$numbers rbps=1048576 wbps=max riops=max wiops=100"
is hugetlb.2MB.max "$(file hugetlb.2MB.max) $(file hugetlb.2MB.rsvd.max)" '4194304 4194304'
is 'no process but the first' "$(file pids.max)" 1
is 'the same of both is no swap' "$(file memory.swap.max)" 0
runtime start more
echo '{"memory":{"limit":4096,"checkBeforeUpdate":true}}' >"$top/low"
like 'a limit below what is in use is refused' "$(runtime update -r "$top/low" more 2>&1)" '*linux.resources.memory.limit*in use*'
runtime update --memory 33554432 more
is 'both stay when one of them shrinks' "$(file memory.max) $(file memory.swap.max)" '33554432 33554432'
like 'one cannot grow above both' "$(runtime update --memory 134217728 more 2>&1)" '*linux.resources.memory.swap*'
remove more
refused() { # FIELD VALUE
    bundle no ".linux.resources.$1 = $2" true
    like "$1 is refused by name" "$(run no)" "*linux.resources.$1*status 1"
}
refused memory.swappiness 10
refused memory.disableOOMKiller true
refused cpu.realtimeRuntime 1000
refused network.classID 1
refused memory.swap 1000
