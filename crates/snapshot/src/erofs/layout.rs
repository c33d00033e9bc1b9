//! Where everything will be, before a byte is written.

use fault::{Fault, Kind, Result};

use super::chunks::{Form, with_data};
use super::folder;
use super::format::{BLOCK, DEVICE_BYTES, INODE, Layout, SLOT, SUPER_BYTES, SUPER_OFFSET};
use crate::tree::{Content, Meta, NodeId, Tree, What};

/// Lists of chunks of one image, in entries of 8 bytes: sparse files could ask for any number.
const MOST_CHUNKS: u64 = 1 << 21;
/// Blocks that are copied into the index: 1 GiB. A byte that lies badly costs a whole page.
const MOST_COPIED: u64 = 1 << 21;

/// Where one node is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) id: NodeId,
    /// Of a folder: where `..` leads.
    pub(super) parent: NodeId,
    pub(super) layout: Layout,
    /// Of its inode, in bytes.
    pub(super) at: u64,
    /// Bytes of its data.
    pub(super) size: u64,
    /// First block of its data, counted from the first one behind all inodes.
    pub(super) block: u64,
}

/// The plan of an index.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order in which inodes are written.
    pub(super) nodes: Vec<Placed>,
    /// Inode numbers, by node; 0 for one that is in no folder.
    numbers: Vec<u32>,
    /// Names of each node; of a folder, `.` in it and `..` of its subfolders too.
    links: Vec<u32>,
    /// Where blocks of data begin.
    pub(super) data: u64,
    /// Blocks of folders and long links, and behind them of copies.
    pub(super) data_blocks: u64,
    pub(super) copied_blocks: u64,
}

impl Plan {
    pub(super) fn of(tree: &Tree, tars: &[u64]) -> Result<Plan> {
        let start = (SUPER_OFFSET + SUPER_BYTES + tars.len() as u64 * DEVICE_BYTES).next_multiple_of(BLOCK);
        let none = vec![0; tree.capacity()];
        let mut plan = Plan {
            nodes: Vec::new(),
            numbers: none.clone(),
            links: none,
            data: 0,
            data_blocks: 0,
            copied_blocks: 0,
        };
        let mut maker = Maker { tree, tars, plan: &mut plan, at: start, chunks: 0 };
        maker.all()?;
        plan.data = maker.at.next_multiple_of(BLOCK);
        Ok(plan)
    }

    pub(super) fn number(&self, id: NodeId) -> u64 {
        u64::from(self.numbers.get(id.index()).copied().unwrap_or(0))
    }

    pub(super) fn links(&self, id: NodeId) -> u32 {
        self.links.get(id.index()).copied().unwrap_or(1)
    }
}

struct Maker<'a> {
    tree: &'a Tree,
    tars: &'a [u64],
    plan: &'a mut Plan,
    at: u64,
    chunks: u64,
}

impl Maker<'_> {
    /// The root comes first: its number must be small. Then each folder's files beside each other.
    fn all(&mut self) -> Result<()> {
        let mut todo = vec![(Tree::ROOT, Tree::ROOT)];
        self.place(Tree::ROOT, Tree::ROOT)?;
        while let Some((id, parent)) = todo.pop() {
            self.plan.links[id.index()] += 1;
            self.plan.links[parent.index()] += 1;
            for child in self.tree.folder(id).into_iter().flat_map(|folder| folder.entries.values()) {
                self.plan.links[child.index()] += 1;
                if self.tree.folder(*child).is_some() {
                    todo.push((*child, id));
                }
                if self.plan.numbers[child.index()] == 0 {
                    self.place(*child, id)?;
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, id: NodeId, parent: NodeId) -> Result<()> {
        let node = self.tree.node(id);
        let xattrs = xattr_bytes(&node.meta);
        let head = INODE + xattrs;
        let (layout, size, inline, blocks) = match &node.what {
            What::Folder(_) => packed(head, folder::size(&folder::entries(self.tree, id, parent))),
            What::Symlink(target) => packed(head, target.len() as u64),
            What::File(content) if content.size > 0 => {
                let form = Form::of(content, self.tars);
                self.count(content, form)?;
                (Layout::Chunks, content.size, head.next_multiple_of(8) - head + 8 * form.count, 0)
            }
            _ => (Layout::Plain, 0, 0, 0),
        };
        if layout == Layout::Inline && self.at / BLOCK != (self.at + head + inline - 1) / BLOCK {
            self.at = self.at.next_multiple_of(BLOCK);
        }
        self.plan.numbers[id.index()] = u32::try_from(self.at / SLOT).map_err(|_| too_large("its inodes"))?;
        let block = self.plan.data_blocks;
        self.plan.nodes.push(Placed { id, parent, layout, at: self.at, size, block });
        self.plan.data_blocks += blocks;
        self.at = (self.at + head + inline).next_multiple_of(SLOT);
        Ok(())
    }

    fn count(&mut self, content: &Content, form: Form) -> Result<()> {
        self.chunks += form.count;
        if self.chunks > MOST_CHUNKS {
            return Err(too_large("the maps of its sparse files"));
        }
        if form.copied {
            self.plan.copied_blocks += with_data(content, form) << form.bits;
        }
        if self.plan.copied_blocks > MOST_COPIED { Err(too_large("its sparse files")) } else { Ok(()) }
    }
}

/// Small data lies behind its inode, if both fit into a block: then one read brings both.
fn packed(head: u64, size: u64) -> (Layout, u64, u64, u64) {
    let (full, rest) = (size / BLOCK, size % BLOCK);
    if rest > 0 && head + rest <= BLOCK {
        (Layout::Inline, size, rest, full)
    } else {
        (Layout::Plain, size, 0, size.div_ceil(BLOCK))
    }
}

/// Bytes of all extended attributes as they lie behind an inode.
pub(super) fn xattr_bytes(meta: &Meta) -> u64 {
    const HEADER: u64 = 12;
    let one = |(name, value): &(Box<[u8]>, Box<[u8]>)| {
        (4 + stem(name).1.len() as u64 + value.len() as u64).next_multiple_of(4)
    };
    if meta.xattrs.is_empty() { 0 } else { HEADER + meta.xattrs.iter().map(one).sum::<u64>() }
}

/// The number that stands for the first part of an attribute's name, and the rest of it.
pub(super) fn stem(name: &[u8]) -> (u8, &[u8]) {
    const STEMS: [(u8, &[u8]); 3] = [(1, b"user."), (4, b"trusted."), (6, b"security.")];
    let known = STEMS.iter().find_map(|(number, stem)| Some((*number, name.strip_prefix(*stem)?)));
    known.unwrap_or((0, name))
}

/// What an index cannot hold, folders can.
pub(super) fn too_large(what: &str) -> Fault {
    Fault::new(Kind::Unsupported, "write an index of the image")
        .because(format!("{what} are too large for EROFS"))
        .hint("it can be unpacked into folders")
}
