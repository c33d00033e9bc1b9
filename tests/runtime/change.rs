//! pause, resume, ps and update: what can be done to a container that runs. And what cannot: checkpoint.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use lab::{Call, Container, Lab, Running};
use serde_json::json;

/// Says a number again and again.
fn counting(lab: &Lab) -> Container<'_> {
    let script = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done";
    let web = lab.container("web").sh(script).launch();
    web.wait_for("\n3\n");
    web
}

#[test]
fn nothing_moves_in_a_paused_container() {
    let lab = Lab::new();
    let web = counting(&lab);
    web.command("pause").ok();
    assert_eq!(web.status(), "paused");
    let before = web.said();
    sleep(Duration::from_millis(100));
    assert_eq!(web.said(), before, "it goes on");
    let refused = web.lab().runtime(["exec", web.id(), "true"]).output();
    assert!(
        refused.code == 255 && refused.stderr.contains("cannot exec in a paused container"),
        "{refused:?}"
    );
    web.command("pause").refused(&["container not running"]);
    web.command("start").refused(&["already running"]);
    web.delete().refused(&["not stopped"]);
    web.command("resume").ok();
    assert_eq!(web.status(), "running");
    // The control: without the pause it does move.
    lab::until("it goes on", || web.said().len() > before.len() + 20);
    web.command("resume").refused(&["container not paused"]);
    web.delete_force().ok();
}

/// As an engine in the container pauses its own containers.
#[test]
fn who_is_held_still_from_inside_can_be_killed_too() {
    let lab = Lab::new();
    for words in [&["delete", "--force"][..], &["kill", "--all"]] {
        let web = lab.container("web").sh("sleep 1000 & sleep 1000").launch();
        let below = Path::new("/sys/fs/cgroup/freezer").join(web.id()).join("inner");
        fs::create_dir(&below).expect("a cgroup of the lab");
        let others = || lab.runtime(["ps", "--format", "json", web.id()]).output().ok();
        let pids = serde_json::from_str::<Vec<i64>>(&others()).expect("numbers");
        let other = pids.iter().find(|pid| **pid != web.pid()).expect("a second one");
        fs::write(below.join("cgroup.procs"), other.to_string()).expect("it moves");
        fs::write(below.join("freezer.state"), "FROZEN").expect("it is held still");
        let mut words = words.to_vec();
        words.push(web.id());
        words.extend((words[0] == "kill").then_some("KILL"));
        lab.runtime(words).output().ok();
        lab::until("it is dead", || !lab::process_exists(*other));
        web.delete_force().ok();
        assert_eq!(lab.leftovers(), [""; 0]);
    }
}

/// Holds whoever enters a namespace for two seconds.
const HELD: [&str; 8] =
    ["strace", "-f", "-o", "/dev/null", "-e", "trace=setns", "-e", "inject=setns:delay_enter=2000000"];

/// Pauses while one more process has joined the container's cgroups, and is in none of its namespaces. Whether the pause
/// has waited for it; nothing, if it was in before we came to look.
fn waits_for_who_is_on_the_way(lab: &Lab) -> Option<bool> {
    // Namespaces of processes are entered by the runtime, which is not to be held.
    let web = lab.container("web").edit(|config| lab::without_namespace(config, "pid"));
    let web = web.sh("exec sleep 1000").launch();
    let is_in = lab.folder().join("pid");
    let _ = fs::remove_file(&is_in);
    let exec = lab.runtime(["exec", "--detach", "--pid-file"]).arg(&is_in).arg(web.id());
    let exec = exec.args(["/bin/sleep", "1000"]).under(HELD).start();
    let members = Path::new("/sys/fs/cgroup/freezer").join(web.id()).join("cgroup.procs");
    let count = || fs::read_to_string(&members).expect("its processes").lines().count();
    lab::until("it is in the cgroup", || count() == 2);

    let pause = lab.runtime(["pause", web.id()]).start();
    let waits = || {
        let open = fs::read_dir(format!("/proc/{}/fd", pause.pid())).into_iter().flatten().flatten();
        let mut open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        open.any(|path| path.ends_with("record.json"))
    };
    lab::until("it waits, or has done it", || waits() || !pause.runs());
    let waited = pause.runs();
    let seen_in_time = !is_in.exists();
    // Paused or not, it comes in: nobody is caught half way.
    lab::until("it is in", || is_in.exists());
    pause.finish().ok();
    assert_eq!(web.status(), "paused");
    web.delete_force().ok();
    // strace ends with the last process that it has seen.
    exec.finish().ok();
    seen_in_time.then_some(waited)
}

