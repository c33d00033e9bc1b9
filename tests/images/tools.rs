//! podman and buildah, with folders of their own; removed at the end.

use std::path::{Path, PathBuf};
use std::process::Command;

use lab::Scratch;
use peers::{RUNC, Said, traces};

use crate::tree::Tree;

/// Both of them, on one storage: what one builds the other runs.
pub(crate) struct Peers {
    scratch: Scratch,
}

/// So that they ask for nothing that this machine may not give.
const RUN: &str = "--network none --ulimit nofile=1024:1024 --ulimit nproc=100:100";

impl Peers {
    pub(crate) fn new() -> Peers {
        Peers { scratch: Scratch::new("peers") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// `podman WORDS`, as a shell parts them. `RUN` stands for the usual flags.
    pub(crate) fn podman(&self, words: &str) -> Said {
        let at = |name: &str| self.folder().join(name).display().to_string();
        let own = format!(
            "--tmpdir {} --cgroup-manager cgroupfs --events-backend file --runtime {RUNC}",
            at("tmp")
        );
        // Else podman makes a cgroup for all of its containers on the machine, and leaves it.
        let run = format!("run {RUN} --cgroup-parent /{}", self.cgroup());
        self.call("podman", &format!("{own} {}", words.replace("RUN", &run)))
    }

    fn cgroup(&self) -> String {
        self.folder().file_name().unwrap_or_default().display().to_string()
    }

    pub(crate) fn buildah(&self, words: &str) -> Said {
        self.call("buildah", words)
    }

    fn call(&self, program: &str, words: &str) -> Said {
        let at = |name: &str| self.folder().join(name).display().to_string();
        let line = format!(
            "{program} --root {} --runroot {} --storage-driver vfs {words}",
            at("root"),
            at("runroot")
        );
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "90", "sh", "-c", &line]).current_dir(self.folder());
        command.env("XDG_RUNTIME_DIR", at("xdg")).env("TMPDIR", self.folder());
        Said::to(&mut command, "")
    }

    /// A `podman` that must work; its words, trimmed.
    #[track_caller]
    pub(crate) fn fine(&self, words: &str) -> String {
        self.podman(words).fine()
    }

    /// The root of an image, as their storage has it.
    #[track_caller]
    pub(crate) fn tree(&self, image: &str) -> Tree {
        let at = PathBuf::from(self.fine(&format!("image mount {image}")));
        let tree = Tree::of(&at);
        self.fine(&format!("image unmount {image}"));
        tree
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.podman("rm --all --force --time 0");
        let _ = self.podman("rmi --all --force");
        let folder = self.folder().display().to_string();
        for mount in traces::mounts("self").iter().rev().filter(|mount| mount.starts_with(&folder)) {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
        for cgroup in traces::cgroups(&self.cgroup()) {
            traces::remove_cgroup(&cgroup);
        }
    }
}
