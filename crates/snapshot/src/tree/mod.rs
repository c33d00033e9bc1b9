//! Files and folders as data: what a layer changes, and what an image's root is.
//!
//! A hostile archive plays its tricks here, where a symbolic link is only a name: what comes out has no `..`, no
//! link in any way to a file, and no name twice. Only that is ever written to a file system.

mod change;
mod merge;
mod name;
mod resolve;

use std::collections::BTreeMap;

pub use change::{Layer, layer};
pub(crate) use name::parts;

use crate::tar::{Segment, Time};

/// A node of one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    fn at(index: usize) -> NodeId {
        NodeId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The name of an entry in a folder: no `/`, no NUL, neither `.` nor `..`, 255 bytes at most.
pub type Name = Box<[u8]>;

/// Files and folders. A file with several names is one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Bytes of what is kept of all entries that it was made of: names, links, attributes, pieces.
    kept: usize,
}

/// One file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Who owns it, and so on.
    pub meta: Meta,
    /// What it is.
    pub what: What,
}

/// Extended attributes: names and values, sorted by name.
pub type Xattrs = Box<[(Box<[u8]>, Box<[u8]>)]>;

/// What every file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Mode bits, none of the type.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When it was changed.
    pub mtime: Time,
    /// Extended attributes.
    pub xattrs: Xattrs,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A folder.
    Folder(Folder),
    /// A file.
    File(Content),
    /// A symbolic link to this.
    Symlink(Box<[u8]>),
    /// A character device: major and minor number.
    Char(u32, u32),
    /// A block device: major and minor number.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
    /// In a layer: what lower layers have here is not there any more.
    Gone,
}

/// A folder's entries, sorted by name as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// What is in it.
    pub entries: BTreeMap<Name, NodeId>,
    /// In a layer: nothing of what lower layers have in it shows through.
    pub opaque: bool,
}

/// Where a file's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// In which tar: the number that its layer was given.
    pub source: u16,
    /// Of the first stored byte; a multiple of 512.
    pub offset: u64,
    /// Bytes that the file has.
    pub size: u64,
    /// What is stored, piece after piece, if that is not all.
    pub sparse: Option<Box<[Segment]>>,
}

impl Meta {
    /// A folder that nobody described: root's, and everybody may look.
    fn implied() -> Meta {
        Meta { mode: 0o755, uid: 0, gid: 0, mtime: Time::default(), xattrs: Box::default() }
    }
}

impl Default for Tree {
    /// An empty root.
    fn default() -> Tree {
        let root = Node { meta: Meta::implied(), what: What::Folder(Folder::default()) };
        Tree { nodes: vec![root], kept: 0 }
    }
}

impl Tree {
    /// Its root, which is always a folder.
    pub const ROOT: NodeId = NodeId(0);

    /// A node; an id of another tree gives some other node of this one, or the root.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&self.nodes[0])
    }

    /// The folder that a node is, if it is one.
    pub fn folder(&self, id: NodeId) -> Option<&Folder> {
        match &self.node(id).what {
            What::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// How many nodes there are, at most.
    pub fn capacity(&self) -> usize {
        self.nodes.len()
    }

    /// What is at a path of names; links are not followed.
    pub fn find(&self, path: &[&[u8]]) -> Option<NodeId> {
        path.iter().try_fold(Tree::ROOT, |at, name| self.folder(at)?.entries.get(*name).copied())
    }

    fn folder_mut(&mut self, id: NodeId) -> Option<&mut Folder> {
        match &mut self.nodes.get_mut(id.index())?.what {
            What::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId::at(self.nodes.len() - 1)
    }
}
