//! What is in a root folder, entry by entry, as a text that can be compared.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::layout::sha256;

/// What stands in a root folder: a line for each path.
///
/// ```text
/// a/b  file 5 sha256:... 644 0:0 1700000000.000000000 user.note=x is a/a
/// ```
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// All of a root folder, and nothing that is mounted in it. The folder itself is `.`.
    pub(crate) fn of(root: &Path) -> Tree {
        let root = root.join(".");
        let meta = fs::symlink_metadata(&root).expect("a root folder");
        let mut walk = Walk { device: meta.dev(), names: HashMap::new(), lines: BTreeMap::new() };
        walk.visit(&root, ".", &meta);
        Tree(walk.finish())
    }

    /// Only what is below one of these.
    pub(crate) fn below(mut self, tops: &[&str]) -> Tree {
        self.0.retain(|path, _| tops.iter().any(|top| Path::new(path).starts_with(top)));
        assert!(!self.0.is_empty(), "nothing below {tops:?}");
        self
    }

    /// All but these, and what is below them.
    pub(crate) fn without(mut self, tops: &[&str]) -> Tree {
        self.0.retain(|path, _| !tops.iter().any(|top| Path::new(path).starts_with(top)));
        self
    }

    /// When a folder was changed is another time wherever something is made in it later.
    pub(crate) fn without_times_of_folders(mut self) -> Tree {
        for line in self.0.values_mut().filter(|line| line.starts_with("folder ")) {
            let words: Vec<_> =
                line.split(' ').enumerate().filter(|(at, _)| *at != 3).map(|(_, word)| word).collect();
            *line = words.join(" ");
        }
        self
    }

    /// Paths, what they are, and which ones are names of one file.
    pub(crate) fn short(&self) -> Vec<String> {
        let line = |(path, line): (&String, &String)| {
            let kind: Vec<_> = line.split(' ').take(2).collect();
            let kind =
                if kind[0] == "folder" || kind[0] == "fifo" { kind[0].to_string() } else { kind.join(" ") };
            let is = line.rsplit_once(" is ").map_or(String::new(), |(_, first)| format!(" is {first}"));
            format!("{path} {kind}{is}")
        };
        self.0.iter().map(line).collect()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Both are the same.
    #[track_caller]
    pub(crate) fn is(&self, expected: &Tree) {
        let only = |these: &Tree, those: &Tree, whose: &str| {
            let other = these.0.iter().filter(|(path, line)| those.0.get(*path) != Some(line));
            other.map(|(path, line)| format!("{whose} {path}  {line}")).collect::<Vec<_>>()
        };
        let differences = [only(self, expected, "got     "), only(expected, self, "expected")].concat();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

struct Walk {
    device: u64,
    /// The paths of each file that may have several.
    names: HashMap<(u64, u64), Vec<String>>,
    lines: BTreeMap<String, String>,
}

impl Walk {
    fn visit(&mut self, real: &Path, path: &str, meta: &Metadata) {
        self.lines.insert(path.to_string(), format!("{}{}", describe(real, meta), xattrs(real)));
        if !meta.is_dir() {
            self.names.entry((meta.dev(), meta.ino())).or_default().push(path.to_string());
            return;
        }
        let entries = fs::read_dir(real).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        for name in names {
            let inner = real.join(&name);
            let meta = fs::symlink_metadata(&inner).expect("an entry");
            // An overlay's files have the device of the file system below; its folders have its own.
            if !meta.is_dir() || meta.dev() == self.device {
                let name = name.as_bytes().escape_ascii().to_string();
                self.visit(&inner, &if path == "." { name } else { format!("{path}/{name}") }, &meta);
            }
        }
    }

    /// Which paths are names of one file; the kernel's count would have those that a layer took away.
    fn finish(mut self) -> BTreeMap<String, String> {
        for names in self.names.values().filter(|names| names.len() > 1) {
            for name in names {
                self.lines.entry(name.clone()).and_modify(|line| {
                    line.push_str(" is ");
                    line.push_str(&names[0]);
                });
            }
        }
        self.lines
    }
}

fn describe(real: &Path, meta: &Metadata) -> String {
    let kind = meta.file_type();
    let device = (rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev()));
    let what = if kind.is_dir() {
        "folder".to_string()
    } else if kind.is_symlink() {
        format!("-> {}", fs::read_link(real).expect("a link").as_os_str().as_bytes().escape_ascii())
    } else if kind.is_file() {
        format!("file {} {}", meta.len(), sha256(&fs::read(real).expect("a file")))
    } else if kind.is_fifo() {
        "fifo".to_string()
    } else {
        format!("{} {}:{}", if kind.is_char_device() { "char" } else { "block" }, device.0, device.1)
    };
    let (mode, uid, gid) = (meta.mode() & 0o7777, meta.uid(), meta.gid());
    format!("{what} {mode:o} {uid}:{gid} {}.{:09}", meta.mtime(), meta.mtime_nsec())
}

/// ` NAME=VALUE` of each.
pub(crate) fn xattrs(real: &Path) -> String {
    let mut names = vec![0; 1 << 16];
    let length = rustix::fs::llistxattr(real, &mut names[..]).expect("names of attributes");
    let mut names: Vec<_> =
        names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let one = |name: &&[u8]| {
        let mut value = vec![0; 1 << 16];
        let length = rustix::fs::lgetxattr(real, *name, &mut value[..]).expect("an attribute");
        format!(" {}={}", name.escape_ascii(), value[..length].escape_ascii())
    };
    names.iter().map(one).collect()
}
