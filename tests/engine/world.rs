//! A lab with one container, of which tests ask whether what is written down is what is so.

use std::fs;

use lab::{Lab, Nagaya, Output};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::inside::import_box;

/// One container of the image `box`, and what it is like.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) name: String,
    /// An argument of its program, and of nobody else's.
    mark: String,
}

/// It waits, and ends with 7 when it is asked to.
pub(crate) const WAITS: &str =
    "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done";

impl World {
    pub(crate) fn new() -> World {
        World::in_lab(Lab::new())
    }

    pub(crate) fn in_lab(lab: Lab) -> World {
        import_box(&lab);
        let (name, mark) = (lab.container_name(), format!("{}program", lab.name()));
        World { lab, name, mark }
    }

    /// Words of `run` or `create` of it, behind `verb` and options.
    pub(crate) fn words(&self, verb: &[&str], script: &str) -> Vec<String> {
        let program = ["--name", &self.name, "box", "sh", "-c", script, &self.mark];
        verb.iter().chain(&program).map(ToString::to_string).collect()
    }

    /// A command with those words.
    pub(crate) fn call(&self, words: &[String]) -> lab::Call {
        self.lab.nagaya(&[]).args(words)
    }

    /// It runs, and waits.
    pub(crate) fn run(&self) {
        self.call(&self.words(&["run", "-d"], WAITS)).output().ok();
    }

    /// It is there, and does not run.
    pub(crate) fn create(&self) {
        self.call(&self.words(&["create"], WAITS)).output().ok();
    }

    /// A command with its name behind it.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        self.lab.nagaya(words).arg(&self.name).output()
    }

    /// Its state as docker's API has it; nothing if it is not there.
    pub(crate) fn state(&self) -> Option<Value> {
        let output = self.command(&["container", "inspect"]);
        if output.code != 0 {
            assert!(output.stderr.contains("No such container"), "{output:?}");
            return None;
        }
        let all: Value = serde_json::from_str(&output.stdout).expect("JSON");
        Some(all[0]["State"].clone())
    }

    /// Its status: `running`, `exited`; empty if it is not there.
    pub(crate) fn status(&self) -> String {
        self.state().map_or_else(String::new, |state| state["Status"].as_str().expect("a word").to_string())
    }

    /// What was written down of its program, read from the file.
    pub(crate) fn written(&self) -> Value {
        let bytes = fs::read(self.folder().join("state.json")).expect("its state");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Its monitor, as the host numbers it.
    pub(crate) fn monitor(&self) -> i64 {
        self.written()["monitor"].as_i64().expect("a number")
    }

    /// Its monitor's keeper, if that has one still. Another parent is nobody of ours.
    pub(crate) fn keeper(&self) -> Option<i64> {
        keeper_of(self.monitor(), self.lab.name())
    }

    /// Kills monitor and keeper, as far as they are there.
    pub(crate) fn kill_monitors(&self) {
        let both = [self.keeper(), Some(self.monitor())];
        for pid in both.into_iter().flatten() {
            send(pid, Signal::KILL);
            lab::until("it is gone", || is_gone(pid));
        }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        let id = fs::read_link(self.lab.engine_root().join("names").join(&self.name)).expect("its id");
        self.lab.engine_root().join("containers").join(id)
    }

    /// Its program runs: the kernel says so.
    pub(crate) fn lives(&self) -> bool {
        let all = fs::read_dir("/proc").expect("the process table").flatten();
        all.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok())).any(
            |entry| {
                let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                words.starts_with(b"sh\0-c\0") && words.ends_with(format!("{}\0", self.mark).as_bytes())
            },
        )
    }

    /// What is wrong: what is said of it is not what is so, and stays so. It may change between two looks.
    pub(crate) fn contradiction(&self) -> Option<String> {
        for _ in 0..20 {
            self.contradiction_now()?;
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.contradiction_now()
    }

    fn contradiction_now(&self) -> Option<String> {
        let listed = self.lab.nagaya(&["ps", "-a", "--format", "{{.Names}} {{.State}}"]).output();
        if listed.code != 0 || !listed.stderr.is_empty() {
            return Some(format!("ps: {listed:?}"));
        }
        let listed = listed.stdout.lines().find_map(|line| line.strip_prefix(&format!("{} ", self.name)));
        let (listed, state) = (listed.unwrap_or_default().to_string(), self.state());
        let status = state.as_ref().map_or("", |state| state["Status"].as_str().expect("a word"));
        let lives = self.lives();
        let odd = match status {
            "running" => !lives,
            "" | "created" | "exited" => lives,
            _ => true,
        };
        (odd || listed != status).then(|| {
            format!("it is said to be `{listed}`, `{status}`; its program lives: {lives}; {state:?}")
        })
    }

    /// Removes it; what is left then.
    pub(crate) fn left_after_rm(&self) -> Vec<String> {
        let removed = self.command(&["rm", "-f"]);
        if removed.code != 0 {
            return vec![format!("{removed:?}")];
        }
        let root = self.lab.engine_root();
        let mut left = self.lab.leftovers();
        for folder in ["containers", "names", "run", "uses"] {
            let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path().display().to_string()));
        }
        left
    }
}

/// What the kernel tells of a process, from its state on. Source: proc_pid_stat(5).
pub(crate) fn fields(pid: i64) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    // The name before it can hold anything.
    let after = stat.rsplit_once(") ").expect("a name").1;
    after.split(' ').map(String::from).collect()
}

/// The keeper of a monitor of a lab's.
pub(crate) fn keeper_of(monitor: i64, lab: &str) -> Option<i64> {
    let parent: i64 = fields(monitor)[1].parse().expect("a number");
    let words = fs::read_to_string(format!("/proc/{parent}/cmdline")).unwrap_or_default();
    (words.starts_with("nagaya-monitor\0") && words.contains(lab)).then_some(parent)
}

/// It has ended, whether somebody has waited for it or not.
pub(crate) fn is_gone(pid: i64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

/// Sends a signal to a process, which may be gone.
pub(crate) fn send(pid: i64, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a number")).expect("a pid");
    let _ = kill_process(pid, signal);
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.command(&["rm", "-f"]);
    }
}
