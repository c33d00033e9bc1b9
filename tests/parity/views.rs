//! What people see of containers: lists, logs that go on, events, and what is changed of a container that runs.

use std::fs;
use std::time::Duration;

use lab::{Lab, Nagaya, Running, fails};
use serde_json::Value;

fn start(lab: &Lab, options: &[&str], script: &str) -> String {
    let words = [&["run", "-d"], options, &["host", "sh", "-c", script]].concat();
    lab.nagaya(&words).output().ok().trim().to_string()
}

fn remove(lab: &Lab, names: &[&str]) {
    lab.nagaya(&[&["rm", "-f"], names].concat()).output().ok();
}

fn name(lab: &Lab, name: &str) -> String {
    format!("{}{name}", lab.name())
}

fn lines_of(reader: &Running) -> usize {
    reader.stdout().lines().count()
}

/// Three read: one from the beginning, one from the end, one that stalls while files make room. All hear the end.
#[test]
fn logs_go_on_for_all_who_read_until_the_container_ends() {
    let lab = Lab::new();
    let web = name(&lab, "web");
    let gate = lab.folder().join("gate");
    let script = "echo first; while ! [ -e /gate/go ]; do sleep 0.05; done; i=0; while [ $i -lt 300 ]; do echo line $i; \
                  i=$((i+1)); done; echo last >&2";
    fs::create_dir_all(&gate).unwrap();
    let mount = format!("{}:/gate", gate.display());
    let options = ["--name", &web, "-v", &mount, "--log-opt", "max-size=4k", "--log-opt", "max-file=20"];
    start(&lab, &options, script);
    lab::until("it speaks", || lab.nagaya(&["logs", &web]).output().ok() == "first\n");
    let whole = lab.nagaya(&["logs", "-f", &web]).start();
    let tail = lab.nagaya(&["logs", "-f", "--tail", "0", &web]).start();
    let stalled = lab.nagaya(&["logs", "-f", &web]).start();
    lab::until("they read", || lines_of(&whole) == 1 && lines_of(&stalled) == 1);
    assert!(tail.runs() && lines_of(&tail) == 0);
    stalled.signal(rustix::process::Signal::STOP);
    fs::write(gate.join("go"), "").unwrap();
    lab.nagaya(&["wait", &web]).output().ok();
    stalled.signal(rustix::process::Signal::CONT);
    let expected = (0..300).fold(String::new(), |all, number| all + &format!("line {number}\n"));
    for (reader, first) in [(whole, "first\n"), (stalled, "first\n"), (tail, "")] {
        let output = reader.finish();
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            (&*format!("{first}{expected}"), "last\n")
        );
        assert_eq!(output.code, 0);
    }
    // There were several files, or nothing of this was tested.
    let folder = lab.engine_root().join("containers");
    let id = lab.nagaya(&["inspect", "-f", "{{.Id}}", &web]).output().ok();
    assert!(folder.join(id.trim()).join("container.log.3").exists());
    assert_eq!(lab.nagaya(&["logs", "-n", "2", &web]).output().ok(), "line 299\n");
    remove(&lab, &[&web]);
}

/// It waits on nothing, and is told: who reads is asleep as long as nothing happens.
#[test]
fn who_follows_sleeps() {
    let lab = Lab::new();
    let web = name(&lab, "web");
    start(&lab, &["--name", &web], "echo up; exec sleep 1000");
    let logs = lab.nagaya(&["logs", "-f", &web]).start();
    let events = lab.nagaya(&["events", "-f", "event=pause"]).start();
    lab::until("it reads", || lines_of(&logs) == 1);
    let switches = |pid: u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .map(|text| text.trim().to_string())
    };
    lab::until("both sleep", || {
        let state = |pid: u32| fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
        state(logs.pid()).contains("poll") && state(events.pid()).contains("poll")
    });
    let before = (switches(logs.pid()), switches(events.pid()));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((switches(logs.pid()), switches(events.pid())), before);
    lab.nagaya(&["pause", &web]).output().ok();
    lab.nagaya(&["unpause", &web]).output().ok();
    lab::until("it is told", || lines_of(&events) == 1);
    events.signal(rustix::process::Signal::KILL);
    assert!(events.finish().stdout.contains(" container pause "));
    remove(&lab, &[&web]);
    assert_eq!(logs.finish().stdout, "up\n");
}

