//! A place for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{Call, Container, Output, Snapshot, leftovers, runtime};

/// A folder of its own under `/tmp`, with the runtime's state folder in it.
///
/// All names in it begin with the lab's name, so tests that run side by side do not disturb each other,
/// and what a test left anywhere on the machine can be found by that name.
pub struct Lab {
    name: String,
    folder: PathBuf,
    before: Snapshot,
    containers: Mutex<Vec<String>>,
}

impl Default for Lab {
    fn default() -> Lab {
        Lab::new()
    }
}

impl Lab {
    /// A new one.
    pub fn new() -> Lab {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // The underscore ends the name: `lab-7-1_` is no part of `lab-7-12_`.
        let name = format!("lab-{}-{}_", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&name);
        for inner in ["state", "said", "bundles"] {
            fs::create_dir_all(folder.join(inner)).expect("the lab's folder");
        }
        Lab { before: Snapshot::take(&name), name, folder, containers: Mutex::default() }
    }

    /// Unique on this machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where everything of the test is, and nothing else.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runtime's `--root`.
    pub fn state_folder(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// A bundle with a root folder of its own, and a name that begins with the lab's. The same name again is
    /// the same folder with a fresh config.
    pub fn container(&self, name: &str) -> Container<'_> {
        Container::new(self, name)
    }

    /// A root folder of its own.
    pub fn rootfs(&self, name: &str) -> PathBuf {
        let root = self.folder.join(name);
        crate::rootfs::build(&root);
        root
    }

    /// A call of the runtime on this lab's state folder.
    pub fn runtime<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Call {
        self.program(runtime()).arg("--root").arg(self.state_folder()).args(args)
    }

    /// A call of any program.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Call {
        Call::of(program, &self.folder.join("said"), &self.name)
    }

    /// `delete --force`.
    #[track_caller]
    pub fn delete_force(&self, id: &str) -> Output {
        self.runtime(["delete", "--force", id]).output()
    }

    /// What this lab left on the machine since it was made, its own folder not counted; nothing, after all
    /// its containers were deleted. The kernel takes a moment to end processes, so this waits one second.
    pub fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        crate::wait::within(Duration::from_secs(1), || {
            left = self.on_the_machine();
            left.is_empty()
        });
        left
    }

    /// What this lab has on the machine right now.
    pub fn on_the_machine(&self) -> Vec<String> {
        Snapshot::take(&self.name).new_since(&self.before)
    }

    /// The kit deletes it in the end, whatever the test does.
    pub(crate) fn remember(&self, id: &str) {
        self.containers.lock().expect("its names").push(id.to_string());
    }

    /// By the runtime, so that its `delete` is tested too; and by `timeout`, because a panic in here would
    /// end the whole run.
    fn delete_containers(&self) {
        if self.on_the_machine().is_empty() {
            return;
        }
        for id in self.containers.lock().iter().flat_map(|ids| ids.iter()) {
            let _ = std::process::Command::new("timeout")
                .arg("10")
                .arg(runtime())
                .arg("--root")
                .arg(self.state_folder())
                .args(["delete", "--force", id])
                .output();
        }
    }
}

impl Drop for Lab {
    /// Deletes what the test made. A test that is otherwise fine fails here if something was left.
    fn drop(&mut self) {
        self.delete_containers();
        let left = self.leftovers();
        leftovers::remove(&self.name, &self.folder);
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left on the machine: {left:#?}");
        }
    }
}
