//! Mounts: from the words of fstab(5) to what the kernel takes.

use std::fmt;
use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use serde::{Deserialize, Serialize};

/// A mount, ready to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub what: Source,
    /// Where, in the container.
    pub at: PathBuf,
    /// Which field asked for it: `mounts[3]`.
    pub field: String,
    /// Of this mount.
    pub attributes: Attributes,
    /// Of this mount and all below it (`rro` and the like).
    pub recursive: Attributes,
    /// How it is shared with copies of itself, in order.
    pub propagation: Vec<Propagation>,
    /// The way to it must be made of ordinary directories: a symbolic link there is an attack, not a layout.
    pub no_links: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A new instance of a file system; options as `name` or `name=value`.
    New {
        /// Its type.
        kind: String,
        /// Its source, which is but a name for most.
        source: String,
        /// What the file system itself is told.
        options: Vec<String>,
        /// It begins with what the folder that it covers holds (`tmpcopyup`).
        copy_up: bool,
    },
    /// A part of what the host has mounted.
    Bind {
        /// An absolute path of the host.
        source: PathBuf,
        /// With all that is mounted below.
        recursive: bool,
        /// The host opens it before the clone, because the child may not.
        by_host: bool,
    },
    /// The container's own cgroups: for each hierarchy of v1 its name, and the directory of the host.
    Cgroups(Vec<(String, PathBuf)>),
}

/// `MOUNT_ATTR_*` to set and to clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// To set.
    pub set: u64,
    /// To clear.
    pub clear: u64,
}

impl Attributes {
    /// `MOUNT_ATTR_RDONLY`.
    pub const READONLY: u64 = 1;
    /// `MOUNT_ATTR_NOSUID`.
    pub const NOSUID: u64 = 2;
    /// `MOUNT_ATTR_NODEV`.
    pub const NODEV: u64 = 4;
    /// `MOUNT_ATTR_NOEXEC`.
    pub const NOEXEC: u64 = 8;
    /// `MOUNT_ATTR__ATIME`: all ways to keep access times; to be cleared before one is set.
    const ATIME: u64 = 0x70;
    const NOATIME: u64 = 0x10;
    const STRICTATIME: u64 = 0x20;
    const NODIRATIME: u64 = 0x80;
    const NOSYMFOLLOW: u64 = 0x20_0000;

    /// Nothing to do.
    pub fn is_empty(self) -> bool {
        self == Attributes::default()
    }

    fn add(&mut self, set: u64, clear: u64) {
        self.set = self.set & !clear | set;
        self.clear = self.clear & !set | clear;
        // The kernel wants all of the old way cleared before a new one is set.
        if (self.set | self.clear) & Attributes::ATIME != 0 {
            self.clear |= Attributes::ATIME;
        }
    }
}

