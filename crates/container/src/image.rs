//! What the container's root says about itself.

use std::path::{Path, PathBuf};

use fault::{Doing, Kind, Result};
use launch::RootFd;
use oci::image::Execution;
use rustix::fs::{Mode, OFlags};

use crate::request::OfImage;
use crate::users::Accounts;

/// Account files are text for people; more than this is none.
const LONGEST_FILE: u64 = 1 << 20;

/// What the container's root says about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    /// Its absolute path on this machine.
    pub(crate) path: PathBuf,
    /// Its users and groups.
    pub(crate) accounts: Accounts,
    /// What runs if nothing else was asked for, as whom and where.
    pub(crate) execution: Execution,
    /// Files that are mounts of their own.
    pub(crate) mounts: Vec<oci::Mount>,
}

impl Image {
    /// Looks at a folder. Links in it end in it; nothing of the machine is read by way of them.
    pub(crate) fn read(folder: &Path) -> Result<Image> {
        let doing = || format!("use root folder `{}`", folder.display());
        let hint = |fault: fault::Fault| match fault.kind() {
            Kind::NotFound => fault.hint("make it from an image: `docker export CONTAINER | tar -C DIR -x`"),
            _ => fault.hint("it must be a folder with an image's files in it"),
        };
        let path = std::fs::canonicalize(folder).doing(doing).map_err(hint)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = RootFd::new(rustix::fs::open(&path, flags, Mode::empty()).doing(doing).map_err(hint)?);
        Ok(Image {
            path,
            accounts: Accounts { passwd: text(&root, "/etc/passwd"), group: text(&root, "/etc/group") },
            execution: shell(),
            mounts: Vec::new(),
        })
    }

    /// What an image says. Its root is laid when the container is made.
    /// Users that were added in an earlier life of the container are in what it has changed.
    pub(crate) fn of(image: &OfImage, changes: &Path) -> Image {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let upper = rustix::fs::open(changes.join("upper"), flags, Mode::empty()).ok().map(RootFd::new);
        let changed =
            |path: &str| upper.as_ref().map(|upper| text(upper, path)).filter(|text| !text.is_empty());
        let file = |name: &str| {
            let own = || std::fs::read_to_string(image.accounts.join(name)).unwrap_or_default();
            changed(&format!("/etc/{name}")).unwrap_or_else(own)
        };
        Image {
            path: PathBuf::from("/"),
            accounts: Accounts { passwd: file("passwd"), group: file("group") },
            execution: image.execution.clone(),
            mounts: Vec::new(),
        }
    }

    /// Prefers the shell that people like to have in front of them.
    pub(crate) fn with_shell_of_host(mut self) -> Image {
        self.execution = shell_of_host();
        self
    }
}

/// What a root runs that says nothing of it.
pub(crate) fn shell() -> Execution {
    command("sh")
}

/// The shell of this machine that people like to have in front of them.
pub(crate) fn shell_of_host() -> Execution {
    command(if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" })
}

fn command(program: &str) -> Execution {
    Execution { cmd: Some(vec![program.to_string()]), ..Execution::default() }
}

/// A file that is not there, or that we may not read, says nothing.
pub(crate) fn text(root: &RootFd, path: &str) -> String {
    let bytes = root.read(Path::new(path), LONGEST_FILE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
