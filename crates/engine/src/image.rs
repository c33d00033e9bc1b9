//! What the container's root says about itself.

use std::path::{Path, PathBuf};

use fault::{Doing, Kind, Result};
use launch::RootFd;
use rustix::fs::{Mode, OFlags};

use crate::mounts::mount;
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
    /// What runs if nothing else was asked for.
    pub(crate) command: Vec<String>,
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
            command: vec!["sh".to_string()],
            mounts: Vec::new(),
        })
    }

    /// With this machine's network come the files that names are resolved by, unless the root has links in
    /// their places: those lead wherever they lead.
    pub(crate) fn with_names_of_network(mut self) -> Image {
        for path in ["/etc/resolv.conf", "/etc/hosts"] {
            let Ok(source) = std::fs::canonicalize(path) else { continue };
            let folder_is_there = self.path.join("etc").is_dir();
            let source = source.display().to_string();
            // In this machine's own root the link stays, and what it leads to is put there.
            let at = if self.path == Path::new("/") { source.clone() } else { path.to_string() };
            let is_link = self.path.join(&at[1..]).is_symlink();
            if folder_is_there && !is_link {
                self.mounts.push(mount(&at, "bind", &source, "bind,ro,rprivate"));
            }
        }
        self
    }

    /// Prefers the shell that people like to have in front of them.
    pub(crate) fn with_shell_of_host(mut self) -> Image {
        let bash = Path::new("/bin/bash");
        self.command = vec![if bash.exists() { "/bin/bash" } else { "/bin/sh" }.to_string()];
        self
    }
}

/// A file that is not there, or that we may not read, says nothing.
fn text(root: &RootFd, path: &str) -> String {
    let bytes = root.read(Path::new(path), LONGEST_FILE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
