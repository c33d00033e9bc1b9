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

# Changed while it runs. A third of a processor is no whole percent.
runtime update --memory 33554432 --pids-limit 21 --cpu-quota 33333 --cpu-period 100000 scope
is 'update tells systemd' "$(property MemoryMax) $(property TasksMax) $(property CPUQuotaPerSecUSec)" '33554432 21 340ms'
is 'update tells the kernel, without rounding' "$(file memory.max) $(file pids.max) $(file cpu.max)" '33554432 21 33333 100000'
runtime update --cpu-share 512 scope
is 'what it does not name stays exact' "$(file cpu.weight) $(file cpu.max)" "$(property CPUWeight) 33333 100000"
runtime update --cpuset-cpus 0 scope
is 'processors, too' "$(property AllowedCPUs) $(file cpuset.cpus)" '0 0'

# What other commands do with it.
runtime exec --detach --pid-file "$top/exec.pid" scope sleep 600 >/dev/null 2>&1
is 'exec lands in the scope' "$(sed 's/^0:://' "/proc/$(cat "$top/exec.pid")/cgroup")" /system.slice/nagaya-x.scope
is 'ps knows both' "$(runtime ps --format json scope | jq length)" 2
runtime pause scope
is 'pause freezes' "$(status scope) $(file cgroup.events | grep frozen)" 'paused frozen 1'
runtime resume scope
is 'resume thaws' "$(status scope)" running
runtime kill scope KILL
stopped() { [ "$(status scope)" = stopped ]; }
soon stopped
is 'kill ends it' "$(status scope)" stopped
remove scope
unloaded() { [ -z "$(systemctl list-units --all --no-legend "$1")" ]; }
soon unloaded nagaya-x.scope
is 'no scope is left' "$(systemctl list-units --all --no-legend nagaya-x.scope)" ''
is 'nor its cgroup' "$(at /sys/fs/cgroup/system.slice/nagaya-x.scope)" gone

# Names.
place() { # ID FILTER
    bundle "$1" "$2" true
    create "$1"
    cgroup "$1" 2>/dev/null
    remove "$1" >/dev/null 2>&1
}
is 'a slice is in those that its name says' "$(place nested '.linux.cgroupsPath = "na-ga-ya.slice:p:n"')" \
    /na.slice/na-ga.slice/na-ga-ya.slice/p-n.scope
is 'no slice is that of the system' "$(place plain '.linux.cgroupsPath = ":p:n"')" /system.slice/p-n.scope
is 'a dash is the slice of all' "$(place all '.linux.cgroupsPath = "-.slice:p:n"')" /p-n.scope
is 'a name that looks like a file of the kernel is changed' "$(place file '.linux.cgroupsPath = "memory.slice:_p:n"')" \
    /_memory.slice/__p-n.scope
like 'no path is named by the container' "$(place nameless .)" '/system.slice/*-nameless.scope'
like 'another path is refused' "$(place wrong '.linux.cgroupsPath = "/nagaya/x"')" '*cgroupsPath*slice:prefix:name*'

# Somebody else's unit of the same name is not touched.
systemd-run --quiet --scope --unit=p-taken.scope sleep 600 &
taken() { systemctl is-active --quiet p-taken.scope; }
soon taken
bundle taken '.linux.cgroupsPath = ":p:taken"' true
like 'a name that is taken is refused' "$(create taken)" '*p-taken.scope*'
runtime delete --force taken
is 'and whoever has it lives on' "$(systemctl is-active p-taken.scope)" active
systemctl stop p-taken.scope

# Properties by annotation.
bundle note '.linux.cgroupsPath = ":p:note" | .annotations = { "org.systemd.property.TimeoutStopSec": "7" }' true
create note
is 'an annotation is a property' "$(systemctl show --value -p TimeoutStopUSec p-note.scope)" 7s
remove note
bundle harm '.linux.cgroupsPath = ":p:harm" | .annotations = { "org.systemd.property.OnFailure": "['"'"'x.service'"'"']" }' true
like 'one that could do harm is refused' "$(create harm)" '*org.systemd.property.OnFailure*'

