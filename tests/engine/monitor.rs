//! Containers that stay, and their monitors: killed, taken over, slow readers, restarts, health.

use std::time::Duration;

use lab::{Lab, Nagaya, Pty, engine, fails};
use rustix::process::Signal;
use serde_json::Value;

use crate::world::{is_gone, keeper_of, send};

/// One container of the image `host` that is removed in the end.
struct Web<'lab> {
    lab: &'lab Lab,
    name: String,
}

impl<'lab> Web<'lab> {
    fn run(lab: &'lab Lab, options: &[&str], script: &str) -> Web<'lab> {
        let web = Web { lab, name: lab.container_name() };
        let call = lab.nagaya(&["run", "-d", "--name", &web.name]);
        let id = call.args(options).args(["host", "sh", "-c", script]).output().ok();
        assert_eq!(id.trim().len(), 64, "{id}");
        web
    }

    fn command(&self, words: &[&str]) -> String {
        self.lab.nagaya(words).arg(&self.name).output().ok()
    }

    fn state(&self) -> Value {
        let id = std::fs::read_link(self.lab.engine_root().join("names").join(&self.name)).expect("its id");
        let state = self.lab.engine_root().join("containers").join(id).join("state.json");
        serde_json::from_slice(&std::fs::read(state).expect("its state")).expect("JSON")
    }

    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        lab::until(what, || wanted(&self.state()));
    }

    /// Its keeper too, which would be the next one.
    fn kill_monitor(&self) {
        let pid = self.state()["monitor"].as_i64().expect("a number");
        let keeper = keeper_of(pid, self.lab.name()).expect("its keeper");
        for pid in [keeper, pid] {
            send(pid, Signal::KILL);
            lab::until("the monitor is gone", || is_gone(pid));
        }
    }
}

impl Drop for Web<'_> {
    fn drop(&mut self) {
        if self.lab.known().contains(&self.name) {
            let _ = self.lab.nagaya(&["rm", "-f", &self.name]).output();
        }
    }
}

/// Numbers, one on each line; the program ends with 7 when it is told so.
const COUNTS: &str = "i=0; trap 'exit 7' TERM; while :; do i=$((i+1)); echo $i; sleep 0.01; done";

fn numbers(text: &str) -> Vec<u32> {
    text.lines().map(|line| line.parse().expect("a number")).collect()
}

#[test]
fn a_container_outlives_its_monitor_and_nothing_it_prints_is_lost() {
    let lab = Lab::new();
    let web = Web::run(&lab, &[], COUNTS);
    lab::until("it counts", || web.command(&["logs"]).lines().count() > 5);
    let before = web.state()["monitor"].clone();
    web.kill_monitor();
    let at = numbers(&web.command(&["logs"])).len();
    std::thread::sleep(Duration::from_millis(200));
    // The next command that looks at it starts another.
    assert!(lab.nagaya(&["ps"]).output().ok().contains(&web.name));
    web.until("another monitor", |state| state["monitor"] != before);
    lab::until("it counts on", || numbers(&web.command(&["logs"])).len() > at + 30);
    web.command(&["stop"]);
    assert_eq!(web.command(&["wait"]), "7\n", "the exit code of a process that is not the monitor's child");
    let all = numbers(&web.command(&["logs"]));
    assert_eq!(all, (1..=u32::try_from(all.len()).expect("a number")).collect::<Vec<_>>());
}

#[test]
fn who_has_ended_while_nobody_watched_has_ended() {
    let lab = Lab::new();
    let web = Web::run(&lab, &[], "sleep 0.5");
    let pid = web.state()["pid"].as_i64().expect("a number");
    web.kill_monitor();
    lab::until("it has ended", || !lab::process_exists(pid));
    assert_eq!(web.state()["phase"], "running", "nobody has looked yet");
    assert_eq!(lab.nagaya(&["ps", "-q"]).output().ok(), "");
    assert_eq!(web.state()["phase"], "exited");
    assert_ne!(web.state()["error"], "");
    web.command(&["rm"]);
}

#[test]
fn who_fails_starts_again_as_often_as_was_asked_for() {
    let lab = Lab::new();
    let web = Web::run(&lab, &["--restart", "on-failure:2"], "echo x; exit 3");
    web.until("it has given up", |state| state["phase"] == "exited");
    assert_eq!((web.state()["restarts"].clone(), web.state()["exit_code"].clone()), (2.into(), 3.into()));
    assert_eq!(web.command(&["logs"]), "x\nx\nx\n");
    // The control: who does not fail does not.
    web.command(&["rm"]);
    let other = Web::run(&lab, &["--restart", "on-failure:2"], "echo x");
    other.until("it has ended", |state| state["phase"] == "exited");
    assert_eq!(other.command(&["logs"]), "x\n");
}

