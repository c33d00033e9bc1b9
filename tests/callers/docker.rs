//! A real dockerd on top of us: what people type, and what they then expect.

use std::fs;

use peers::{Docker, Said};

/// Ended well, with this on stdout and nothing on stderr.
fn says(stdout: &str) -> Said {
    ends(0, stdout)
}

/// Ended with `code`, with this on stdout and nothing on stderr.
fn ends(code: i32, stdout: &str) -> Said {
    Said { stdout: stdout.into(), stderr: String::new(), code }
}

/// The last `delete --force` is the shim's: it makes sure, on a container that is gone already.
#[test]
fn hello_comes_from_our_runtime() {
    let docker = Docker::start();
    assert_eq!(docker.run("", &["echo", "hello"]), says("hello\n"));
    assert_eq!(docker.verbs(), ["create", "start", "delete", "delete"]);
    docker.finish();
}

#[test]
fn exit_code_and_streams_are_those_of_the_program() {
    let docker = Docker::start();
    assert_eq!(docker.run("", &["sh", "-c", "exit 7"]), ends(7, ""));
    // A pid 1 cannot kill itself.
    assert_eq!(docker.run("", &["sh", "-c", "kill -KILL $$; echo alive"]), says("alive\n"));
    assert_eq!(docker.run_with(&["-i"], &["cat"], "one\ntwo\n"), says("one\ntwo\n"));
    let both = Said { stdout: "out\n".into(), stderr: "err\n".into(), code: 0 };
    assert_eq!(docker.run("", &["sh", "-c", "echo out; echo err >&2"]), both);
    docker.finish();
}

/// The shim reads what `create` says until nobody has that pipe any more, and only then takes the terminal. So the
/// container's first process must have the terminal as its stdio before it waits at the gate.
/// Source: go-runc `runc.go`, `Create`; containerd `process/init.go`.
///
/// The size arrives after the program has started: docker asks for it only then.
#[test]
fn a_terminal_has_its_size_and_its_exit_code() {
    let docker = Docker::start();
    let wait =
        r#"n=0; until [ "$(stty size 2>&-)" = "33 77" ] || [ $n = 300 ]; do n=$((n+1)); sleep 0.1; done"#;
    let out = docker.run_in_terminal(&format!("{wait}; stty size; test -t 0 && test -t 2 && tty; exit 5"));
    let lines: Vec<&str> = out.stdout.split_whitespace().collect();
    assert_eq!((lines.as_slice(), out.code), (["33", "77", "/dev/pts/0"].as_slice(), 5), "{out:?}");
    docker.finish();
}

#[test]
fn limits_are_in_the_cgroup() {
    let docker = Docker::start();
    let read = "cd /sys/fs/cgroup && if [ -d memory ]; then
        cat memory/memory.limit_in_bytes pids/pids.max
        echo $(cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us)
    else
        cat memory.max pids.max cpu.max
    fi";
    let flags = "--memory 64m --cpus 0.5 --pids-limit 50";
    // Where the kernel counts no swap, docker says so on stderr.
    let out = docker.run(flags, &["sh", "-c", read]);
    assert_eq!((out.stdout.as_str(), out.code), ("67108864\n50\n50000 100000\n", 0), "{out:?}");
    docker.finish();
}

/// 32 MiB hold no buffer of 200 MiB: the kernel kills.
#[test]
fn a_limit_holds() {
    let docker = Docker::start();
    let dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];
    let codes =
        ["", "--memory 32m --memory-swap 32m"].map(|flags| docker.run(flags, &dd)).map(|out| out.code);
    assert_eq!(codes, [0, 137], "{}", docker.log());
    docker.finish();
}

#[test]
fn the_process_is_as_asked() {
    let docker = Docker::start();
    let shell = |flags: &str, line: &str| docker.run(flags, &["sh", "-c", line]);
    assert_eq!(shell("--user 1000:1000", "id -u; id -g"), says("1000\n1000\n"));
    assert_eq!(shell("--user 5:6 --group-add 7", "id -G"), says("6 7\n"));
    assert_eq!(shell("-w /tmp", "pwd"), says("/tmp\n"));
    assert_eq!(shell("-w /new/folder", "pwd"), says("/new/folder\n"));
    assert_eq!(shell("-e ONE=1 -e TWO=2", "echo $ONE$TWO"), says("12\n"));
    assert_eq!(shell("--hostname web", "hostname"), says("web\n"));
    assert_eq!(shell("--ulimit nofile=77:88", "ulimit -n; ulimit -Hn"), says("77\n88\n"));
    assert_eq!(shell("", "echo $$; ls -d /proc/[0-9]* | head -1"), says("1\n/proc/1\n"));
    docker.finish();
}

