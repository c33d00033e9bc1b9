//! What people type at docker: the same words under our runtime and under runc, with the same answers.
//!
//! `$RUN` is `docker run --rm`, `$START` is `docker run --detach --name $web`, both under the runtime whose turn it is.

use peers::{Docker, Said};

use crate::parity;

/// The process: its rights, its limits, its names.
const PROCESS: &[&str] = &[
    "$RUN box echo hello",
    "$RUN box sh -c 'echo out; echo err >&2; exit 7'",
    "$RUN -i box cat",
    "$RUN --init box sh -c 'cat /proc/1/comm; exit 4'",
    "$RUN --user 5:6 --group-add 7 box sh -c 'id -u; id -g; id -G'",
    "$RUN --cap-drop ALL --cap-add KILL box sh -c 'grep Cap /proc/self/status; chown 5 /tmp'",
    "$RUN --user 5 --cap-add NET_RAW box grep Cap /proc/self/status",
    "$RUN --ulimit nofile=77:88 --ulimit core=0 box sh -c 'ulimit -a'",
    "$RUN --ulimit nproc=50 --security-opt no-new-privileges box grep -E 'NoNewPrivs|Seccomp:' /proc/self/status",
    "$RUN --oom-score-adj 500 box cat /proc/self/oom_score_adj",
    "$RUN --hostname web --domainname example.org box sh -c 'hostname; cat /proc/sys/kernel/domainname'",
    "$RUN --add-host db:10.1.2.3 --dns 10.9.8.7 box sh -c 'grep db /etc/hosts; cat /etc/resolv.conf'",
    "$RUN --env A=1 --workdir /new/folder --entrypoint sh box -c 'echo $A $PWD; env | sort | grep -v HOSTNAME'",
    "$RUN --sysctl kernel.msgmax=4242 --sysctl net.ipv4.ip_forward=1 box \
       cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward",
    "$RUN --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status",
    "$RUN --security-opt seccomp=no-folders.json box sh -c 'mkdir /x; echo $?; touch /y; echo $?'",
    "script -qec \"$RUN -it box sh -c 'tty; test -t 0 && test -t 1 && echo terminal; exit 5'; echo ended with \\$?\" /dev/null | grep -v ^in",
];

/// Files: mounts, devices, what is hidden.
const FILES: &[&str] = &[
    "$RUN --read-only box sh -c 'touch /file; touch /dev/shm/file; echo $?'",
    "$RUN --read-only --tmpfs /t:size=1m,mode=1770,noexec box \
       sh -c 'touch /t/file; grep \" /t \" /proc/mounts; stat -c %a /t'",
    "$RUN --volume $PWD/shared:/s:ro box sh -c 'touch /s/file; grep -c \" /s \" /proc/mounts'",
    "$RUN --volume data.$web:/etc box sh -c 'ls / | wc -l; echo more > /etc/more'; docker volume rm data.$web",
    "$RUN --mount type=tmpfs,dst=/t,tmpfs-size=1048576 box grep ' /t ' /proc/mounts",
    "for how in private rprivate slave rslave; do
       $RUN --mount type=bind,src=$PWD/scratch/told,dst=/m,bind-propagation=$how box \
         sed -nE 's/.* \\/m [^ ]+ ([a-z]*).*/\\1/p' /proc/self/mountinfo; done",
    "$RUN --device /dev/zero:/dev/nothing:r box sh -c 'head -c 3 /dev/nothing | wc -c; echo x > /dev/nothing'",
    "$RUN --device-cgroup-rule 'c 1:6 r' box sh -c 'mknod /core c 1 6 && cat /core; mknod /d b 7 0 && cat /d'",
    "$RUN box ls -l /dev /dev/fd /dev/pts | sed -E 's/[A-Z][a-z]{2} +[0-9]+ [0-9:]+//'",
    "$RUN --shm-size 3m box sh -c 'cut -d\" \" -f 2-4 /proc/mounts' | grep -v -e '^/ ' -e '^/proc/acpi' -e '^/sys/f' | sort",
    "$RUN box sh -c 'head -c 1 /proc/kcore /proc/keys /proc/timer_list; ls /proc/acpi /sys/firmware; echo 1 > /proc/sys/kernel/domainname'",
    "$RUN box sh -c 'cd /proc/sys; echo b > /proc/sysrq-trigger; touch /sys/x; mount -t tmpfs none /tmp'",
];