#[test]
fn who_is_on_the_way_in_is_not_caught_by_a_pause() {
    let lab = Lab::new();
    let seen = (0..100).find_map(|_| waits_for_who_is_on_the_way(&lab));
    assert_eq!(seen, Some(true));
}

#[test]
fn who_comes_while_everybody_is_being_held_still_is_refused_or_in() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let (mut refused, mut entered) = (0, 0);
    for _ in 0..20 {
        let exec = |_| lab.runtime(["exec", "--detach", web.id(), "/bin/true"]).start();
        let early: Vec<_> = (0..2).map(exec).collect();
        let pause = lab.runtime(["pause", web.id()]).start();
        let late: Vec<_> = (0..2).map(exec).collect();
        pause.finish().ok();
        // Nobody waits for `resume`.
        for output in early.into_iter().chain(late).map(Running::finish) {
            if output.code == 0 {
                entered += 1;
            } else {
                assert!(output.stderr.contains("paused container"), "{output:?}");
                refused += 1;
            }
        }
        assert_eq!(web.status(), "paused");
        web.command("resume").ok();
    }
    assert!(refused > 0 && entered > 0, "{refused} were refused, {entered} got in");
    // Whoever says that it does not mind is caught, and goes on with the others.
    web.command("pause").ok();
    let exec = lab.runtime(["exec", "--ignore-paused", web.id(), "/bin/echo", "late"]).start();
    sleep(Duration::from_millis(200));
    assert!(exec.runs() && exec.stdout().is_empty());
    web.command("resume").ok();
    assert_eq!(exec.finish().ok(), "late\n");
    web.delete_force().ok();
}

#[test]
fn a_paused_container_can_be_killed_and_deleted() {
    let lab = Lab::new();
    let web = counting(&lab);
    web.command("pause").ok();
    web.kill("KILL").ok();
    web.wait_until("stopped");
    web.delete().ok();

    let web = counting(&lab);
    web.command("pause").ok();
    web.delete_force().ok();
    assert_eq!(lab.leftovers(), [""; 0]);

    let web = lab.container("web").sleeping();
    web.create().ok();
    web.command("pause").ok();
    web.delete_force().ok();
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn processes_are_listed_and_no_others() {
    let lab = Lab::new();
    let web = lab.container("web").sh("sleep 1000 & sleep 1001; true").launch();
    let list = || {
        let text = lab.runtime(["ps", "--format", "json", web.id()]).output().ok();
        serde_json::from_str::<Vec<i64>>(&text).expect("numbers")
    };
    lab::until("all are there", || list().len() == 3);
    assert!(list().contains(&web.pid()), "{:?}", list());
    let table = lab.runtime(["ps", web.id()]).output().ok();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.contains("PID") && table.contains("sleep 1000") && table.contains("sleep 1001"), "{table}");
    let comm = lab.runtime(["ps", web.id(), "-o", "pid,comm", "-e"]).output().ok();
    assert_eq!(comm.lines().filter(|line| line.ends_with(" sleep")).count(), 2, "{comm}");
    lab.runtime(["ps", web.id(), "-o", "comm", "-e"]).output().refused(&["PID"]);
    lab.runtime(["ps", "--format", "xml", web.id()]).output().refused(&["--format"]);
    web.delete_force().ok();
    lab.runtime(["ps", web.id()]).output().refused(&["container does not exist"]);
}

/// A file of the container's cgroup.
fn limit(web: &Container<'_>, hierarchy: &str, file: &str) -> String {
    let own = fs::read_to_string(format!("/proc/{}/cgroup", web.pid())).expect("its cgroups");
    let own =
        own.lines().find_map(|line| line.split_once(&format!(":{hierarchy}:"))).expect("the hierarchy").1;
    fs::read_to_string(format!("/sys/fs/cgroup/{hierarchy}{own}/{file}"))
        .expect("the limit")
        .trim()
        .to_string()
}

