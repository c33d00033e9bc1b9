//! Writes an index, from front to back.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use fault::{Doing, Result};

use super::chunks::{At, Form, places};
use super::folder;
use super::format::{self, BLOCK, HOLE, Inode, Layout, SLOT, SUPER_BYTES, SUPER_OFFSET, Super};
use super::layout::{Placed, Plan, stem, too_large, xattr_bytes};
use crate::tar::Segment;
use crate::tree::{Content, Meta, NodeId, Tree, What};

/// The tar of one layer.
#[derive(Debug)]
pub struct Device<'a> {
    /// Its digest in hexadecimal, by which a person can tell what belongs to an index.
    pub tag: [u8; 64],
    /// The tar.
    pub tar: &'a File,
}

/// Writes the index of an image whose root is `tree`. A file of source N lies in device N, counted from 0; so many
/// must be mounted with it, in this order. The same input gives the same bytes.
///
/// # Errors
/// `Unsupported` if EROFS cannot hold it: a tar of more than 2 TiB, gibibytes of names, millions of holes. Else what
/// the output or a tar said.
pub fn write(tree: &Tree, devices: &[Device<'_>], output: &mut impl Write) -> Result<()> {
    let tars = devices.iter().map(bytes_of).collect::<Result<Vec<_>>>()?;
    let plan = Plan::of(tree, &tars)?;
    let sizes = tars.iter().copied().map(blocks_of).collect::<Result<Vec<_>>>()?;
    let mut index = Index { tree, plan: &plan, devices, tars: &tars, output, at: 0, copied: 0 };
    index.front(&sizes)?;
    index.all().doing(|| "write an index of the image")
}

fn bytes_of(device: &Device<'_>) -> Result<u64> {
    Ok(device.tar.metadata().doing(|| "look at a layer's tar")?.len())
}

fn blocks_of(bytes: u64) -> Result<u32> {
    u32::try_from(bytes.div_ceil(BLOCK)).map_err(|_| too_large("the tars of its layers"))
}

struct Index<'a, W> {
    tree: &'a Tree,
    plan: &'a Plan,
    devices: &'a [Device<'a>],
    /// Their sizes in bytes.
    tars: &'a [u64],
    output: &'a mut W,
    /// Bytes written.
    at: u64,
    /// Blocks of copies that chunks were given.
    copied: u64,
}