/// Namespaces and limits.
const LIMITS: &[&str] = &[
    "$START --ipc shareable box sleep 1000 > /dev/null",
    "$RUN --pid container:$web box ps -o args | grep '^sleep'",
    "for space in pid ipc; do [ $($RUN --$space container:$web box readlink /proc/self/ns/$space) = \
       $(docker exec $web readlink /proc/self/ns/$space) ] && echo same; done",
    "docker run --rm --runtime $RUNTIME --network container:$web box ls /sys/class/net",
    "docker rm --force $web > /dev/null",
    "[ $($RUN --pid host --ipc host --uts host box readlink /proc/self/ns/pid) = $(readlink /proc/self/ns/pid) ] && echo host",
    "$RUN --cgroupns private box sed 's/^[0-9]*://' /proc/self/cgroup | sort",
    "$RUN --cgroupns host box sed -nE 's/^[1-9][0-9]*:(.*)[0-9a-f]{64}/\\1ID/p' /proc/self/cgroup | sort",
    "$RUN --memory 64m --memory-reservation 32m --memory-swappiness 7 box sh -c 'cd /sys/fs/cgroup/memory &&
       cat memory.limit_in_bytes memory.soft_limit_in_bytes memory.swappiness memory.oom_control'",
    "$RUN --memory 64m --oom-kill-disable box head -1 /sys/fs/cgroup/memory/memory.oom_control",
    "$RUN --cpus 0.5 --cpu-shares 77 --cpuset-cpus 0 box sh -c 'cd /sys/fs/cgroup && cat cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus'",
    "$RUN --pids-limit 20 box sh -c 'cat /sys/fs/cgroup/pids/pids.max'",
    "$RUN --pids-limit 3 box sh -c 'sleep 9 & sleep 9 & sleep 9 & sleep 9 & echo no'",
    "docker run --name $web --runtime $RUNTIME --network none --memory 32m --memory-swap 32m box \
       dd if=/dev/zero of=/dev/null bs=200M count=1; echo $?; becomes '{{.State.OOMKilled}} {{.State.ExitCode}}' 'true 137'",
    "docker rm $web > /dev/null",
];

/// A container's life.
const LIFE: &[&str] = &[
    "$START --health-cmd 'test -e /well' --health-interval 100ms --health-retries 1 box sleep 1000 > /dev/null",
    "becomes '{{.State.Health.Status}}' unhealthy; docker exec $web touch /well; becomes '{{.State.Health.Status}}' healthy",
    // The rest without: a check may be counted beside what is asked for, and dockerd's `pause` waits for one that it
    // has just frozen.
    "docker rm --force $web > /dev/null; $START box sleep 1000 > /dev/null",
    "docker exec $web sh -c 'echo in; exit 3'",
    "docker exec --interactive $web cat",
    "docker exec --user 7 --env B=2 --workdir /tmp $web sh -c 'id -u; echo $B $PWD; grep Cap /proc/self/status'",
    "script -qec \"docker exec -it $web sh -c 'tty; exit 6'; echo ended with \\$?\" /dev/null | grep -v ^in",
    "docker exec --detach $web sh -c 'echo d > /detached; sleep 500'; until docker exec $web cat /detached 2>&-; do sleep 0.1; done",
    "docker top $web -o pid,args | sed 's/^[0-9]* *//'",
    "docker cp $web:/detached copied; cat copied; docker cp copied $web:/tmp/back; docker exec $web cat /tmp/back",
    "docker diff $web | sort",
    "docker commit $web img.$RUNTIME > /dev/null; $RUN img.$RUNTIME cat /detached; docker rmi img.$RUNTIME > /dev/null",
    "docker export $web | tar -t | grep -c .",
    "docker stats --no-stream --format '{{.Name}} {{.PIDs}}' $web",
    "docker stats --no-stream --format '{{.MemUsage}} {{.CPUPerc}}' $web | grep -vc '^0B'",
    "docker update --memory 100m --memory-swap 100m --cpus 0.7 --pids-limit 40 $web > /dev/null;
       docker exec $web cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/pids/pids.max",
    "docker pause $web > /dev/null; becomes '{{.State.Status}}' paused; docker exec $web true 2>&1 | grep -o 'is paused'",
    "docker unpause $web > /dev/null; becomes '{{.State.Status}}' running",
    "docker rename $web $web.new; docker inspect --format '{{.State.Status}}' $web.new; docker rename $web.new $web",
    "docker restart --time 0 $web > /dev/null; docker exec $web cat /detached",
    "docker kill $web > /dev/null; docker wait $web",
    "docker start $web > /dev/null; docker stop --time 0 $web > /dev/null; docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' $web",
    "docker events --since 0 --until $(date +%s.%N) --filter container=$web --format '{{.Action}}' | sed 's/:.*//' | grep -v -e exec_ -e health -e kill | sort | uniq -c",
    "docker rm $web > /dev/null",
];

