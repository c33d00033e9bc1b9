# Where a container's cgroup is, and what the container sees of it.
. suite/lib.sh
own=$(sed 's/^0:://' /proc/self/cgroup)

bundle absolute '.linux.cgroupsPath = "/nagaya-test/deep/x"' true
create absolute
is 'an absolute path is below the root of the hierarchy' "$(cgroup absolute)" /nagaya-test/deep/x
remove absolute
bundle relative '.linux.cgroupsPath = "nagaya-relative/y"' true
create relative
like 'a relative path ends the cgroup' "$(cgroup relative)" '*/nagaya-relative/y'
remove relative
bundle nameless . true
create nameless
place=$(cgroup nameless)
like 'without a path, the cgroup is named by the container' "$place" '*/nameless'
is 'our own cgroup is as it was' "$(sed 's/^0:://' /proc/self/cgroup)" "$own"
remove nameless
is 'the cgroup without a path is gone, too' "$(at "/sys/fs/cgroup$place")" gone

bundle inside '.linux.cgroupsPath = "/nagaya-test/inside" | .linux.resources.memory.limit = 67108864' '
    cat /proc/self/cgroup
    sed -n "s#.* \\([^ ]*\\) /sys/fs/cgroup .* - \\([^ ]*\\) .*#\\1 \\2#p" /proc/self/mountinfo
    cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max | head -n 1
    mkdir /sys/fs/cgroup/sub 2>&1'
seen=$(run inside)
line() { echo "$seen" | sed -n "$1p"; }
is 'inside, the own cgroup is the root' "$(line 1)" 0::/
is 'inside, its mount is cgroup2 and starts there' "$(line 2)" '/ cgroup2'
is 'inside, its first process is process 1' "$(line 3)" 1
like 'inside, a read-only mount refuses a folder' "$(line 4)" '*Read-only file system'
