//! Mounts: from the words of fstab(5) to what the kernel takes.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use fault::{Fault, Result};
use oci::IdMapping;
use serde::{Deserialize, Serialize};

use crate::{ImageRoot, Step};

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
    /// Its files are shown under other owners.
    pub ids: Option<MountIds>,
    /// The way to it must be made of ordinary directories: a symbolic link there is an attack, not a layout.
    pub no_links: bool,
    /// What becomes of a source that is a symbolic link.
    pub link: Link,
    /// A symbolic link in its place is covered, not followed (`dest-nofollow`).
    pub over_link: bool,
    /// Only this part of what it is of (`subpath=`): a path that ends below it, whatever links say.
    pub part: Option<PathBuf>,
    /// An empty source begins with what the container's root has in its place, by way of this folder (`copyup=`): one on
    /// the same file system that nobody else can reach.
    pub copy_by: Option<PathBuf>,
}

/// What becomes of a source that is a symbolic link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// What it leads to is mounted.
    #[default]
    Follow,
    /// The link itself is mounted (`src-nofollow`).
    Mount,
    /// A link with the same text is made (`copy-symlink`).
    Copy,
}

/// Owners of files, as a mount shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountIds {
    /// Users: `container_id` is the one on disk, `host_id` the one that is shown.
    pub uids: Vec<IdMapping>,
    /// Groups.
    pub gids: Vec<IdMapping>,
    /// Of all mounts below as well.
    pub recursive: bool,
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
    /// Nothing new: what is mounted there already is to be another way (`remount`).
    Again {
        /// What the file system itself is told; with `bind`, it is only about this mount of it.
        options: Vec<String>,
    },
    /// The container's own cgroups: for each hierarchy of v1 its name, and the directory of the host. The one of v2 has
    /// no name: it is mounted itself.
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

/// Options about symbolic links, which crun has.
const LINKS: [&str; 3] = ["copy-symlink", "src-nofollow", "dest-nofollow"];

