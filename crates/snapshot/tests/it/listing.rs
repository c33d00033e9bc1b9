//! What is in a root, one line for each name, so that two of them can be compared: of a tree, and of a folder.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::Path;

use snapshot::tree::{Content, NodeId, Tree, What};

/// Every name of a tree, with all that belongs to it.
pub(crate) fn of_tree(tree: &Tree, tars: &[&File]) -> Vec<String> {
    let mut all = Vec::new();
    walk(tree, Tree::ROOT, "", &mut |path, id| all.push((path.to_string(), id)));
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let mut first = HashMap::new();
    let mut lines = Vec::new();
    for (path, id) in &all {
        let links =
            if tree.folder(*id).is_some() { 0 } else { all.iter().filter(|(_, other)| other == id).count() };
        let first = first.entry(*id).or_insert(path.clone());
        lines.push(line(tree, *id, path, links, first, tars));
    }
    lines
}

fn walk(tree: &Tree, id: NodeId, path: &str, see: &mut impl FnMut(&str, NodeId)) {
    see(path, id);
    for (name, child) in tree.folder(id).into_iter().flat_map(|folder| &folder.entries) {
        walk(tree, *child, &format!("{path}/{}", name.escape_ascii()), see);
    }
}

fn line(tree: &Tree, id: NodeId, path: &str, links: usize, first: &str, tars: &[&File]) -> String {
    let node = tree.node(id);
    let meta = &node.meta;
    let what = match &node.what {
        What::Folder(folder) => format!("folder{}", if folder.opaque { " opaque" } else { "" }),
        What::File(content) => format!("file {} {}", content.size, hash(&bytes(content, tars))),
        What::Symlink(target) => format!("-> {}", target.escape_ascii()),
        What::Char(major, minor) => format!("char {major}:{minor}"),
        What::Block(major, minor) => format!("block {major}:{minor}"),
        What::Fifo => "fifo".to_string(),
        What::Gone => "gone".to_string(),
    };
    let xattrs: Vec<_> = meta.xattrs.iter().map(|(name, value)| xattr(name, value)).collect();
    let time = format!("{}.{:09}", meta.mtime.seconds, meta.mtime.nanos);
    format!(
        "{path} {what} {:o} {}:{} {time} {}\t{links} {first}",
        meta.mode,
        meta.uid,
        meta.gid,
        xattrs.concat()
    )
}

fn xattr(name: &[u8], value: &[u8]) -> String {
    format!("[{}={}]", name.escape_ascii(), value.escape_ascii())
}

/// Only files of a size that a test likes to read.
fn bytes(content: &Content, tars: &[&File]) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(content.size).unwrap()];
    let all = [snapshot::tar::Segment { start: 0, length: content.size }];
    let mut from = content.offset;
    for piece in content.sparse.as_deref().unwrap_or(&all) {
        let start = usize::try_from(piece.start).unwrap();
        let length = usize::try_from(piece.length).unwrap();
        tars[usize::from(content.source)].read_exact_at(&mut bytes[start..start + length], from).unwrap();
        from += piece.length;
    }
    bytes
}

/// FNV-1a: good enough to tell files apart, and short.
fn hash(bytes: &[u8]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

/// Every name below a folder of a real file system.
pub(crate) fn of_folder(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    names(root, "", &mut all);
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let mut first = HashMap::new();
    let line = |(path, real): &(String, std::path::PathBuf)| {
        let meta = fs::symlink_metadata(real).unwrap();
        let first = first.entry(meta.ino()).or_insert(path.clone());
        line_of(path, real, &meta, first)
    };
    all.iter().map(line).collect()
}

fn names(folder: &Path, path: &str, all: &mut Vec<(String, std::path::PathBuf)>) {
    // Through the folder itself, not what it may be a link to.
    all.push((path.to_string(), if path.is_empty() { folder.join(".") } else { folder.to_path_buf() }));
    if !path.is_empty()
        && !fs::symlink_metadata(folder).unwrap_or_else(|err| panic!("{path}: {err}")).is_dir()
    {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        names(&folder.join(&name), &format!("{path}/{}", name.as_bytes().escape_ascii()), all);
    }
}

fn line_of(path: &str, real: &Path, meta: &fs::Metadata, first: &str) -> String {
    let (kind, device) = (meta.file_type(), meta.rdev());
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let what = if kind.is_dir() {
        "folder".to_string()
    } else if kind.is_symlink() {
        format!("-> {}", fs::read_link(real).unwrap().into_os_string().into_vec().escape_ascii())
    } else if kind.is_file() {
        format!("file {} {}", meta.len(), hash(&fs::read(real).unwrap()))
    } else if kind.is_char_device() {
        format!("char {major}:{minor}")
    } else if kind.is_block_device() {
        format!("block {major}:{minor}")
    } else {
        "fifo".to_string()
    };
    let links = if kind.is_dir() { 0 } else { meta.nlink() };
    let time = format!("{}.{:09}", meta.mtime(), meta.mtime_nsec());
    let (mode, ids) = (meta.mode() & 0o7777, format!("{}:{}", meta.uid(), meta.gid()));
    format!("{path} {what} {mode:o} {ids} {time} {}\t{links} {first}", xattrs(real))
}

fn xattrs(real: &Path) -> String {
    let mut names = vec![0; 1 << 16];
    let length = rustix::fs::llistxattr(real, &mut names[..]).unwrap();
    let mut names: Vec<&[u8]> =
        names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let one = |name: &&[u8]| {
        let mut value = vec![0; 1 << 16];
        let length = rustix::fs::lgetxattr(real, *name, &mut value[..]).unwrap();
        xattr(name, &value[..length])
    };
    names.iter().map(one).collect()
}
