# What a container uses, and that its memory ran out.
. suite/lib.sh
limits='.linux.resources += { memory: { limit: 50331648, swap: 50331648 }, pids: { limit: 42 } }'
bundle used ".linux.cgroupsPath = \"/nagaya-test/used\" | $limits" '
    while :; do
        if [ -e /tmp/go ]; then rm /tmp/go; dd if=/dev/zero of=/dev/null bs=100M count=1; echo died; fi
        sleep 0.1
    done'
create used
runtime start used
stats() { runtime events --stats used | jq -c "$1"; }
is 'limits and processes' "$(stats '[.type, .id, .data.memory.usage.limit, .data.pids.limit]')" \
    '["stats","used",50331648,42]'
is 'nanoseconds of the processor' "$(stats '.data.cpu.usage.total % 1000 == 0 and .data.cpu.usage.total > 0')" true
is 'memory and swap are counted together' "$(stats '.data.memory.swap.limit')" \
    "$([ -e /sys/fs/cgroup/nagaya-test/used/memory.swap.max ] && echo 50331648 || echo 0)"
is 'pressure' "$(stats '[.data | .cpu, .memory, .blkio | .psi.some.total | type]')" '["number","number","number"]'

# The shape is that of Debian's runc, which knows less, and leaves huge pages out though the kernel counts them.
runc --root "$top/runc" run --detach --bundle "$top/used" theirs >/dev/null 2>&1 </dev/null
shape='[.data | del(.hugetlb) | del(.. | .psi?, .event_count?, .raw?, .failcnt?, .max?) | paths | map(strings) | join(".")] | unique | .[]'
runc --root "$top/runc" events --stats theirs | jq -r "$shape" >"$top/theirs"
runc --root "$top/runc" delete --force theirs
runtime events --stats used | jq -r "$shape" >"$top/ours"
is 'the shape is that of runc' "$(diff "$top/theirs" "$top/ours" && grep -c . "$top/ours")" "$(grep -c . "$top/theirs")"

runtime events --interval 1h used >"$top/events" &
sleep 1
runtime exec used touch /tmp/go
soon grep -q died "$top/used/output"
is 'memory that ran out is told' "$(soon grep -q . "$top/events"; cat "$top/events")" '{"type":"oom","id":"used"}'
is 'and counted' "$(stats .data.memory.event_count.oom_kill)" 1
runtime kill used KILL
wait
is 'events end with the container' "$(grep -c . "$top/events")" 1
remove used
