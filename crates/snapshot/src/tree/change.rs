//! A layer's archive, to the tree of what it changes.
//!
//! Entries are taken in order, as if each were unpacked over the layers below: links in the way to an entry lead
//! where they would lead in a container (Debian's `/lib` is one). The result is free of such ways.

use std::collections::{HashMap, HashSet, VecDeque};

use fault::{Fault, Kind as FaultKind, Result, visible};

use super::name::{self, Mark, parts};
use super::{Content, Folder, Meta, Name, Node, NodeId, Tree, What};
use crate::limits;
use crate::tar::{Entry, Kind, Reader, Source};

/// What a layer changes.
#[derive(Debug)]
pub struct Layer {
    /// What it has, with marks for what is gone.
    pub tree: Tree,
    /// Extended attributes that were left out: those that are the kernel's or overlayfs's own to set.
    pub xattrs_dropped: u64,
}

/// Reads a layer's archive, which lies over `below`. Its files will be known as lying in `source`.
///
/// # Errors
/// `Invalid`, with the entry's number and name.
pub fn layer<S: Source>(archive: &mut Reader<S>, source: u16, below: &Tree) -> Result<Layer> {
    let layer = Layer { tree: Tree::default(), xattrs_dropped: 0 };
    let mut change =
        Change { layer, below, source, copied: HashMap::new(), last: None, implied: 0, root_hidden: false };
    change.layer.tree.nodes[0].meta = below.node(Tree::ROOT).meta.clone();
    while let Some(entry) = archive.next_entry()? {
        change.take(&entry).map_err(|why| {
            let name = visible(&String::from_utf8_lossy(&entry.name));
            Fault::new(FaultKind::Invalid, format!("use entry {} `{name}`", entry.number)).because(why)
        })?;
    }
    drop_marks(&mut change.layer.tree, Tree::ROOT, false);
    Ok(change.layer)
}

/// Where nothing of lower layers shows through, overlayfs takes no mark for one: its name would be listed.
fn drop_marks(tree: &mut Tree, folder: NodeId, hidden: bool) {
    let Some(Folder { entries, opaque }) = tree.folder(folder) else { return };
    let (all, hidden) = (entries.values().copied().collect::<Vec<_>>(), hidden || *opaque);
    if hidden && all.iter().any(|id| tree.node(*id).what == What::Gone) {
        let gone: HashSet<_> = all.iter().copied().filter(|id| tree.node(*id).what == What::Gone).collect();
        tree.folder_mut(folder)
            .into_iter()
            .for_each(|folder| folder.entries.retain(|_, id| !gone.contains(id)));
    }
    for id in all {
        drop_marks(tree, id, hidden);
    }
}

struct Change<'a> {
    layer: Layer,
    below: &'a Tree,
    source: u16,
    /// Files of lower layers that got another name in this one.
    copied: HashMap<NodeId, NodeId>,
    /// Where the last entry's folder is: the next one is most often in the same.
    last: Option<(Vec<u8>, Spot)>,
    /// Folders that nobody has described.
    implied: usize,
    /// Nothing that lower layers have in the root is seen any more.
    root_hidden: bool,
}

/// A folder as it is seen: this layer's part, and what shows through from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    above: Option<NodeId>,
    below: Option<NodeId>,
}

/// What is seen in a folder under a name.
enum Seen<'a> {
    Nothing,
    Folder(Spot),
    Link(&'a [u8]),
    Other,
}

type Step<T> = std::result::Result<T, String>;