fn update(web: &Container<'_>, flags: &[&str]) -> Call {
    web.lab().runtime(["update"]).args(flags).arg(web.id())
}

#[test]
fn limits_change_up_and_down() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let memory = |file| limit(&web, "memory", file);
    // Both ways, because one must never be above the other.
    for (limit, both) in [("64m", "128m"), ("256m", "512m"), ("32M", "32M"), ("-1", "-1")] {
        update(&web, &["--memory", limit, "--memory-swap", both]).output().ok();
        let bytes = |text: &str| {
            text.to_lowercase().strip_suffix('m').map(|n| n.parse::<u64>().expect("a number") << 20)
        };
        if let (Some(limit), Some(both)) = (bytes(limit), bytes(both)) {
            assert_eq!(memory("memory.limit_in_bytes"), limit.to_string());
            assert_eq!(memory("memory.memsw.limit_in_bytes"), both.to_string());
        }
    }
    update(
        &web,
        &["--pids-limit", "20", "--cpu-quota=50000", "--cpu-period", "100000", "--cpu-share", "512"],
    )
    .output()
    .ok();
    assert_eq!(limit(&web, "pids", "pids.max"), "20");
    assert_eq!(limit(&web, "cpu", "cpu.cfs_quota_us"), "50000");
    assert_eq!(limit(&web, "cpu", "cpu.shares"), "512");
    update(&web, &["--pids-limit", "-1"]).output().ok();
    assert_eq!(limit(&web, "pids", "pids.max"), "max");

    // As containerd calls it.
    let file = lab.folder().join("resources.json");
    fs::write(&file, json!({"pids": {"limit": 7}, "cpu": {"shares": 0}, "memory": {}}).to_string())
        .expect("a file");
    let stdin = fs::File::open(&file).expect("a file");
    lab.runtime(["update", "--resources=-", web.id()]).stdin(stdin).output().ok();
    assert_eq!(limit(&web, "pids", "pids.max"), "7");
    assert_eq!(limit(&web, "cpu", "cpu.shares"), "512", "zero is no wish");
    web.delete_force().ok();
}

#[test]
fn a_limit_that_is_refused_leaves_the_others_as_they_were() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    update(&web, &["--pids-limit", "30", "--cpu-share", "300"]).output().ok();
    update(&web, &["--cpu-share", "700", "--cpuset-cpus", "0-9999"])
        .output()
        .refused_naming(&["linux.resources.cpu.cpus"]);
    assert_eq!(limit(&web, "cpu", "cpu.shares"), "300");
    for (flag, value) in
        [("--memory", "lots"), ("--pids-limit", "x"), ("--cpu-quota", ""), ("--memory", "9999999999g")]
    {
        update(&web, &[flag, value]).output().refused(&[flag]);
    }
    let file = lab.folder().join("resources.json");
    fs::write(&file, json!({"pids": {"limit": "many"}}).to_string()).expect("a file");
    update(&web, &["-r", file.to_str().expect("a path of ours")])
        .output()
        .refused_naming(&["linux.resources.pids.limit"]);
    assert_eq!(limit(&web, "pids", "pids.max"), "30");
    web.kill("KILL").ok();
    web.wait_until("stopped");
    update(&web, &["--pids-limit", "31"]).output().refused(&["container not running"]);
    web.delete_force().ok();
}

/// Whichever way they go, one of them would be in the way of the other.
#[test]
fn limits_that_hold_each_other_move_in_the_order_that_works() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let cpu = |quota: &str, burst: &str| {
        update(&web, &["--cpu-quota", quota, "--cpu-burst", burst]).output().ok();
        assert_eq!(limit(&web, "cpu", "cpu.cfs_quota_us"), quota);
        assert_eq!(limit(&web, "cpu", "cpu.cfs_burst_us"), burst);
    };
    cpu("20000", "10000");
    cpu("50000", "40000");
    cpu("5000", "4000");
    cpu("-1", "0");
    update(&web, &["--cpu-idle", "1"]).output().ok();
    assert_eq!(limit(&web, "cpu", "cpu.idle"), "1");
    update(&web, &["--cpu-idle", "0", "--cpu-share", "300"]).output().ok();
    assert_eq!(limit(&web, "cpu", "cpu.shares"), "300");
    update(&web, &["--cpu-rt-period", "900000", "--cpu-rt-runtime", "9000"]).output().ok();
    assert_eq!(limit(&web, "cpu", "cpu.rt_runtime_us"), "9000");
    web.delete_force().ok();
}

