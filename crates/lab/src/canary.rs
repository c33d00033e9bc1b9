//! A folder outside that nobody may touch.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Lab;

/// A folder of the host with known content, for a hostile bundle to aim at.
pub struct Canary {
    folder: PathBuf,
    before: Vec<String>,
}

impl Canary {
    /// With the names that runtimes like to make or replace in `/dev`.
    pub fn new(lab: &Lab) -> Canary {
        let folder = lab.folder().join("canary");
        fs::create_dir_all(folder.join("pts")).expect("the canary's folder");
        for name in ["ptmx", "null", "secret", "pts/0"] {
            fs::write(folder.join(name), format!("canary {name}")).expect("the canary's file");
        }
        let before = list(&folder);
        Canary { folder, before }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails the test if anything about it changed.
    #[track_caller]
    pub fn unharmed(&self) {
        assert_eq!(list(&self.folder), self.before, "the canary folder was changed");
    }
}

/// All there is to know about every file: kind, owner, size, times, content.
fn list(folder: &Path) -> Vec<String> {
    let mut lines = vec![describe(folder)];
    let mut names: Vec<_> = fs::read_dir(folder).expect("the canary").flatten().map(|e| e.path()).collect();
    names.sort();
    for path in names {
        if path.is_dir() && !path.is_symlink() {
            lines.extend(list(&path));
        } else {
            lines.push(describe(&path));
        }
    }
    lines
}

/// Content is read only of regular files: what took a file's place may be a device without an end.
fn describe(path: &Path) -> String {
    let meta = fs::symlink_metadata(path).expect("a file of the canary");
    let content = if meta.is_file() { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    format!(
        "{} mode {:o} owner {}:{} size {} device {} changed {}.{} {content}",
        path.display(),
        meta.mode(),
        meta.uid(),
        meta.gid(),
        meta.size(),
        meta.rdev(),
        meta.ctime(),
        meta.ctime_nsec(),
    )
}