impl<W: Write> Index<'_, W> {
    fn front(&mut self, sizes: &[u32]) -> Result<()> {
        let plan = self.plan;
        let blocks = plan.data / BLOCK + plan.data_blocks + plan.copied_blocks;
        let front = Super {
            root: u16::try_from(plan.number(Tree::ROOT)).map_err(|_| too_large("the tars of its layers"))?,
            inodes: plan.nodes.len() as u64,
            blocks: u32::try_from(blocks).map_err(|_| too_large("its folders"))?,
            devices: u16::try_from(sizes.len()).map_err(|_| too_large("the tars of its layers"))?,
        };
        let table =
            self.devices.iter().zip(sizes).map(|(device, blocks)| format::device(&device.tag, *blocks));
        let table = table.collect::<Vec<_>>().concat();
        let doing = || "write an index of the image";
        self.pad(SUPER_OFFSET).doing(doing)?;
        self.put(&front.bytes()).doing(doing)?;
        debug_assert_eq!(self.at, SUPER_OFFSET + SUPER_BYTES);
        self.put(&table).doing(doing)
    }

    fn all(&mut self) -> io::Result<()> {
        self.plan.nodes.iter().try_for_each(|placed| self.inode(placed))?;
        self.pad(self.plan.data)?;
        for placed in &self.plan.nodes {
            let data = self.packed(placed);
            self.put(&data[..data.len() - inline_bytes(placed, &data)])?;
            self.pad(self.at.next_multiple_of(BLOCK))?;
        }
        self.copies()?;
        self.output.flush()
    }

    fn inode(&mut self, placed: &Placed) -> io::Result<()> {
        let node = self.tree.node(placed.id);
        self.pad(placed.at)?;
        let inode = Inode {
            layout: placed.layout,
            xattr_units: xattr_units(&node.meta),
            mode: mode(node.meta.mode, &node.what),
            size: placed.size,
            what: self.what(placed, &node.what),
            number: u32::try_from(placed.at / SLOT).unwrap_or(0),
            uid: node.meta.uid,
            gid: node.meta.gid,
            seconds: node.meta.mtime.seconds,
            nanos: node.meta.mtime.nanos,
            links: self.plan.links(placed.id),
        };
        self.put(&inode.bytes())?;
        self.xattrs(&node.meta)?;
        if let (Layout::Chunks, What::File(content)) = (placed.layout, &node.what) {
            return self.chunks(content);
        }
        let data = self.packed(placed);
        self.put(&data[data.len() - inline_bytes(placed, &data)..])
    }

    fn what(&self, placed: &Placed, what: &What) -> u32 {
        match what {
            What::Char(major, minor) | What::Block(major, minor) => format::device_number(*major, *minor),
            What::File(content) if placed.layout == Layout::Chunks => {
                format::chunk_form(Form::of(content, self.tars).bits)
            }
            _ => u32::try_from(self.plan.data / BLOCK + placed.block).unwrap_or(0),
        }
    }

    fn xattrs(&mut self, meta: &Meta) -> io::Result<()> {
        if meta.xattrs.is_empty() {
            return Ok(());
        }
        self.put(&[0; 12])?;
        for (name, value) in &meta.xattrs {
            let (number, rest) = stem(name);
            let name_bytes = u8::try_from(rest.len()).map_err(|_| invalid())?;
            let value_bytes = u16::try_from(value.len()).map_err(|_| invalid())?;
            self.put(&[name_bytes, number])?;
            self.put(&value_bytes.to_le_bytes())?;
            self.put(rest)?;
            self.put(value)?;
            self.pad(self.at.next_multiple_of(4))?;
        }
        Ok(())
    }

    fn chunks(&mut self, content: &Content) -> io::Result<()> {
        self.pad(self.at.next_multiple_of(8))?;
        let form = Form::of(content, self.tars);
        let copies = (self.plan.data / BLOCK) + self.plan.data_blocks;
        for at in places(content, form) {
            let entry = match at {
                At::Hole => format::chunk(0, HOLE),
                At::Tar(_) if form.copied => {
                    self.copied += 1 << form.bits;
                    block(0, copies + self.copied - (1 << form.bits))?
                }
                At::Tar(byte) => block(content.source + 1, byte / BLOCK)?,
            };
            self.put(&entry)?;
        }
        Ok(())
    }

    /// What lies behind inodes or in blocks of its own: folders and links.
    fn packed(&self, placed: &Placed) -> Vec<u8> {
        match &self.tree.node(placed.id).what {
            What::Folder(_) => {
                let entries = folder::entries(self.tree, placed.id, placed.parent);
                folder::blocks(self.tree, &entries, |id: NodeId| self.plan.number(id))
            }
            What::Symlink(target) => target.to_vec(),
            _ => Vec::new(),
        }
    }

    fn copies(&mut self) -> io::Result<()> {
        for placed in &self.plan.nodes {
            let What::File(content) = &self.tree.node(placed.id).what else { continue };
            let form = Form::of(content, self.tars);
            if content.size == 0 || !form.copied {
                continue;
            }
            self.copy(content, form)?;
        }
        Ok(())
    }

    /// Chunk after chunk, without those that are holes.
    fn copy(&mut self, content: &Content, form: Form) -> io::Result<()> {
        let device = self.devices.get(usize::from(content.source)).ok_or_else(invalid)?;
        let (start, mut stored) = (self.at, content.offset);
        let (mut chunks, mut last) = (0, None);
        let whole = [Segment { start: 0, length: content.size }];
        for Segment { start: mut from, length } in content.sparse.as_deref().unwrap_or(&whole).iter().copied()
        {
            let end = from + length;
            while from < end {
                let chunk = from / form.bytes();
                chunks += u64::from(last != Some(chunk));
                last = Some(chunk);
                let length = (end - from).min((chunk + 1) * form.bytes() - from);
                self.pad(start + (chunks - 1) * form.bytes() + from % form.bytes())?;
                self.copy_range(device.tar, stored, length)?;
                from += length;
                stored += length;
            }
        }
        self.pad(start + chunks * form.bytes())
    }

    fn copy_range(&mut self, tar: &File, mut from: u64, length: u64) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        let end = from + length;
        while from < end {
            let most = usize::try_from(end - from).unwrap_or(usize::MAX).min(buffer.len());
            tar.read_exact_at(&mut buffer[..most], from)?;
            self.put(&buffer[..most])?;
            from += most as u64;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn pad(&mut self, to: u64) -> io::Result<()> {
        let missing = to.checked_sub(self.at).ok_or_else(invalid)?;
        io::copy(&mut io::Read::take(io::repeat(0), missing), self.output)?;
        self.at = to;
        Ok(())
    }
}

fn inline_bytes(placed: &Placed, data: &[u8]) -> usize {
    if placed.layout == Layout::Inline { data.len() % 512 } else { 0 }
}

fn block(device: u16, block: u64) -> io::Result<[u8; 8]> {
    Ok(format::chunk(device, u32::try_from(block).ok().filter(|block| *block != HOLE).ok_or_else(invalid)?))
}

/// Beyond what was planned for.
fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it does not fit into EROFS")
}

fn xattr_units(meta: &Meta) -> u16 {
    match xattr_bytes(meta) {
        0 => 0,
        bytes => u16::try_from((bytes - 12) / 4 + 1).unwrap_or(0),
    }
}

fn mode(mode: u32, what: &What) -> u16 {
    let kind = match what {
        What::Folder(_) => 0o040_000,
        What::Symlink(_) => 0o120_000,
        What::Char(..) => 0o020_000,
        What::Block(..) => 0o060_000,
        What::Fifo => 0o010_000,
        What::File(_) | What::Gone => 0o100_000,
    };
    kind | u16::try_from(mode & 0o7777).unwrap_or(0)
}