#[test]
fn always_ends_where_somebody_stops_it() {
    let lab = Lab::new();
    let web = Web::run(&lab, &["--restart", "always"], "echo x; sleep 0.1; exit 0");
    web.until("it was started again", |state| state["restarts"].as_i64() >= Some(2));
    web.command(&["stop", "-t", "1"]);
    let restarts = web.state()["restarts"].clone();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((web.state()["restarts"].clone(), web.state()["phase"].clone()), (restarts, "exited".into()));
    web.command(&["start"]);
    web.until("and again", |state| state["restarts"].as_i64() >= Some(1));
}

#[test]
fn a_reader_that_stalls_holds_nobody_up_and_gets_everything() {
    const LINES: usize = 400_000;
    let lab = Lab::new();
    let script = format!("while [ ! -e /tmp/go ]; do echo wait; sleep 0.02; done; seq 1 {LINES}");
    let web = Web::run(&lab, &["--log-opt", "max-size=-1"], &script);
    let attach = || lab.nagaya(&["attach", &web.name]).stdin(std::process::Stdio::null()).start();
    let (slow, fast) = (attach(), attach());
    lab::until("both are attached", || slow.stdout().contains("wait") && fast.stdout().contains("wait"));
    slow.signal(Signal::STOP);
    lab.nagaya(&["exec", &web.name, "touch", "/tmp/go"]).output().ok();
    let numbers = |text: &str| text.lines().filter(|line| *line != "wait").count();
    assert_eq!(numbers(&fast.finish().ok()), LINES);
    web.until("it has ended", |state| state["phase"] == "exited");
    assert_eq!(numbers(&web.command(&["logs"])), LINES);
    slow.signal(Signal::CONT);
    assert_eq!(numbers(&slow.finish().ok()), LINES, "what it did not read in time waited for it");
}

#[test]
fn keys_leave_it_and_it_lives_on() {
    let lab = Lab::new();
    let name = lab.container_name();
    let (mut pty, end) = Pty::open();
    let call =
        lab.program("setsid").args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0; echo code $?", "sh"]);
    let call = call.arg(engine()).arg("--root").arg(lab.engine_root());
    let script = "echo ready; read line; echo got $line; exec sleep 60";
    let running = call.args(["run", "-it", "--name", &name, "host", "sh", "-c", script]).stdin(end).start();
    pty.read_until("ready");
    pty.write("\x10\x11");
    assert_eq!(running.finish().stdout, "code 0\n");
    assert!(lab.nagaya(&["ps"]).output().ok().contains(&name));
    // Without a terminal of one's own it cannot be attached to with one.
    fails(lab.nagaya(&["attach", &name]).output(), 1, &["the input device is not a TTY"]);
    lab.nagaya(&["rm", "-f", &name]).output().ok();
}

#[test]
fn one_that_does_not_work_is_started_again() {
    let lab = Lab::new();
    let health = ["--health-cmd", "echo looked; test ! -e /tmp/broken", "--health-interval", "100ms"];
    let options = [&health[..], &["--health-retries", "2", "--health-on-failure", "restart"]].concat();
    let script = "trap 'exit 0' TERM; rm -f /tmp/broken; echo began; while :; do sleep 0.05; done";
    let web = Web::run(&lab, &options, script);
    web.until("it is healthy", |state| state["health"]["status"] == "healthy");
    assert_eq!(web.state()["health"]["log"][0]["output"], "looked\n");
    lab.nagaya(&["exec", &web.name, "touch", "/tmp/broken"]).output().ok();
    web.until("it was started again", |state| {
        state["restarts"] == 1 && state["health"]["status"] == "healthy"
    });
    assert_eq!(web.command(&["logs"]), "began\nbegan\n");
}

#[test]
fn whose_memory_is_used_up_is_known() {
    let lab = Lab::new();
    let web =
        Web::run(&lab, &["--memory", "16m"], "head -c 100000000 /dev/zero | tail -c 90000000 > /dev/null");
    web.until("it has ended", |state| state["phase"] == "exited");
    assert_eq!(web.state()["oom_killed"], true, "{}", web.state());
}
