# A user with a delegated cgroup.
. suite/lib.sh
rootless=$(cat suite/rootless.jq)
nonce=$(cat /proc/sys/kernel/random/uuid)
is 'we are not root' "$(id -u)" 1000
bundle hello "$rootless" "echo hello $nonce as \$(id -u) of \$(tr -s ' ' </proc/self/uid_map); cat /proc/self/cgroup"
is 'rootless: run prints what the program prints' "$(run hello)" "hello $nonce as 0 of 0 1000 1
0::/
status 0"

# newuidmap gives the ids of /etc/subuid.
subids=$(sed -n 's/^user:\(.*\):.*/\1/p' /etc/subuid)
bundle ids "$rootless | .linux.uidMappings += [{ containerID: 1, hostID: $subids, size: 1000 }]
    | .linux.gidMappings = .linux.uidMappings" 'touch /tmp/file && chown 5:6 /tmp/file && stat -c %u:%g /tmp/file'
is 'rootless: more ids by newuidmap' "$(run ids)" '5:6
status 0'

bundle limits "$rootless | .linux.resources += {
    memory: { limit: 67108864 }, pids: { limit: 42 }, cpu: { quota: 50000, period: 100000 }
}" 'exec sleep 600'
is 'rootless: create with limits says nothing' "$(create limits)" ''
place=$(cgroup limits)
like 'rootless: the cgroup is in what was delegated' "$place" '/user.slice/user-1000.slice/user@1000.service/*/limits'
is 'rootless: memory.max' "$(cat "/sys/fs/cgroup$place/memory.max")" 67108864
is 'rootless: pids.max' "$(cat "/sys/fs/cgroup$place/pids.max")" 42
is 'rootless: cpu.max' "$(cat "/sys/fs/cgroup$place/cpu.max")" '50000 100000'
runtime start limits
is 'rootless: running' "$(status limits)" running
remove limits
is 'rootless: no cgroup is left' "$(at "/sys/fs/cgroup$place")" gone

# CVE-2023-25809: cgroups are for looking at, whoever they were delegated to. Opened only; nothing is written.
opens='for file in $(find /sys/fs/cgroup -type f); do (: >>"$file") 2>/dev/null && echo open; done | sort | uniq -c | wc -l'
bundle closed "$rootless" "$opens"
is 'rootless: no file of cgroups can be written to' "$(run closed)" '0
status 0'
bundle asked "$rootless | (.mounts[] | select(.type == \"cgroup\")).options -= [\"ro\"]" "$opens"
is 'rootless: its own can, where that is asked for' "$(run asked)" '1
status 0'