/// As [`a_limit_that_is_refused_leaves_the_others_as_they_were`], for files that are lists or that do not take
/// what they say.
#[test]
fn what_was_written_before_a_refusal_is_taken_back() {
    if !lab::is_nagaya() {
        return; // runc leaves what it has written.
    }
    let lab = Lab::new();
    let disks = fs::read_dir("/sys/block").expect("disks").filter_map(Result::ok);
    let mut numbers = disks.filter_map(|disk| fs::read_to_string(disk.path().join("dev")).ok());
    let disk = numbers.next().expect("a disk").trim().to_string();
    let (major, minor) = disk.split_once(':').expect("two numbers");
    let device = |rate: u64| {
        let number = |text: &str| text.parse::<u64>().expect("a number");
        json!([{"major": number(major), "minor": number(minor), "rate": rate}])
    };
    let web = lab.container("web").sleeping().launch();
    let file = lab.folder().join("resources.json");
    let send = |wish: serde_json::Value| {
        fs::write(&file, wish.to_string()).expect("a file");
        update(&web, &["-r", file.to_str().expect("a path of ours")]).output()
    };
    let reads = || limit(&web, "blkio", "blkio.throttle.read_bps_device");
    let writes = || limit(&web, "blkio", "blkio.throttle.write_bps_device");
    let killer = || limit(&web, "memory", "memory.oom_control").lines().next().map(String::from);
    send(json!({"blockIO": {"throttleReadBpsDevice": device(1000)}})).ok();
    assert_eq!(reads(), format!("{disk} 1000"));
    let bad = json!({
        "memory": {"disableOOMKiller": true},
        "blockIO": {
            "throttleReadBpsDevice": device(2000),
            "throttleWriteBpsDevice": device(3000),
            "throttleWriteIOPSDevice": [{"major": 999, "minor": 7, "rate": 1}],
        },
    });
    send(bad).refused(&["linux.resources.blockIO.throttleWriteIOPSDevice[0]"]);
    assert_eq!((reads(), writes()), (format!("{disk} 1000"), String::new()));
    assert_eq!(killer().as_deref(), Some("oom_kill_disable 0"));
    // The control: without the last one all are taken.
    let good =
        json!({"memory": {"disableOOMKiller": true}, "blockIO": {"throttleReadBpsDevice": device(2000)}});
    send(good).ok();
    assert_eq!((reads(), killer().as_deref()), (format!("{disk} 2000"), Some("oom_kill_disable 1")));
    web.delete_force().ok();
}

#[test]
fn a_size_may_have_decimals_and_units() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for (text, bytes) in
        [("1.5g", 1_610_612_736_u64), ("65536k", 67_108_864), ("64MiB", 67_108_864), ("64 mb", 67_108_864)]
    {
        update(&web, &["--memory-reservation", text]).output().ok();
        assert_eq!(limit(&web, "memory", "memory.soft_limit_in_bytes"), bytes.to_string(), "{text}");
    }
    for text in ["1.g", ".5g", "1.5.5g", "-2", "1.0000000001g", "g"] {
        update(&web, &["--memory-reservation", text]).output().refused_naming(&["--memory-reservation"]);
    }
    for flag in ["--l3-cache-schema", "--mem-bw-schema"] {
        update(&web, &[flag, "MB:0=20"]).output().refused_naming(&["created without `linux.intelRdt`"]);
    }
    update(&web, &["--mem-bw-schema", "20"]).output().refused_naming(&["linux.intelRdt.memBwSchema"]);
    web.delete_force().ok();
}

#[test]
fn checkpoint_and_restore_say_that_they_are_not() {
    let lab = Lab::new();
    // podman takes a success of the first for the ability.
    for words in [
        &["checkpoint", "--help"][..],
        &["restore", "--lsm-mount-context"],
        &["checkpoint", "--image-path", "/x", "web"],
    ] {
        lab.runtime(words).output().refused(&["not supported"]);
    }
    assert_eq!(lab.runtime(["create", "--help"]).output().code, 0, "the control");
}
