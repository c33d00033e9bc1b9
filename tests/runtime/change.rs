//! pause, resume, ps and update: what can be done to a container that runs. And what cannot: checkpoint.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use lab::{Call, Container, Lab};
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