impl Change<'_> {
    fn take(&mut self, entry: &Entry) -> Step<()> {
        let path = parts(&entry.name)?;
        let mark = Mark::of(&path)?;
        self.weigh(entry, path.last().map_or(0, |name| name.len()))?;
        if entry.xattrs.iter().any(|(name, value)| name == CAPABILITY && !is_capability(value)) {
            return Err("its attribute `security.capability` is none that the kernel takes".to_string());
        }
        let Some((last, folders)) = path.split_last() else { return self.root(entry) };
        match mark {
            Mark::Books => Ok(()),
            Mark::None => self.entry(folders, last, entry),
            _ if !matches!(entry.kind, Kind::File | Kind::HardLink(_)) => {
                Err("it marks something as gone, and is not a file".to_string())
            }
            Mark::Opaque => self.hide_all(folders),
            Mark::Gone(name) => self.hide(folders, name),
        }
    }

    /// All of it is in memory at once.
    fn weigh(&mut self, entry: &Entry, name: usize) -> Step<()> {
        let link = match &entry.kind {
            Kind::Symlink(target) => target.len(),
            _ => 0,
        };
        let xattrs: usize = entry.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        let pieces = entry.data.sparse.as_ref().map_or(0, |pieces| size_of_val(&pieces[..]));
        self.layer.tree.kept += name + link + xattrs + pieces;
        if self.layer.tree.kept + self.below.kept > limits::KEPT_BYTES {
            let most = limits::KEPT_BYTES >> 20;
            return Err(format!("names, links and attributes of the image have more than {most} MiB"));
        }
        if (self.layer.tree.nodes.len() + self.below.nodes.len()) as u64 > limits::ENTRIES {
            return Err(format!("the image has more than {} files and folders", limits::ENTRIES));
        }
        if self.implied > limits::IMPLIED {
            return Err(format!("more than {} folders are described by no entry", limits::IMPLIED));
        }
        Ok(())
    }

    /// Whoever could replace the root by a link would own all that is written later.
    fn root(&mut self, entry: &Entry) -> Step<()> {
        if entry.kind != Kind::Folder {
            return Err("the root of a layer must be a folder".to_string());
        }
        self.layer.tree.nodes[0].meta = self.meta(entry);
        Ok(())
    }

    fn entry(&mut self, folders: &[&[u8]], last: &[u8], entry: &Entry) -> Step<()> {
        let spot = self.parent(folders)?;
        let what = match &entry.kind {
            Kind::HardLink(target) => return self.hard_link(spot, last, target),
            Kind::Char(0, 0) => {
                return Err("it is overlayfs's mark for what is gone, a device 0:0".to_string());
            }
            Kind::Folder => {
                let meta = self.meta(entry);
                self.put_folder(spot, last, meta);
                return Ok(());
            }
            Kind::File => What::File(self.content(entry)),
            Kind::Symlink(target) => What::Symlink(target.clone().into()),
            Kind::Char(major, minor) => What::Char(*major, *minor),
            Kind::Block(major, minor) => What::Block(*major, *minor),
            Kind::Fifo => What::Fifo,
        };
        let meta = self.meta(entry);
        let id = self.layer.tree.add(Node { meta, what });
        self.put(spot, last, id);
        Ok(())
    }

    fn content(&self, entry: &Entry) -> Content {
        let data = &entry.data;
        let sparse = data.sparse.clone().map(Vec::into_boxed_slice);
        Content { source: self.source, offset: data.offset, size: data.size, sparse }
    }

    /// The folder at a path, made where it is missing.
    fn parent(&mut self, path: &[&[u8]]) -> Step<Spot> {
        let key = path.join(&b'/');
        if let Some((last, spot)) = &self.last
            && *last == key
        {
            return Ok(*spot);
        }
        let real = self.real(path)?;
        let spot = self.make(&real);
        self.last = Some((key, spot));
        Ok(spot)
    }

    /// The path without links in it. What is not there yet is part of it all the same.
    fn real(&self, path: &[&[u8]]) -> Step<Vec<Name>> {
        let mut way: Vec<(Name, Spot)> = Vec::new();
        let mut todo: VecDeque<Name> = path.iter().map(|part| Name::from(*part)).collect();
        let mut followed = 0;
        while let Some(part) = todo.pop_front() {
            if &*part == b".." {
                way.pop();
                continue;
            }
            let spot = way.last().map_or(Self::root_spot(), |(_, spot)| *spot);
            match self.look(spot, &part) {
                Seen::Folder(spot) => way.push((part, spot)),
                Seen::Nothing => way.push((part, Spot { above: None, below: None })),
                Seen::Other => {
                    return Err(format!(
                        "its folder `{}` is a file",
                        visible(&String::from_utf8_lossy(&part))
                    ));
                }
                Seen::Link(target) => {
                    followed += 1;
                    if followed > limits::LINKS_FOLLOWED {
                        return Err("there are too many links in its path".to_string());
                    }
                    if target.starts_with(b"/") {
                        way.clear();
                    }
                    prepend(&mut todo, target)?;
                }
            }
        }
        let real: Vec<Name> = way.into_iter().map(|(name, _)| name).collect();
        name::check(&real.iter().map(|name| &**name).collect::<Vec<_>>())?;
        Ok(real)
    }

    fn root_spot() -> Spot {
        Spot { above: Some(Tree::ROOT), below: Some(Tree::ROOT) }
    }

    fn look(&self, spot: Spot, name: &[u8]) -> Seen<'_> {
        let below = child(self.below, spot.below, name);
        let Some(above) = child(&self.layer.tree, spot.above, name) else {
            return match below.map(|id| (id, &self.below.node(id).what)) {
                None => Seen::Nothing,
                Some((id, What::Folder(_))) => Seen::Folder(Spot { above: None, below: Some(id) }),
                Some((_, What::Symlink(target))) => Seen::Link(target),
                Some(_) => Seen::Other,
            };
        };
        match &self.layer.tree.node(above).what {
            What::Folder(folder) => {
                let below = below.filter(|id| !folder.opaque && self.below.folder(*id).is_some());
                Seen::Folder(Spot { above: Some(above), below })
            }
            What::Symlink(target) => Seen::Link(target),
            What::Gone => Seen::Nothing,
            _ => Seen::Other,
        }
    }

    /// Makes the folders of a path without links. Those that lower layers have stay as they are.
    fn make(&mut self, real: &[Name]) -> Spot {
        let mut spot = Self::root_spot();
        for name in real {
            spot = match self.look(spot, name) {
                Seen::Folder(spot @ Spot { above: Some(_), .. }) => spot,
                Seen::Folder(Spot { below: Some(below), .. }) => {
                    let meta = self.below.node(below).meta.clone();
                    Spot { above: Some(self.add_folder(spot, name, meta, false)), below: Some(below) }
                }
                _ => {
                    let hides = child(self.below, spot.below, name).is_some();
                    self.implied += 1;
                    let above = self.add_folder(spot, name, Meta::implied(), hides);
                    Spot { above: Some(above), below: None }
                }
            };
        }
        spot
    }

    fn add_folder(&mut self, spot: Spot, name: &[u8], meta: Meta, opaque: bool) -> NodeId {
        let what = What::Folder(Folder { opaque, ..Folder::default() });
        let id = self.layer.tree.add(Node { meta, what });
        self.insert(spot, name, id);
        id
    }

    fn insert(&mut self, spot: Spot, name: &[u8], id: NodeId) {
        if let Some(folder) = spot.above.and_then(|above| self.layer.tree.folder_mut(above)) {
            folder.entries.insert(name.into(), id);
        }
    }

    /// Puts something that is not a folder in its place; what was there is gone, with all that is in it.
    fn put(&mut self, spot: Spot, name: &[u8], id: NodeId) {
        let replaces = child(&self.layer.tree, spot.above, name).is_some();
        if replaces || !matches!(self.layer.tree.node(id).what, What::File(_)) {
            self.last = None;
        }
        self.insert(spot, name, id);
    }

    /// A folder over a folder is the same folder, described anew.
    fn put_folder(&mut self, spot: Spot, name: &[u8], meta: Meta) {
        let known = child(&self.layer.tree, spot.above, name);
        match known {
            Some(id) if self.layer.tree.folder(id).is_some() => self.layer.tree.nodes[id.index()].meta = meta,
            _ => {
                // After something else had its place, nothing shows through any more.
                let hides = known.is_some() && child(self.below, spot.below, name).is_some();
                self.last = None;
                self.add_folder(spot, name, meta, hides);
            }
        }
    }

    fn hard_link(&mut self, spot: Spot, name: &[u8], target: &[u8]) -> Step<()> {
        let path = parts(target).map_err(|why| format!("{why} (what it links to)"))?;
        let (last, folders) = path.split_last().ok_or("it links to the root")?;
        let real = self.real(folders)?;
        let from = self.seen_at(&real);
        if from.above.is_some() && from.above == spot.above && *last == name {
            return Err("it links to itself".to_string());
        }
        let id = match child(&self.layer.tree, from.above, last) {
            Some(id) => Some(id).filter(|id| self.layer.tree.node(*id).what != What::Gone),
            None => child(self.below, from.below, last).map(|id| self.copy_up(id)),
        };
        let id = id.ok_or_else(|| {
            format!("it links to `{}`, which is not there", visible(&String::from_utf8_lossy(target)))
        })?;
        if self.layer.tree.folder(id).is_some() {
            return Err("it links to a folder".to_string());
        }
        self.put(spot, name, id);
        Ok(())
    }

    /// A file of a lower layer, as one of this layer: the same bytes.
    fn copy_up(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.copied.get(&id) {
            return *known;
        }
        let node = self.below.node(id).clone();
        let copy = self.layer.tree.add(node);
        self.copied.insert(id, copy);
        copy
    }

    fn seen_at(&self, real: &[Name]) -> Spot {
        real.iter().fold(Self::root_spot(), |spot, name| match self.look(spot, name) {
            Seen::Folder(spot) => spot,
            _ => Spot { above: None, below: None },
        })
    }

    /// Applies to lower layers only: what this layer has under the name stays.
    fn hide(&mut self, folders: &[&[u8]], name: &[u8]) -> Step<()> {
        let real = self.real(folders)?;
        let seen = self.seen_at(&real);
        if child(self.below, seen.below, name).is_none() {
            return Ok(());
        }
        self.last = None;
        let spot = self.make(&real);
        match child(&self.layer.tree, spot.above, name) {
            None => {
                let id = self.layer.tree.add(Node { meta: Meta::implied(), what: What::Gone });
                self.insert(spot, name, id);
            }
            Some(id) => self.set_opaque(id),
        }
        Ok(())
    }

    fn hide_all(&mut self, folders: &[&[u8]]) -> Step<()> {
        let spot = self.parent(folders)?;
        self.last = None;
        match spot.above {
            Some(Tree::ROOT) => self.hide_root()?,
            Some(above) => self.set_opaque(above),
            None => {}
        }
        Ok(())
    }

    /// Name by name: overlayfs does not ask whether a layer's own folder is opaque.
    fn hide_root(&mut self) -> Step<()> {
        if std::mem::replace(&mut self.root_hidden, true) {
            return Ok(());
        }
        let below = self.below;
        let names = below.folder(Tree::ROOT).into_iter().flat_map(|root| root.entries.keys());
        names.into_iter().try_for_each(|name| self.hide(&[], name))
    }

    fn set_opaque(&mut self, id: NodeId) {
        if let Some(folder) = self.layer.tree.folder_mut(id) {
            folder.opaque = true;
        }
    }

    fn meta(&mut self, entry: &Entry) -> Meta {
        let all = entry.xattrs.len();
        let kept: Vec<_> = entry.xattrs.iter().filter(|(name, _)| is_images(name, &entry.kind)).collect();
        self.layer.xattrs_dropped += (all - kept.len()) as u64;
        let kept = kept.into_iter().map(|(name, value)| (name.clone().into(), value.clone().into()));
        // Linux shows all links so, whatever an archive says of them.
        let mode = if matches!(entry.kind, Kind::Symlink(_)) { 0o777 } else { entry.mode };
        Meta { mode, uid: entry.uid, gid: entry.gid, mtime: entry.mtime, xattrs: kept.collect() }
    }
}