# Inside.
look='cat /proc/self/cgroup
    sed -n "s#.* \\([^ ]*\\) /sys/fs/cgroup .* - \\([^ ]*\\) .*#\\1 \\2#p" /proc/self/mountinfo
    cat /sys/fs/cgroup/memory.max'
bundle inside '.linux.cgroupsPath = ":p:inside" | .linux.resources.memory.limit = 67108864' "$look"
is 'inside, the scope is the root of the cgroups' "$(run inside)" '0::/
/ cgroup2
67108864
status 0'
bundle without '.linux.cgroupsPath = ":p:without" | .linux.resources.memory.limit = 67108864
    | .linux.namespaces |= map(select(.type != "cgroup"))' "$look"
is 'without a namespace for it, it is what is mounted' "$(run without)" '0::/system.slice/p-without.scope
/system.slice/p-without.scope cgroup2
67108864
status 0'
bundle mapped '.linux.cgroupsPath = ":p:mapped" | .linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }] | .linux.gidMappings = .linux.uidMappings
    | .linux.resources.memory.limit = 67108864' "$look"
is 'in a user namespace, too' "$(run mapped)" '0::/
/ cgroup2
67108864
status 0'

# Devices: the disk is our second one.
[ -e rootfs/disk ] || mknod rootfs/disk b "$(stat -c %Hr /dev/vda)" "$(stat -c %Lr /dev/vda)"
disk="\"type\":\"b\",\"major\":$(stat -c %Hr /dev/vda),\"minor\":$(stat -c %Lr /dev/vda)"
read='dd if=/disk of=/dev/null count=1 2>&1 | tail -n 1'
devices() { # ID ALLOW
    bundle "$1" ".linux.cgroupsPath = \":p:$1\" | .linux.resources.devices += [{\"allow\":$2,$disk,\"access\":\"r\"}]" \
        'exec sleep 600'
    create "$1"
    runtime start "$1"
}
devices closed false
devices open true
is 'an allowed device works' "$(runtime exec open sh -c "$read" 2>&1)" '1+0 records out'
systemctl daemon-reload
is 'after a reload, too' "$(runtime exec open sh -c "$read" 2>&1)" '1+0 records out'
like 'and another one still cannot be opened' "$(runtime exec closed sh -c "$read" 2>&1)" '*Operation not permitted'
runtime update --memory 67108864 closed
like 'nor after an update' "$(runtime exec closed sh -c "$read" 2>&1)" '*Operation not permitted'
remove closed
remove open

# Ended for want of memory: systemd says that the scope has failed.
bundle hungry '.linux.cgroupsPath = ":p:hungry" | .linux.resources.memory.limit = 16777216' \
    'dd if=/dev/zero of=/tmp/file bs=1M count=64; true'
run hungry >/dev/null
runtime delete --force hungry
soon unloaded p-hungry.scope
is 'a scope that has failed is forgotten' "$(systemctl list-units --all --no-legend p-hungry.scope)" ''

# Killed at some moment of create: whatever is there by then can be taken away.
bundle killed '.linux.cgroupsPath = ":p:killed" | .linux.resources.memory.limit = 67108864' true
left= begun=0
for wait in 01 02 03 04 05 06 08 10 12 14 17 20 25 30 40; do
    timeout -s KILL "0.$wait" "$NAGAYA_RUNTIME" --root "$top/state" --systemd-cgroup \
        create --bundle "$top/killed" killed >/dev/null 2>&1 </dev/null
    [ -e "$top/state/killed" ] && begun=$((begun + 1))
    runtime delete --force killed 2>&1
    soon unloaded p-killed.scope
    left="$left$(systemctl list-units --all --no-legend p-killed.scope)"
    left="$left$(ls -d /sys/fs/cgroup/system.slice/p-killed.scope "$top/state/killed" 2>/dev/null)"
done
is 'killed whenever, nothing is left' "$left" ''
is 'and there was something to take away' "$([ "$begun" -gt 3 ] && echo yes || echo "$begun times")" yes
