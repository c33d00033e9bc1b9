//! A container that runs, for tests of what is done in one.

use std::path::{Path, PathBuf};

use lab::{Call, Lab, Nagaya, Output};

/// A container whose program waits.
pub(crate) struct Inside<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) name: String,
}

/// What its program does: it waits, and ends when it is asked to.
const WAIT: &str = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done";

impl<'a> Inside<'a> {
    /// Of the image `box`, which is made if it is not there: a BusyBox.
    pub(crate) fn of_image(lab: &'a Lab, options: &[&str]) -> Inside<'a> {
        import_box(lab);
        Inside::start(lab, options, &["box"])
    }

    /// Of the image `host`.
    pub(crate) fn of_host(lab: &'a Lab, options: &[&str]) -> Inside<'a> {
        Inside::start(lab, options, &["host"])
    }

    /// Of a folder.
    pub(crate) fn of_folder(lab: &'a Lab, options: &[&str]) -> (Inside<'a>, PathBuf) {
        let root = lab.rootfs("root");
        let path = root.display().to_string();
        let words = [options, &["--rootfs", &path]].concat();
        (Inside::start(lab, &words, &[]), root)
    }

    fn start(lab: &'a Lab, options: &[&str], image: &[&str]) -> Inside<'a> {
        let name = lab.container_name();
        let call = lab.nagaya(&["run", "-d", "--name", &name]).args(options).args(image);
        call.args(["sh", "-c", WAIT]).output().ok();
        Inside { lab, name }
    }

    /// A command with the container's name behind it, and then more.
    pub(crate) fn call(&self, words: &[&str], more: &[&str]) -> Call {
        self.lab.nagaya(words).arg(&self.name).args(more)
    }

    pub(crate) fn exec(&self, options: &[&str], command: &[&str]) -> Output {
        self.call(&[&["exec"], options].concat(), command).output()
    }

    /// What a script in it prints.
    #[track_caller]
    pub(crate) fn sh(&self, script: &str) -> String {
        self.exec(&[], &["sh", "-c", script]).ok()
    }

    /// `cp` with `NAME:` for each `:` in front.
    pub(crate) fn cp(&self, options: &[&str], from: &str, to: &str) -> Output {
        let named = |path: &str| match path.strip_prefix(':') {
            Some(path) => format!("{}:{path}", self.name),
            None => path.to_string(),
        };
        self.lab
            .nagaya(&["cp"])
            .args(options)
            .arg(named(from))
            .arg(named(to))
            .folder(self.lab.folder())
            .output()
    }

    pub(crate) fn stop(&self) {
        self.call(&["stop", "-t", "30"], &[]).output().ok();
    }

    pub(crate) fn start_again(&self) {
        self.call(&["start"], &[]).output().ok();
    }

    /// The number of its first process.
    pub(crate) fn pid(&self) -> u32 {
        let state = self.lab.engine_root().join("run");
        let id = std::fs::read_dir(state).expect("containers").flatten().next().expect("one").path();
        let state = std::fs::read(id.join("state.json")).expect("its state");
        let state: serde_json::Value = serde_json::from_slice(&state).expect("JSON");
        state["pid"].as_u64().and_then(|pid| pid.try_into().ok()).expect("a number")
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _ = self.call(&["rm", "-f"], &[]).output();
    }
}

/// The image `box`.
pub(crate) fn import_box(lab: &Lab) {
    if lab.nagaya(&["image", "inspect", "box"]).output().code == 0 {
        return;
    }
    let tar = tar_of(lab, &lab.rootfs("box"));
    lab.nagaya(&["import"]).arg(&tar).arg("box").output().ok();
}

/// A tar of a folder.
pub(crate) fn tar_of(lab: &Lab, folder: &Path) -> PathBuf {
    let tar = folder.with_extension("tar");
    lab.program("tar").arg("-C").arg(folder).arg("-cf").arg(&tar).arg(".").output().ok();
    tar
}