/// Attributes that an image may set. The others are labels of another machine, would tell overlayfs to look for files
/// elsewhere, or are on what Linux lets have none: of `user.`, only files and folders do.
fn is_images(name: &[u8], kind: &Kind) -> bool {
    let is_users = name.starts_with(b"user.") && !name.starts_with(b"user.overlay.");
    name == CAPABILITY || is_users && matches!(kind, Kind::File | Kind::Folder)
}

const CAPABILITY: &[u8] = b"security.capability";

/// Version 2, or 3 with the user whose namespace it is for.
///
/// Source: linux, `include/uapi/linux/capability.h`, `struct vfs_ns_cap_data`.
fn is_capability(value: &[u8]) -> bool {
    let version = |number| value[0] & !1 == 0 && value[1..4] == [0, 0, number];
    match value.len() {
        20 => version(2),
        24 => version(3) && value[20..] != [0xff; 4],
        _ => false,
    }
}

fn child(tree: &Tree, folder: Option<NodeId>, name: &[u8]) -> Option<NodeId> {
    tree.folder(folder?)?.entries.get(name).copied()
}

/// Puts the parts of a link's target in front of what is still to be walked.
fn prepend(todo: &mut VecDeque<Name>, target: &[u8]) -> Step<()> {
    let parts = target.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    for part in parts.rev() {
        todo.push_front(part.into());
    }
    if todo.len() > limits::PATH_BYTES {
        return Err("there are too many links in its path".to_string());
    }
    Ok(())
}
