//! What is mounted in a container because somebody has asked for it.
//!
//! ```text
//! Mount             one of them, understood                        mod.rs
//!   short           `-v`, `--tmpfs`                                short.rs, tmpfs.rs
//!   long            `--mount`                                      long.rs, keys.rs
//!   collect         `--volumes-from`, `VOLUME` of an image         collect.rs
//! config            a mount -> the mounts of an OCI config, pure   config.rs, owners.rs
//! Point             the same for `inspect`                         point.rs
//! ```

pub(crate) mod collect;
pub(crate) mod config;
mod keys;
mod long;
mod owners;
mod point;
mod sharing;
mod short;
mod tmpfs;

pub use long::Caller;
pub use point::Point;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Result};
use oci::image::Digest;
use plan::Lower;
use serde::{Deserialize, Serialize};

/// Something that is mounted in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What.
    pub what: What,
    /// Where: an absolute path in the container.
    pub destination: String,
    /// It can only be read.
    pub readonly: bool,
    /// The options of `-v`, as they were typed.
    pub mode: String,
    /// What has asked for it.
    pub by: By,
}

/// What has asked for a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// `-v`.
    Volume,
    /// `--mount`.
    Mount,
    /// `--tmpfs`.
    Tmpfs,
    /// `--volumes-from`.
    VolumesFrom,
    /// The image.
    Image,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A part of this machine.
    Bind(Bind),
    /// A volume.
    Volume(OfVolume),
    /// Memory; with options of tmpfs(5) and mount(8).
    Tmpfs(Vec<String>),
    /// The files of an image, to be read.
    Image(OfMounted),
}

/// A part of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// An absolute path.
    pub source: PathBuf,
    /// If it is not there, it is made, as a folder.
    pub make: bool,
    /// How later mounts are shared: a word such as `rprivate`.
    pub propagation: String,
    /// What becomes of what is mounted below it.
    pub below: Below,
    /// User and group of this machine that files are to belong to which are made in it.
    pub owner: Option<(u32, u32)>,
}

/// What becomes of what is mounted below the source of a bind mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Below {
    /// It is there, and as read-only as the rest.
    #[default]
    Enabled,
    /// It is not there.
    Disabled,
    /// It is there, and can be written to.
    Writable,
    /// As `Enabled`; Docker refuses it where the kernel cannot do that.
    Readonly,
}

/// A volume, as a mount wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfVolume {
    /// Its name; empty until one is given to a volume that nobody has named.
    pub name: String,
    /// Nobody has named it: it goes with the container, if whoever removes that wants so.
    pub anonymous: bool,
    /// It stays empty, whatever the image has in its place.
    pub no_copy: bool,
    /// Only this part of it.
    pub subpath: Option<String>,
    /// What it is made with, if it is made for this mount.
    pub options: BTreeMap<String, String>,
    /// The same.
    pub labels: BTreeMap<String, String>,
}

/// An image whose files are mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfMounted {
    /// What it was called.
    pub name: String,
    /// Only this part of it.
    pub subpath: Option<String>,
    /// What it is, and its layers; nothing until it was looked for.
    pub found: Option<(Digest, Lower)>,
}

impl Mount {
    /// The volume, if it is one.
    pub fn volume(&self) -> Option<&OfVolume> {
        match &self.what {
            What::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    /// The part of this machine, if it is one.
    pub fn bind(&self) -> Option<&Bind> {
        match &self.what {
            What::Bind(bind) => Some(bind),
            _ => None,
        }
    }

    /// It was written by itself and not as one of a list, so that nobody can have named it wrong.
    fn new(what: What, destination: &str, by: By) -> Mount {
        Mount { what, destination: clean(destination), readonly: false, mode: String::new(), by }
    }
}

impl Bind {
    fn of(source: PathBuf, make: bool) -> Bind {
        Bind { source, make, propagation: PRIVATE.to_string(), below: Below::default(), owner: None }
    }

    /// There is nothing at its source.
    pub fn is_missing(&self) -> bool {
        self.source.symlink_metadata().is_err()
    }

    /// As Docker does: a source of `-v` that is not there becomes a folder, one of `--mount` is an error. True if it was
    /// made.
    pub fn make_missing(&self) -> Result<bool> {
        if !self.is_missing() {
            return Ok(false);
        }
        if !self.make {
            return Err(self.missing());
        }
        fs::create_dir_all(&self.source)
            .doing(|| format!("make folder `{}` for --volume", self.source.display()))?;
        Ok(true)
    }

    /// In Docker's words.
    pub fn missing(&self) -> Fault {
        let source = self.source.display();
        Fault::invalid(
            "--mount",
            format!("invalid mount config for type \"bind\": bind source path does not exist: {source}"),
        )
        .hint("`bind-create-src` makes it as a folder, as -v does")
    }
}

/// How mounts are shared unless somebody says something else: not at all.
const PRIVATE: &str = "rprivate";

/// Words for how later mounts are shared.
const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/// A path without `.`, `..` and needless slashes, as Go's path.Clean has it.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// A place in the container, in Docker's words where it is none.
fn check_destination(destination: &str, option: &str, text: &str) -> Result<()> {
    let wrong = |why: String| Fault::invalid(option, format!("`{text}`: {why}"));
    if !destination.starts_with('/') {
        return Err(wrong(format!("invalid mount path: '{destination}' mount path must be absolute"))
            .hint(format!("`/{destination}`")));
    }
    if clean(destination) == "/" {
        return Err(wrong("invalid specification: destination can't be '/'".to_string()));
    }
    Ok(())
}

/// The rule for names of volumes. Source: moby, `volume/local/local.go`.
pub(crate) fn check_name(name: &str, option: &str) -> Result<()> {
    let letter = |c: char| c.is_ascii_alphanumeric();
    let shown = fault::visible(name);
    if name.len() == 1 && name.starts_with(letter) {
        return Err(Fault::invalid(
            option,
            "volume name is too short, names should be at least two alphanumeric characters",
        ));
    }
    let rest = name.strip_prefix(letter).unwrap_or_default();
    if !rest.is_empty() && rest.chars().all(|c| letter(c) || "_.-".contains(c)) && name.len() <= 255 {
        return Ok(());
    }
    Err(Fault::invalid(
        option,
        format!(
            "create {shown}: \"{shown}\" includes invalid characters for a local volume name, only \
             \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
        ),
    ))
}

/// A relative source counts from `here`.
fn absolute(source: &str, here: &Path) -> PathBuf {
    here.join(source).components().collect()
}

/// SELinux is there, so that labels of files mean something.
fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_cleaned() {
        for (path, cleaned) in
            [("/a//b/", "/a/b"), ("/a/../b", "/b"), ("/../../x", "/x"), ("/.", "/"), ("/a/./b", "/a/b")]
        {
            assert_eq!(clean(path), cleaned);
        }
    }

    #[test]
    fn names_are_as_in_docker() {
        for good in ["db", "a1", "Web_1.a-b"] {
            assert!(check_name(good, "--volume").is_ok(), "{good}");
        }
        for (bad, words) in [("a", "too short"), ("-ab", "invalid characters"), ("a/b", "absolute path")] {
            assert!(check_name(bad, "--volume").unwrap_err().sentence().contains(words), "{bad}");
        }
    }
}