/// Who ends it, and who starts it again.
const END: &[&str] = &[
    "$START box sh -c 'trap \"echo bye; exit 3\" TERM; echo ready; while :; do sleep 0.1; done' > /dev/null",
    "says ready; docker stop --time 1000 $web > /dev/null; docker wait $web; docker logs $web; docker rm $web > /dev/null",
    "$START box sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.1; done' > /dev/null",
    "says ready; docker stop --time 1 $web > /dev/null; docker wait $web; docker rm $web > /dev/null",
    "$START --stop-signal USR1 box sh -c 'trap \"echo usr; exit 4\" USR1; echo ready; while :; do sleep 0.1; done' > /dev/null",
    "says ready; docker stop --time 1000 $web > /dev/null; docker wait $web; docker rm $web > /dev/null",
    "$START --restart on-failure:2 box sh -c 'echo once; exit 3' > /dev/null",
    "becomes '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' '2 exited 3'; docker logs $web; docker rm $web > /dev/null",
    "$START --restart on-failure:2 box sh -c 'exit 0' > /dev/null; becomes '{{.RestartCount}} {{.State.Status}}' '0 exited'; docker rm $web > /dev/null",
    "$START --restart always box sh -c 'echo up; sleep 1000' > /dev/null; says up",
    "kill -9 $(docker inspect --format '{{.State.Pid}}' $web); becomes '{{.RestartCount}} {{.State.Status}}' '1 running'",
    "docker update --restart no $web > /dev/null; kill -9 $(docker inspect --format '{{.State.Pid}}' $web); becomes '{{.State.Status}} {{.State.ExitCode}}' 'exited 137'",
    "docker rm $web > /dev/null",
    "$START --rm box true > /dev/null; while docker inspect $web > /dev/null 2>&1; do sleep 0.1; done",
    "for to in none local json-file; do $START --log-driver $to box echo logged > /dev/null; docker wait $web; docker logs $web; docker rm $web > /dev/null; done",
    "docker create --name $web --runtime $RUNTIME --network none -i box cat > /dev/null; echo typed | docker start -ai $web; docker rm $web > /dev/null",
];

/// Root in the container is somebody else outside.
const REMAPPED: &[&str] = &[
    "$RUN box sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map; touch /mine; stat -c %u /mine; cat /proc/self/setgroups'",
    "$RUN box sh -c 'chown 70000 /tmp; echo $?; chown 65535 /tmp; echo $?; echo 1 > /proc/sys/kernel/domainname; mknod /null c 1 3'",
    "$RUN --user 1000 --tmpfs /t box sh -c 'id -u; ls -ld /t; ls -ln /dev; cat /dev/null' |
       grep -v mqueue | sed -E 's/[A-Z][a-z]{2} +[0-9]+ [0-9:]+//'",
    "$RUN --userns host box cat /proc/self/uid_map",
    "$RUN --sysctl net.ipv4.ip_forward=1 --hostname web box sh -c 'hostname; cat /proc/sys/net/ipv4/ip_forward'",
    "script -qec \"$RUN -t box sh -c 'tty; stat -c %u /dev/pts/0; exit 5'; echo ended with \\$?\" /dev/null | grep -v ^in",
    "$START box sleep 1000 > /dev/null",
    "stat -c %u /proc/$(docker inspect --format '{{.State.Pid}}' $web)",
    "docker exec $web sh -c 'id -u; cat /proc/self/uid_map; grep Cap /proc/self/status'; docker exec --user 7 $web id -u",
    "docker pause $web > /dev/null; docker unpause $web > /dev/null; docker kill $web > /dev/null; docker wait $web; docker rm $web > /dev/null",
];

