//! What tests do with images.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{Call, Lab, Nagaya, Output, Running};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use store::{Problem, Store};

use crate::tree::Tree;

/// Commands for images.
pub(crate) trait Images {
    /// A command that must work; what it says.
    fn fine(&self, words: &[&str]) -> String;
    /// Loads a file or folder that must be good.
    fn load(&self, path: &Path) -> String;
    /// All that is known of an image.
    fn inspect(&self, image: &str) -> Value;
    /// The root of a container of an image, entry by entry.
    fn tree(&self, image: &str) -> Tree;
    /// What is wrong with the store.
    fn problems(&self) -> Vec<Problem>;
    /// Ids of all images, one for each name.
    fn ids(&self) -> Vec<String>;
    /// Nothing is wrong with it, and nobody has left anything half done in it once garbage has been collected.
    fn is_clean(&self);
}

impl Images for Lab {
    #[track_caller]
    fn fine(&self, words: &[&str]) -> String {
        self.nagaya(words).output().ok()
    }

    #[track_caller]
    fn load(&self, path: &Path) -> String {
        self.nagaya(&["load", "-i"]).arg(path).output().ok()
    }

    #[track_caller]
    fn inspect(&self, image: &str) -> Value {
        let mut all: Vec<Value> =
            serde_json::from_str(&self.fine(&["image", "inspect", image])).expect("JSON");
        all.remove(0)
    }

    #[track_caller]
    fn tree(&self, image: &str) -> Tree {
        let words = ["--rm", "--pull", "never", "--user", "0", "--entrypoint", "/bin/sh", image, "-c", SLEEP];
        seen_in(self, self.run(&words), Tree::of)
    }

    fn problems(&self) -> Vec<Problem> {
        let store = Store::open(&self.engine_root()).expect("the store");
        let lock = store.exclusive().expect("its lock");
        store.check(&lock, &mut |_| {}).expect("a check").problems
    }

    fn ids(&self) -> Vec<String> {
        self.fine(&["images", "-q", "--no-trunc"]).lines().map(str::to_string).collect()
    }

    #[track_caller]
    fn is_clean(&self) {
        assert_eq!(self.problems(), []);
        let store = Store::open(&self.engine_root()).expect("the store");
        let lock = store.exclusive().expect("its lock");
        store.collect(&lock).expect("a collection");
        for folder in ["staging", "leases", "claims"] {
            let left: Vec<_> = fs::read_dir(store.root().join(folder)).expect("a folder").flatten().collect();
            assert!(left.is_empty(), "in `{folder}`: {left:?}");
        }
    }
}

/// The program of a container that does nothing.
pub(crate) const SLEEP: &str = "echo ready; while :; do sleep 1000; done";

/// Runs [`SLEEP`]: our program, and the container's, which is the only one in this lab.
#[track_caller]
pub(crate) fn started(lab: &Lab, call: Call) -> (Running, Pid) {
    let engine = call.start();
    lab::until("the container runs", || engine.stdout().contains("ready") || !engine.runs());
    let folders = fs::read_dir(lab.engine_root().join("containers")).into_iter().flatten().flatten();
    let states = folders.filter_map(|folder| fs::read(folder.path().join("state.json")).ok());
    let mut pids = states.filter_map(|state| serde_json::from_slice::<Value>(&state).ok()?["pid"].as_i64());
    let Some(pid) = pids.find_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) else {
        panic!("no container: {:?}", engine.finish());
    };
    (engine, pid)
}

/// What is seen of the root of such a container, which then ends.
#[track_caller]
pub(crate) fn seen_in<T>(lab: &Lab, call: Call, look: impl FnOnce(&Path) -> T) -> T {
    let (engine, pid) = started(lab, call);
    let seen = look(&PathBuf::from(format!("/proc/{pid}/root")));
    kill_process(pid, Signal::KILL).expect("the container's program");
    assert_eq!(engine.finish().code, 137);
    seen
}

/// What is said of bad input is short and can be shown on a terminal, whatever was in it.
#[track_caller]
pub(crate) fn bounded(said: &str) {
    let printable = said.chars().all(|letter| letter == '\n' || !letter.is_control());
    assert!(printable && said.lines().all(|line| line.len() <= 512), "{said:?}");
}

/// The most memory that a call had at once, in MiB, and what it answered.
#[track_caller]
pub(crate) fn measured(lab: &Lab, call: Call) -> (u64, Output) {
    let file = lab.folder().join("peak");
    let path = file.to_str().expect("a path of ours");
    let output = call.under(["/usr/bin/time", "--quiet", "-o", path, "-f", "%M"]);
    let output = output.deadline(Duration::from_mins(2)).output();
    let peak = fs::read_to_string(&file).expect("what time(1) has measured");
    (peak.trim().parse::<u64>().expect("KiB") >> 10, output)
}