#[test]
fn rights_are_as_asked() {
    let docker = Docker::start();
    let shell = |flags: &str, line: &str| docker.run(flags, &["sh", "-c", line]);
    let none = "0000000000000000";
    let caps = "sed -n 's/Cap[PB][^\\t]*\\t//p' /proc/self/status";
    assert_eq!(shell("--cap-drop ALL", caps), says(&format!("{none}\n{none}\n")));
    let kill = "0000000000000020";
    assert_eq!(shell("--cap-drop ALL --cap-add KILL", caps), says(&format!("{kill}\n{kill}\n")));
    let refused = shell("--cap-drop ALL", "chown 5 /tmp");
    assert_eq!((refused.code, refused.stderr.as_str()), (1, "chown: /tmp: Operation not permitted\n"));
    let flag = "grep NoNewPrivs /proc/self/status";
    assert_eq!(shell("", flag), says("NoNewPrivs:\t0\n"));
    assert_eq!(shell("--security-opt no-new-privileges", flag), says("NoNewPrivs:\t1\n"));
    assert_eq!(shell("", "cat /proc/kcore /proc/keys /proc/timer_list 2>&- | head -c 1"), says(""));
    let refused = shell("", "echo 1 > /proc/sys/kernel/domainname");
    assert!(refused.stderr.contains("Read-only file system"), "{refused:?}");
    docker.finish();
}

#[test]
fn mounts_are_as_asked() {
    let docker = Docker::start();
    let shell = |flags: &str, line: &str| docker.run(flags, &["sh", "-c", line]);
    let shared = docker.shared();
    fs::write(shared.join("from-host"), "h\n").expect("a file to share");
    let bind = format!("-v {}:/shared", shared.display());
    assert_eq!(shell(&bind, "cat /shared/from-host; echo c > /shared/from-container"), says("h\n"));
    assert_eq!(fs::read_to_string(shared.join("from-container")).ok().as_deref(), Some("c\n"));
    let refused = shell(&format!("{bind}:ro"), "cat /shared/from-host; echo c > /shared/from-host");
    assert_eq!((refused.code, refused.stdout.as_str()), (1, "h\n"));
    assert!(refused.stderr.contains("Read-only file system"), "{refused:?}");
    let refused = shell("--read-only", "touch /dev/shm/file && touch /file");
    assert_eq!(refused.code, 1);
    assert_eq!(refused.stderr, "touch: /file: Read-only file system\n");
    assert_eq!(shell("--read-only --tmpfs /tmp:size=1m", "df -k /tmp | tail -1 | wc -l").stdout, "1\n");
    assert_eq!(shell("--shm-size 3m", "df -k /dev/shm | grep -c ' 3072 '"), says("1\n"));
    docker.finish();
}

/// docker lets a container make any device node (its rules begin with `b *:* m`, `c *:* m`), and open few.
///
/// `c 1:6` has no driver, so the answer tells who gave it: the rules (EPERM), or the kernel behind them (ENXIO).
#[test]
fn device_rules_hold() {
    let docker = Docker::start();
    let shell = |flags: &str, line: &str| docker.run(flags, &["sh", "-c", line]);
    assert_eq!(shell("", "cat /dev/null; head -c 3 /dev/zero | wc -c; echo x > /dev/null"), says("3\n"));
    let disk = shell("", "mknod /disk b 7 0 && cat /disk");
    assert_eq!((disk.code, disk.stderr.as_str()), (1, "cat: can't open '/disk': Operation not permitted\n"));
    let core = "mknod /core c 1 6 && cat /core";
    assert_eq!(shell("", core).stderr, "cat: can't open '/core': Operation not permitted\n");
    let allowed = docker.run_with(&["--device-cgroup-rule", "c 1:6 r"], &["sh", "-c", core], "");
    assert_eq!(allowed.stderr, "cat: can't open '/core': No such device or address\n");
    let dropped = shell("--cap-drop MKNOD", "mknod /disk b 7 0");
    assert_eq!((dropped.code, dropped.stderr.as_str()), (1, "mknod: /disk: Operation not permitted\n"));
    docker.finish();
}

