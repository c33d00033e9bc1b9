#!/bin/sh
# Checks nagaya-runtime on cgroup v2, in the machine that `run` boots:
#   tests/vm/run tests/vm/suite.sh tests/vm/suite PATH/TO/nagaya-runtime
# With NAGAYA_RUNTIME=runc in front, Debian's runc is checked instead: that is how to tell a wrong check from a bug.
# Nothing is cleaned up when a check has failed; the machine is thrown away.
set -u
cd "$(dirname "$0")" || exit
export NAGAYA_RUNTIME="${NAGAYA_RUNTIME:-$PWD/nagaya-runtime}"
failed=0
total=0

# Runs one file of checks and compares their number, so that a check that was never reached is noticed.
part() { # NAME CHECKS
    sh "suite/$1.sh" >"$1.log" 2>&1
    cat "$1.log"
    ran=$(grep -cE '^(not )?ok ' "$1.log")
    total=$((total + ran))
    failed=$((failed + $(grep -c '^not ok ' "$1.log")))
    if [ "$ran" != "$2" ]; then
        echo "not ok $1: ran $ran checks, wanted $2"
        failed=$((failed + 1))
    fi
}

# A folder with nothing but busybox, for all containers. The links point to the path that busybox has here.
mkdir -p rootfs/bin rootfs/usr/bin rootfs/dev rootfs/proc rootfs/sys rootfs/tmp
cp "$(command -v busybox)" rootfs/usr/bin/busybox
busybox --install -s rootfs/bin

part machine 3
part life 13
part limits 14
part more-limits 12
part place 9
part devices 7
part oom 3
part apparmor 5
part change 8
part events 8
part systemd 35
part rootless 26

echo "$total checks, $failed failed"
[ "$failed" = 0 ]