/// What cannot be done: what docker then ends with, and words of its message that are the same whoever says them.
const REFUSED: &[(&str, i32, &str)] = &[
    ("$RUN box nope", 127, "exec: \"nope\": executable file not found in $PATH"),
    ("$RUN box /bin/nope", 127, "no such file or directory"),
    ("$RUN box /tmp/plain", 126, "permission denied"),
    ("$RUN box /tmp", 126, "exec: \"/tmp\": "),
    ("$RUN --workdir /bin/sh box true", 125, "not a directory"),
    ("$RUN --user nobody-here box true", 125, "unable to find user nobody-here"),
    ("$RUN --volume $PWD/shared:/bin/sh box true", 125, "not a directory"),
    ("$RUN --volume $PWD/daemon.json:/tmp box true", 125, "not a directory"),
    ("$RUN --mount type=bind,src=/nowhere,dst=/x box true", 125, "does not exist"),
    ("$RUN --sysctl kernel.nothing=1 box true", 125, "kernel.nothing"),
    ("$RUN --sysctl net.nothing=1 box true", 127, "no such file or directory"),
    ("$RUN --device /dev/nothing-here box true", 127, "no such file or directory"),
    ("$RUN --cap-add NOTHING box true", 125, "CAP_NOTHING"),
    ("$RUN --memory 1m box true", 125, "6MB"),
    ("$RUN --cpuset-cpus 99 box true", 125, "99"),
    ("$RUN --ulimit nofile=99999999:99999999 box true", 125, "operation not permitted"),
];

#[test]
fn processes_are_the_same() {
    same(PROCESS);
}

#[test]
fn files_are_the_same() {
    same(FILES);
}

#[test]
fn limits_are_the_same() {
    same(LIMITS);
}

#[test]
fn lives_are_the_same() {
    same(LIFE);
}

#[test]
fn ends_are_the_same() {
    same(END);
}

#[test]
fn remapped_users_are_the_same() {
    same_of(Docker::with(&["--userns-remap=remap"]), REMAPPED);
}

#[test]
fn refusals_are_the_same() {
    let docker = daemon();
    let wrong = |(line, code, words): &(&str, i32, &str)| {
        let answers = ["nagaya", "peer"].map(|runtime| docker.shell(runtime, line));
        let right = |said: &Said| said.code == *code && said.stderr.contains(words);
        (!answers.iter().all(right)).then(|| format!("{line}: {code} {words}\n{answers:#?}"))
    };
    let wrong: Vec<String> = REFUSED.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    docker.fine(&["run", "--rm", "--runtime", "nagaya", "--network", "none", "box", "true"]);
    docker.finish();
}

/// The control: two daemons' worth of tables would be worth nothing if a difference were not seen.
#[test]
fn a_difference_is_noticed() {
    let docker = daemon();
    let lines = [
        "$RUN box true",
        "$START box true > /dev/null",
        "docker inspect --format '{{.HostConfig.Runtime}}' $web",
        "docker rm $web > /dev/null",
    ];
    let found =
        parity::differences(&lines, |line| docker.shell("nagaya", line), |line| docker.shell("peer", line));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("nagaya") && found[0].contains("peer"), "{found:?}");
    docker.finish();
}

fn same(lines: &[&str]) {
    same_of(daemon(), lines);
}

fn same_of(docker: Docker, lines: &[&str]) {
    let answer = |runtime, line: &str| {
        let said = docker.shell(runtime, line);
        // Docker's own failure, or a line that hung, says nothing of a runtime.
        assert!(said.code < 124, "{line} {said:?}");
        said
    };
    parity::same(lines, |line| answer("nagaya", line), |line| answer("peer", line));
    docker.peer().saw(&["create", "start", "delete"]);
    docker.finish();
}

fn daemon() -> Docker {
    let docker = Docker::start();
    docker.write("no-folders.json", NO_FOLDERS);
    docker
}

/// A profile under which nobody can make a folder.
const NO_FOLDERS: &str = r#"{"defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}"#;