/// dockerd passes its network by a `prestart` hook, which enters the namespace of the container's pid.
#[test]
fn the_hook_for_the_network_ran() {
    let docker = Docker::start();
    assert_eq!(docker.run("", &["ls", "/sys/class/net"]), says("lo\n"));
    let address = docker.run("", &["ip", "-o", "addr", "show", "up", "dev", "lo"]);
    assert!(address.stdout.contains("inet 127.0.0.1/8"), "{address:?}");
    docker.finish();
}

/// docker's own exit codes depend on the words of our error.
/// Source: moby `daemon/errors.go`, `translateContainerdStartErr`.
#[test]
fn what_cannot_be_started_is_127_or_126() {
    let docker = Docker::start();
    let missing = docker.run("", &["nope"]);
    assert_eq!(missing.code, 127, "{missing:?}");
    assert!(missing.stderr.contains("executable file not found"), "{missing:?}");
    let missing = docker.run("", &["/bin/nope"]);
    assert_eq!(missing.code, 127, "{missing:?}");
    assert!(missing.stderr.contains("no such file or directory"), "{missing:?}");
    let plain = docker.run("", &["/tmp/plain"]);
    assert_eq!(plain.code, 126, "{plain:?}");
    assert!(plain.stderr.contains("permission denied"), "{plain:?}");
    // The control: what can be started is.
    assert_eq!(docker.run("", &["true"]).code, 0);
    docker.finish();
}

/// A program that ends on SIGTERM with an exit code of its own.
const POLITE: &str = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done";

#[test]
fn stop_lets_the_program_end_itself() {
    let docker = Docker::start();
    docker.detach("polite", POLITE);
    docker.await_log("polite", "ready");
    assert_eq!(docker.fine(&["ps", "--format", "{{.Names}} {{.State}}"]), "polite running");
    docker.fine(&["stop", "polite"]);
    let state = ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "polite"];
    assert_eq!(docker.fine(&state), "exited 3");
    assert_eq!(docker.fine(&["logs", "polite"]), "ready\nbye");
    assert_eq!(docker.fine(&["ps", "--quiet"]), "");
    docker.fine(&["start", "polite"]);
    assert_eq!(docker.fine(&["inspect", "--format", "{{.State.Status}}", "polite"]), "running");
    docker.fine(&["rm", "--force", "polite"]);
    docker.finish();
}

#[test]
fn kill_sends_the_signal_that_was_asked_for() {
    let docker = Docker::start();
    for (name, signal, code) in [("stubborn", "KILL", "137"), ("polite", "TERM", "3")] {
        docker.detach(name, POLITE);
        docker.await_log(name, "ready");
        docker.fine(&["kill", "--signal", signal, name]);
        assert_eq!(docker.fine(&["wait", name]), code);
        docker.fine(&["rm", name]);
    }
    docker.finish();
}

#[test]
fn exec_joins_a_running_container() {
    let docker = Docker::start();
    docker.detach("web", POLITE);
    docker.await_log("web", "ready");
    let exec =
        docker.docker(&["exec", "-e", "A=1", "-w", "/tmp", "web", "sh", "-c", "echo $A $(pwd); exit 9"]);
    assert_eq!(exec, ends(9, "1 /tmp\n"));
    assert_eq!(docker.docker(&["exec", "web", "cat", "/proc/1/comm"]), says("sh\n"));
    // dockerd 20.10 answers 126 here, later ones 127.
    let missing = docker.docker(&["exec", "web", "nope"]);
    assert!([126, 127].contains(&missing.code), "{missing:?}");
    assert!(format!("{missing:?}").contains("executable file not found"), "{missing:?}");
    docker.fine(&["rm", "--force", "web"]);
    docker.finish();
}

#[test]
fn pause_top_and_update_work() {
    let docker = Docker::start();
    docker.detach("web", POLITE);
    docker.await_log("web", "ready");
    assert!(docker.fine(&["top", "web"]).contains("sh -c trap"), "{}", docker.fine(&["top", "web"]));
    docker.fine(&["pause", "web"]);
    assert_eq!(docker.fine(&["inspect", "--format", "{{.State.Status}}", "web"]), "paused");
    docker.fine(&["unpause", "web"]);
    docker.fine(&["update", "--pids-limit", "20", "web"]);
    let limit = docker.fine(&[
        "exec",
        "web",
        "sh",
        "-c",
        "cat /sys/fs/cgroup/pids/pids.max || cat /sys/fs/cgroup/pids.max",
    ]);
    assert_eq!(limit, "20");
    docker.fine(&["rm", "--force", "web"]);
    docker.finish();
}
