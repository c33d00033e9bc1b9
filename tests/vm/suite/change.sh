# What can be done to the cgroup of a running container.
. suite/lib.sh
bundle change '.linux.cgroupsPath = "/nagaya-test/change" | .linux.resources.memory.limit = 67108864' 'exec sleep 600'
create change
runtime start change
file() { cat "/sys/fs/cgroup/nagaya-test/change/$1"; }
runtime update --memory 33554432 --pids-limit 21 change
is 'update changes memory.max' "$(file memory.max)" 33554432
is 'update changes pids.max' "$(file pids.max)" 21
runtime pause change
is 'pause freezes' "$(status change) $(file cgroup.events | grep frozen)" 'paused frozen 1'
runtime resume change
is 'resume thaws' "$(status change) $(file cgroup.events | grep frozen)" 'running frozen 0'
runtime exec change cat /proc/self/cgroup >"$top/exec" 2>&1
is 'exec joins the cgroup and its namespace' "$(cat "$top/exec")" 0::/
remove change