/// All options that `features` may speak of.
pub fn known_options() -> Vec<String> {
    let attributes = ATTRIBUTES.iter().map(|(name, ..)| *name);
    let recursive = attributes.clone().map(|name| format!("r{name}"));
    let propagation = ["private", "slave", "shared", "unbindable"];
    let others = FLAGS.iter().chain(&NOTHING[..6]).chain(&propagation).copied();
    let others = others
        .chain(["bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap", "subpath", "copyup"])
        .chain(LINKS);
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
    let ids = words.ids_of(asked, field)?;
    if asked.destination.is_empty() {
        return Err(Fault::invalid(format!("{field}.destination"), "it is empty"));
    }
    let bind = words.bind.or((asked.kind == "bind").then_some(false));
    words.check_links(bind.is_some() && !words.again, field)?;
    words.check_parts(bind.is_some(), field)?;
    let what = match bind {
        _ if words.again => words.again_of(bind.is_some(), ids.is_some(), field)?,
        Some(recursive) => words.bind_of(asked, field, bundle, recursive, by_host)?,
        None if ids.is_some() => {
            return Err(Fault::invalid(format!("{field}.options"), "only a bind mount can show other ids"));
        }
        None => words.new_of(asked, field)?,
    };
    let at = Path::new("/").join(&asked.destination);
    if at == Path::new("/") && bind.is_none() && !words.again {
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
        ids,
        no_links,
        link: words.link,
        over_link: words.over_link,
        part: words.part,
        copy_by: words.copy_by,
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
    /// `idmap`, or `ridmap`.
    maps_ids: Option<bool>,
    again: bool,
    link: Link,
    over_link: bool,
    part: Option<PathBuf>,
    copy_by: Option<PathBuf>,
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
        } else if let ("idmap" | "ridmap", _) = option.split_once('=').unwrap_or((option, "")) {
            self.maps_ids = Some(option.starts_with('r'));
        } else if option == "remount" {
            self.again = true;
        } else if option == "dest-nofollow" {
            self.over_link = true;
        } else if LINKS.contains(&option) {
            let link = if option == "src-nofollow" { Link::Mount } else { Link::Copy };
            if self.link != Link::Follow && self.link != link {
                return Err(Fault::invalid(field, "`copy-symlink` and `src-nofollow` contradict each other"));
            }
            self.link = link;
        } else if let Some(part) = option.strip_prefix("subpath=") {
            self.part = Some(below(part, field)?);
        } else if let Some(folder) = option.strip_prefix("copyup=") {
            self.copy_by = Some(absolute(folder, field)?);
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

    /// Mappings without the option mean `idmap`, as with runc; the option without mappings means those of the
    /// container, which [`crate::files`] knows.
    fn ids_of(&self, asked: &oci::Mount, field: &str) -> Result<Option<MountIds>> {
        let (uids, gids) = (asked.uid_mappings.clone(), asked.gid_mappings.clone());
        if uids.is_empty() != gids.is_empty() {
            let missing = if uids.is_empty() { "uidMappings" } else { "gidMappings" };
            return Err(Fault::invalid(format!("{field}.{missing}"), "users and groups are mapped together"));
        }
        let recursive = self.maps_ids.or((!uids.is_empty()).then_some(false));
        Ok(recursive.map(|recursive| MountIds { uids, gids, recursive }))
    }

    fn check_links(&self, bind: bool, field: &str) -> Result<()> {
        if !bind && (self.over_link || self.link != Link::Follow) {
            let why = "`copy-symlink`, `src-nofollow` and `dest-nofollow` are for bind mounts";
            return Err(Fault::invalid(format!("{field}.options"), why));
        }
        Ok(())
    }

    fn check_parts(&self, bind: bool, field: &str) -> Result<()> {
        let why = match (&self.part, &self.copy_by) {
            (Some(_), _) if self.again => "`subpath` can only be said of a new mount",
            (_, Some(_)) if self.again || !bind => "`copyup` is for bind mounts",
            (Some(_), Some(_)) => "`subpath` and `copyup` cannot be said of one mount",
            _ => return Ok(()),
        };
        Err(Fault::invalid(format!("{field}.options"), why))
    }

    fn again_of(&mut self, bind: bool, ids: bool, field: &str) -> Result<Source> {
        let options = std::mem::take(&mut self.rest);
        let cause = match options.first() {
            _ if ids => "`idmap` can only be said of a new mount".to_string(),
            _ if self.copy_up => "`tmpcopyup` can only be said of a new mount".to_string(),
            Some(option) if bind => format!("`{option}` is not an option of a bind mount"),
            _ => return Ok(Source::Again { options }),
        };
        Err(Fault::invalid(format!("{field}.options"), cause))
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

/// A path below something: links in it are for the kernel to judge.
fn below(part: &str, field: &str) -> Result<PathBuf> {
    let plain = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    if part.is_empty() || !Path::new(part).components().all(plain) {
        return Err(Fault::invalid(field, format!("`subpath={part}` is not a path below its source")));
    }
    Ok(PathBuf::from(part))
}

fn absolute(folder: &str, field: &str) -> Result<PathBuf> {
    if folder.starts_with('/') {
        return Ok(PathBuf::from(folder));
    }
    Err(Fault::invalid(field, format!("`copyup={folder}` needs an absolute path")))
}

impl Mount {
    /// The step that lets its source begin with what the root has in its place.
    pub(crate) fn copy_up(&self) -> Option<Step> {
        let (Source::Bind { source, .. }, Some(by)) = (&self.what, &self.copy_by) else { return None };
        Some(Step::CopyUp { at: self.at.clone(), to: source.clone(), by: by.clone(), from: None })
    }

    /// The same by the host, from an image under its own ids; then nobody else does it.
    pub(crate) fn copy_up_by_host(&mut self, image: &ImageRoot) -> Option<Step> {
        let Step::CopyUp { at, to, by, .. } = self.copy_up()? else { return None };
        self.copy_by = None;
        // What was laid as `volatile` cannot be laid again.
        let from = ImageRoot { shown: None, volatile: false, ..image.clone() };
        Some(Step::CopyUp { at, to, by, from: Some(from) })
    }

    /// It is of what the host makes, or opens.
    pub(crate) fn needs_host(&self) -> bool {
        matches!(self.what, Source::Cgroups(_) | Source::Bind { by_host: true, .. })
    }

    /// The child may not be able to open its source.
    pub(crate) fn is_opened_by_host(&self) -> bool {
        matches!(self.what, Source::Bind { by_host: true, .. })
    }

    /// What is mounted below it is to appear where it came from.
    pub(crate) fn is_shared(&self) -> bool {
        self.propagation.iter().any(|kind| kind.is_shared())
    }

    /// Has the host open its source, for what the child could not do even if it may open it.
    pub(crate) fn open_by_host(&mut self) {
        if let Source::Bind { by_host, .. } = &mut self.what {
            *by_host = true;
        }
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
            Source::Again { .. } => "asked for, of what is mounted there already",
            Source::Cgroups(_) => "its own limits and counters",
        }
    }
}

fn only_tmpfs(field: &str) -> Fault {
    Fault::invalid(format!("{field}.options"), "`tmpcopyup` is for mounts of type `tmpfs`")
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Source::New { kind, .. } => write!(f, "mount {kind}")?,
            Source::Bind { source, recursive: false, .. } => write!(f, "bind `{}`", source.display())?,
            Source::Bind { source, .. } => write!(f, "bind `{}` and all below", source.display())?,
            Source::Again { options } => {
                write!(f, "mount again")?;
                if !options.is_empty() {
                    write!(f, " with {}", options.join(","))?;
                }
            }
            Source::Cgroups(all) if all.len() == 1 => write!(f, "bind the container's cgroup")?,
            Source::Cgroups(all) => write!(f, "bind the container's {} cgroups", all.len())?,
        }
        if let Some(part) = &self.part {
            write!(f, ", of it `{}`,", part.display())?;
        }
        write!(f, " on `{}`", self.at.display())?;
        let set = self.attributes.set | self.recursive.set;
        let words =
            ATTRIBUTES.iter().filter(|(_, bit, _)| *bit != 0 && set & bit != 0).map(|(name, ..)| *name);
        let words = words.chain(self.ids.is_some().then_some("idmap"));
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
    fn what_is_there_can_be_mounted_again() {
        let again = mount(r#"{"destination":"/a","options":["remount","bind","ro"]}"#).unwrap();
        assert_eq!(again.to_string(), "mount again on `/a` (ro)");
        let whole =
            mount(r#"{"destination":"/dev","type":"tmpfs","options":["remount","size=1m"]}"#).unwrap();
        assert_eq!(whole.to_string(), "mount again with size=1m on `/dev`");
        let refused = [
            r#"{"destination":"/a","options":["remount","bind","size=1m"]}"#,
            r#"{"destination":"/a","options":["remount","idmap"]}"#,
            r#"{"destination":"/a","type":"tmpfs","options":["remount","tmpcopyup"]}"#,
        ];
        for json in refused {
            assert!(mount(json).unwrap_err().sentence().contains("`mounts[0].options`"), "{json}");
        }
    }

    #[test]
    fn parts_are_below() {
        let bind = |options: &str| {
            mount(&format!(r#"{{"destination":"/a","source":"/b","options":["bind",{options}]}}"#))
        };
        let part = bind(r#""subpath=c/./d""#).unwrap();
        assert_eq!(part.to_string(), "bind `/b`, of it `c/./d`, on `/a`");
        let filled = bind(r#""copyup=/c""#).unwrap();
        assert_eq!(
            filled.copy_up().map(|step| step.to_string()).unwrap_or_default(),
            "copy what `/a` holds to `/b`, if that is empty"
        );
        for refused in [
            r#""subpath=../c""#,
            r#""subpath=c/../../d""#,
            r#""subpath=/c""#,
            r#""subpath=""#,
            r#""copyup=c""#,
            r#""subpath=c","copyup=/c""#,
            r#""remount","subpath=c""#,
        ] {
            assert!(bind(refused).unwrap_err().sentence().contains("`mounts[0].options"), "{refused}");
        }
        let new = mount(r#"{"destination":"/a","type":"tmpfs","options":["copyup=/c"]}"#).unwrap_err();
        assert!(new.sentence().contains("for bind mounts"), "{new}");
    }

    #[test]
    fn links_are_for_binds() {
        let bind = |options: &str| {
            mount(&format!(r#"{{"destination":"/a","source":"/b","options":["bind",{options}]}}"#))
        };
        let both = bind(r#""src-nofollow","dest-nofollow""#).unwrap();
        assert_eq!((both.link, both.over_link), (Link::Mount, true));
        assert_eq!(bind(r#""copy-symlink""#).unwrap().link, Link::Copy);
        assert!(bind(r#""copy-symlink","src-nofollow""#).is_err());
        let new = mount(r#"{"destination":"/a","type":"tmpfs","options":["dest-nofollow"]}"#).unwrap_err();
        assert!(new.sentence().contains("for bind mounts"), "{new}");
    }

    #[test]
    fn what_we_cannot_do_is_refused_by_name() {
        let sentence = |json| mount(json).unwrap_err().sentence();
        assert_eq!(
            sentence(r#"{"destination":"/a","source":"/b","options":["bind","roo"]}"#),
            "cannot use `mounts[0].options`: `roo` is not an option of a bind mount"
        );
        assert!(sentence(r#"{"destination":"/a","source":"/b"}"#).contains("mounts[0].type"));
        assert!(sentence(r#"{"destination":"","type":"tmpfs"}"#).contains("mounts[0].destination"));
        assert!(sentence(r#"{"destination":"/a","type":"bind"}"#).contains("mounts[0].source"));
    }
}