/// How a mount is shared with copies of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Propagation {
    /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED` or `MS_UNBINDABLE`.
    pub flag: u64,
    /// All mounts below as well.
    pub recursive: bool,
}

impl Propagation {
    const UNBINDABLE: u64 = 1 << 17;
    const PRIVATE: u64 = 1 << 18;
    const SLAVE: u64 = 1 << 19;
    const SHARED: u64 = 1 << 20;

    /// `private`, `rslave` and the like.
    pub(crate) fn named(name: &str) -> Option<Propagation> {
        let (recursive, plain) = match name.strip_prefix('r') {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let flag = match plain {
            "private" => Propagation::PRIVATE,
            "slave" => Propagation::SLAVE,
            "shared" => Propagation::SHARED,
            "unbindable" => Propagation::UNBINDABLE,
            _ => return None,
        };
        Some(Propagation { flag, recursive })
    }

    /// Mounts made on one side appear on the other.
    pub(crate) fn is_shared(self) -> bool {
        self.flag == Propagation::SHARED
    }
}

/// Options of a mount's attributes: name, what it sets, what it clears. With an `r` in front they count
/// for all mounts below too.
const ATTRIBUTES: [(&str, u64, u64); 17] = [
    ("ro", Attributes::READONLY, 0),
    ("rw", 0, Attributes::READONLY),
    ("nosuid", Attributes::NOSUID, 0),
    ("suid", 0, Attributes::NOSUID),
    ("nodev", Attributes::NODEV, 0),
    ("dev", 0, Attributes::NODEV),
    ("noexec", Attributes::NOEXEC, 0),
    ("exec", 0, Attributes::NOEXEC),
    ("noatime", Attributes::NOATIME, Attributes::STRICTATIME),
    ("atime", 0, Attributes::NOATIME),
    ("relatime", 0, Attributes::ATIME),
    ("norelatime", 0, 0),
    ("strictatime", Attributes::STRICTATIME, Attributes::NOATIME),
    ("nodiratime", Attributes::NODIRATIME, 0),
    ("diratime", 0, Attributes::NODIRATIME),
    ("nosymfollow", Attributes::NOSYMFOLLOW, 0),
    ("symfollow", 0, Attributes::NOSYMFOLLOW),
];

/// Options of the file system as a whole that need saying, and those that say nothing.
const FLAGS: [&str; 6] = ["sync", "dirsync", "lazytime", "mand", "iversion", "silent"];
const NOTHING: [&str; 8] =
    ["defaults", "async", "nolazytime", "nomand", "noiversion", "loud", "nostrictatime", "acl"];

/// Options that the specification or the peers have, and that no step honours yet.
const NOT_YET: [&str; 6] = ["idmap", "ridmap", "remount", "copy-symlink", "src-nofollow", "dest-nofollow"];

/// All options that `features` may speak of.
pub fn known_options() -> Vec<String> {
    let attributes = ATTRIBUTES.iter().map(|(name, ..)| *name);
    let recursive = attributes.clone().map(|name| format!("r{name}"));
    let propagation = ["private", "slave", "shared", "unbindable"];
    let others =
        FLAGS.iter().chain(&NOTHING[..6]).chain(&propagation).copied().chain(["bind", "rbind", "tmpcopyup"]);
    let mut all: Vec<String> = attributes.chain(others).map(String::from).collect();
    all.extend(recursive.chain(propagation.map(|name| format!("r{name}"))));
    all.sort();
    all.dedup();
    all
}

/// Makes a mount of what `config.json` asks for. `field` names it in errors; `bundle` is what relative
/// sources count from; `by_host` says that the child may not be able to open the source.
pub(crate) fn parse(asked: &oci::Mount, field: &str, bundle: &Path, by_host: bool) -> Result<Mount> {
    let mut words = Words::default();
    for option in &asked.options {
        words.take(option, &format!("{field}.options"))?;
    }
    if !asked.uid_mappings.is_empty() || !asked.gid_mappings.is_empty() {
        return Err(not_yet(&format!("{field}.uidMappings")));
    }
    if asked.destination.is_empty() {
        return Err(Fault::invalid(format!("{field}.destination"), "it is empty"));
    }
    let bind = words.bind.or((asked.kind == "bind").then_some(false));
    let what = match bind {
        Some(recursive) => words.bind_of(asked, field, bundle, recursive, by_host)?,
        None => words.new_of(asked, field)?,
    };
    let at = Path::new("/").join(&asked.destination);
    if at == Path::new("/") && bind.is_none() {
        return Err(Fault::invalid(format!("{field}.destination"), "the container's root is `root.path`"));
    }
    let no_links = matches!(&what, Source::New { kind, .. } if kind != "tmpfs") || at.starts_with("/dev");
    Ok(Mount {
        what,
        at,
        field: field.to_string(),
        attributes: words.attributes,
        recursive: words.recursive,
        propagation: words.propagation,
        no_links,
    })
}

/// What the options add up to.
#[derive(Default)]
struct Words {
    bind: Option<bool>,
    attributes: Attributes,
    recursive: Attributes,
    propagation: Vec<Propagation>,
    copy_up: bool,
    rest: Vec<String>,
}

impl Words {
    fn take(&mut self, option: &str, field: &str) -> Result<()> {
        let attribute = |name: &str| ATTRIBUTES.iter().find(|(known, ..)| *known == name);
        if let Some((_, set, clear)) = attribute(option) {
            self.attributes.add(*set, *clear);
        } else if let Some((_, set, clear)) = option.strip_prefix('r').and_then(attribute) {
            self.recursive.add(*set, *clear);
        } else if let Some(propagation) = Propagation::named(option) {
            self.propagation.push(propagation);
        } else if NOT_YET.iter().any(|word| option.split('=').next() == Some(word)) {
            return Err(not_yet(field).because(format!("the option `{option}` is not supported yet")));
        } else if option == "tmpcopyup" {
            self.copy_up = true;
        } else if NOTHING.contains(&option) {
        } else if option == "bind" || option == "rbind" {
            self.bind = Some(self.bind.unwrap_or(false) || option == "rbind");
        } else {
            self.rest.push(option.to_string());
        }
        Ok(())
    }

    fn bind_of(
        &self,
        asked: &oci::Mount,
        field: &str,
        bundle: &Path,
        recursive: bool,
        by_host: bool,
    ) -> Result<Source> {
        if asked.source.is_empty() {
            return Err(Fault::invalid(format!("{field}.source"), "a bind mount needs one"));
        }
        if self.copy_up {
            return Err(only_tmpfs(field));
        }
        if let Some(unknown) = self.rest.iter().find(|option| !FLAGS.contains(&option.as_str())) {
            return Err(Fault::invalid(
                format!("{field}.options"),
                format!("`{unknown}` is not an option of a bind mount"),
            ));
        }
        Ok(Source::Bind { source: bundle.join(&asked.source), recursive, by_host })
    }

    fn new_of(&mut self, asked: &oci::Mount, field: &str) -> Result<Source> {
        if asked.kind.is_empty() || asked.kind == "none" {
            return Err(Fault::invalid(
                format!("{field}.type"),
                "it is empty, and the options do not say `bind`",
            ));
        }
        if self.copy_up && asked.kind != "tmpfs" {
            return Err(only_tmpfs(field));
        }
        let mut options = std::mem::take(&mut self.rest);
        // Every devpts is an instance of its own since Linux 4.7; the word is left over from before.
        options.retain(|option| option != "newinstance");
        Ok(Source::New {
            kind: asked.kind.clone(),
            source: asked.source.clone(),
            options,
            copy_up: self.copy_up,
        })
    }
}

impl Mount {
    /// It is of what the host makes, or opens.
    pub(crate) fn needs_host(&self) -> bool {
        matches!(self.what, Source::Cgroups(_) | Source::Bind { by_host: true, .. })
    }

    /// The child may not be able to open its source.
    pub(crate) fn is_opened_by_host(&self) -> bool {
        matches!(self.what, Source::Bind { by_host: true, .. })
    }

    /// Why it is there, for a person who reads the list of steps.
    pub(crate) fn why(&self) -> &'static str {
        match &self.what {
            Source::New { kind, .. } => match kind.as_str() {
                "proc" => "what runs in its pid namespace",
                "sysfs" => "the machine, as its network namespace may see it",
                "devpts" => "terminals of its own",
                "mqueue" => "message queues of its own",
                "tmpfs" => "in memory, and gone with the container",
                _ => "asked for",
            },
            Source::Bind { .. } => "a part of the host, as asked for",
            Source::Cgroups(_) => "its own limits and counters",
        }
    }
}

fn only_tmpfs(field: &str) -> Fault {
    Fault::invalid(format!("{field}.options"), "`tmpcopyup` is for mounts of type `tmpfs`")
}

fn not_yet(field: &str) -> Fault {
    Fault::new(Kind::Unsupported, format!("use `{field}`")).because("it is not supported yet")
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Source::New { kind, .. } => write!(f, "mount {kind}")?,
            Source::Bind { source, recursive: false, .. } => write!(f, "bind `{}`", source.display())?,
            Source::Bind { source, .. } => write!(f, "bind `{}` and all below", source.display())?,
            Source::Cgroups(all) if all.len() == 1 => write!(f, "bind the container's cgroup")?,
            Source::Cgroups(all) => write!(f, "bind the container's {} cgroups", all.len())?,
        }
        write!(f, " on `{}`", self.at.display())?;
        let set = self.attributes.set | self.recursive.set;
        let words =
            ATTRIBUTES.iter().filter(|(_, bit, _)| *bit != 0 && set & bit != 0).map(|(name, ..)| *name);
        let words = words.collect::<Vec<_>>().join(",");
        if words.is_empty() { Ok(()) } else { write!(f, " ({words})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(json: &str) -> Result<Mount> {
        parse(&serde_json::from_str(json).unwrap(), "mounts[0]", Path::new("/bundle"), false)
    }

    #[test]
    fn words_become_flags() {
        let dev = r#"{"destination":"/dev","type":"tmpfs","source":"tmpfs",
            "options":["nosuid","strictatime","mode=755","size=65536k","newinstance"]}"#;
        let dev = mount(dev).unwrap();
        assert_eq!(dev.attributes, Attributes { set: 0x22, clear: 0x70 });
        let Source::New { options, .. } = &dev.what else { panic!("{dev:?}") };
        assert_eq!(options, &["mode=755", "size=65536k"]);
        assert_eq!(dev.to_string(), "mount tmpfs on `/dev` (nosuid,strictatime)");
    }

    #[test]
    fn the_last_of_two_opposites_counts() {
        let both = mount(r#"{"destination":"/a","type":"tmpfs","options":["ro","rw","noexec"]}"#).unwrap();
        assert_eq!(both.attributes, Attributes { set: 8, clear: 1 });
    }

    #[test]
    fn a_bind_takes_its_source_from_the_bundle() {
        let bind =
            mount(r#"{"destination":"d","source":"data","options":["rbind","rro","rprivate"]}"#).unwrap();
        assert_eq!(bind.to_string(), "bind `/bundle/data` and all below on `/d` (ro)");
        assert_eq!(bind.propagation, [Propagation { flag: 1 << 18, recursive: true }]);
        assert_eq!(bind.recursive.set, 1);
    }

    #[test]
    fn what_we_cannot_do_is_refused_by_name() {
        let sentence = |json| mount(json).unwrap_err().sentence();
        assert_eq!(
            sentence(r#"{"destination":"/a","source":"/b","options":["bind","idmap"]}"#),
            "cannot use `mounts[0].options`: the option `idmap` is not supported yet"
        );
        assert_eq!(
            sentence(r#"{"destination":"/a","source":"/b","options":["bind","roo"]}"#),
            "cannot use `mounts[0].options`: `roo` is not an option of a bind mount"
        );
        assert!(sentence(r#"{"destination":"/a","source":"/b"}"#).contains("mounts[0].type"));
        assert!(sentence(r#"{"destination":"","type":"tmpfs"}"#).contains("mounts[0].destination"));
        assert!(sentence(r#"{"destination":"/a","type":"bind"}"#).contains("mounts[0].source"));
    }
}
