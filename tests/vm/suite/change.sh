# What can be done to the cgroup of a running container.
. suite/lib.sh
bundle change '.linux.cgroupsPath = "/nagaya-test/change" | .linux.resources.memory.limit = 67108864' 'exec sleep 600'
create change
runtime start change
file() { cat "/sys/fs/cgroup/nagaya-test/change/$1"; }
runtime update --memory 33554432 --pids-limit 21 change
is 'update changes memory.max' "$(file memory.max)" 33554432
is 'update changes pids.max' "$(file pids.max)" 21
runtime update --cpu-quota 50000 --cpu-period 200000 change
runtime update --cpu-period 100000 change
is 'a period alone leaves the quota' "$(file cpu.max)" '50000 100000'
runtime update --cpu-quota 25000 change
is 'a quota alone leaves the period' "$(file cpu.max)" '25000 100000'
runtime update --memory-swap 50331648 change
is 'swap is what is left of both' "$(file memory.swap.max 2>/dev/null || echo none)" "$( [ -e /sys/fs/cgroup/nagaya-test/change/memory.swap.max ] && echo 16777216 || echo none)"
runtime pause change
is 'pause freezes' "$(status change) $(file cgroup.events | grep frozen)" 'paused frozen 1'
runtime resume change
is 'resume thaws' "$(status change) $(file cgroup.events | grep frozen)" 'running frozen 0'
runtime exec change cat /proc/self/cgroup >"$top/exec" 2>&1
is 'exec joins the cgroup and its namespace' "$(cat "$top/exec")" 0::/
remove change