/// A monitor that is killed takes nobody's view away: the next one is asked.
#[test]
fn logs_go_on_after_the_monitor_was_killed() {
    let lab = Lab::new();
    let web = name(&lab, "web");
    let id =
        start(&lab, &["--name", &web], "echo one; while ! [ -e /tmp/go ]; do sleep 0.05; done; echo two");
    let logs = lab.nagaya(&["logs", "-f", &web]).start();
    lab::until("it reads", || lines_of(&logs) == 1);
    let state = lab.engine_root().join("containers").join(&id).join("state.json");
    let read = || serde_json::from_slice::<Value>(&fs::read(&state).unwrap()).unwrap();
    let (monitor, first) = (read()["monitor"].clone(), read()["pid"].clone());
    let pid = rustix::process::Pid::from_raw(i32::try_from(monitor.as_i64().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    lab::until("there is another", || read()["monitor"] != monitor);
    fs::write(format!("/proc/{first}/root/tmp/go"), "").unwrap();
    assert_eq!(logs.finish().stdout, "one\ntwo\n");
    remove(&lab, &[&web]);
}

#[test]
fn limits_change_while_it_runs_and_stay_changed() {
    let lab = Lab::new();
    let web = name(&lab, "web");
    let script = "while :; do sleep 0.1; done";
    start(&lab, &["--name", &web, "-m", "64m", "--pids-limit", "100"], script);
    let pid = lab.nagaya(&["inspect", "-f", "{{.State.Pid}}", &web]).output().ok();
    let limit = |controller: &str, v1: &str, v2: &str| {
        let groups = fs::read_to_string(format!("/proc/{}/cgroup", pid.trim())).unwrap();
        let mut lines = groups.lines().map(|line| line.splitn(3, ':').collect::<Vec<_>>());
        let of = |line: &Vec<&str>| line[1].split(',').any(|one| one == controller);
        let file = if let Some(line) = lines.find(of) {
            format!("/sys/fs/cgroup/{controller}{}/{v1}", line[2])
        } else {
            let line = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap().to_string();
            format!("/sys/fs/cgroup{line}/{v2}")
        };
        fs::read_to_string(&file).unwrap_or_else(|err| panic!("{file}: {err}")).trim().to_string()
    };
    let memory = || limit("memory", "memory.limit_in_bytes", "memory.max");
    let pids = || limit("pids", "pids.max", "pids.max");
    assert_eq!((memory(), pids()), ("67108864".to_string(), "100".to_string()));
    let said = lab.nagaya(&["update", "-m", "32m", "--pids-limit", "50", &web]).output().ok();
    assert_eq!(said, format!("{web}\n"));
    assert_eq!((memory(), pids()), ("33554432".to_string(), "50".to_string()));
    let shown = lab.nagaya(&["inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}", &web]);
    assert_eq!(shown.output().ok(), "33554432 50\n");
    fails(lab.nagaya(&["update", "-m", "1m", &web]).output(), 1, &["Minimum memory limit allowed is 6MB"]);
    fails(lab.nagaya(&["update", &web]).output(), 1, &["you must provide one or more flags"]);
    remove(&lab, &[&web]);
}

/// What does not run is not read: a record that is damaged is in nobody's way until it is asked for.
#[test]
fn ps_reads_only_what_runs() {
    let lab = Lab::new();
    let (web, other) = (name(&lab, "web"), name(&lab, "other"));
    start(&lab, &["--name", &web], "exec sleep 1000");
    lab.nagaya(&["create", "--name", &other, "host", "true"]).output().ok();
    let names = |words: &[&str]| lab.nagaya(&[words, &["--format", "{{.Names}}"]].concat()).output().ok();
    assert_eq!(names(&["ps", "-a"]), format!("{other}\n{web}\n"));
    let calls = lab.folder().join("calls");
    let trace = lab.program("strace").args(["-f", "-qq", "-e", "trace=openat", "-o"]).arg(&calls);
    let trace = trace.arg(lab::engine()).arg("--root").arg(lab.engine_root()).args(["ps", "-q"]);
    assert_eq!(trace.output().ok().lines().count(), 1);
    let opened = fs::read_to_string(&calls).unwrap();
    assert_eq!(opened.matches("container.json").count(), 1, "{opened}");
    remove(&lab, &[&web, &other]);
}
