//! A root as an archive: what `export` writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use fault::{Doing, Fault, Result, visible};

use crate::tar::{Data, Entry, Kind, Segment, Writer};
use crate::tree::{Content, Folder, NodeId, Tree, What};

/// Writes all of a root, each folder's entries in the order of their names. The same root gives the same bytes.
/// `tars` are those that the tree speaks of.
///
/// # Errors
/// With the path in the root.
pub fn write<W: Write>(tree: &Tree, tars: &[File], to: W) -> Result<W> {
    let root = tree.folder(Tree::ROOT).ok_or_else(|| Fault::invalid("root", "it is no folder"))?;
    let mut out = Out { tree, tars, to: Writer::new(to), first: HashMap::new(), number: 0 };
    out.folder(&[], root)?;
    out.to.finish().doing(|| "write the archive")
}

struct Out<'a, W> {
    tree: &'a Tree,
    tars: &'a [File],
    to: Writer<W>,
    /// The first name of each file; the others are links to it.
    first: HashMap<NodeId, Vec<u8>>,
    number: u64,
}

impl<W: Write> Out<'_, W> {
    fn folder(&mut self, path: &[u8], folder: &Folder) -> Result<()> {
        for (name, id) in &folder.entries {
            let path = [path, name].concat();
            let doing = || format!("write `{}`", visible(&String::from_utf8_lossy(&path)));
            match &self.tree.node(*id).what {
                What::Folder(inner) => {
                    let below = [&path[..], b"/"].concat();
                    self.member(&below, *id, Kind::Folder, None).doing(doing)?;
                    self.folder(&below, inner)?;
                }
                what => self.other(&path, *id, what).doing(doing)?,
            }
        }
        Ok(())
    }

    fn other(&mut self, path: &[u8], id: NodeId, what: &What) -> io::Result<()> {
        if let Some(first) = self.first.get(&id) {
            let link = Kind::HardLink(first.clone());
            return self.member(path, id, link, None);
        }
        self.first.insert(id, path.to_vec());
        match what {
            What::File(content) => self.member(path, id, Kind::File, Some(content)),
            What::Symlink(target) => self.member(path, id, Kind::Symlink(target.to_vec()), None),
            What::Char(major, minor) => self.member(path, id, Kind::Char(*major, *minor), None),
            What::Block(major, minor) => self.member(path, id, Kind::Block(*major, *minor), None),
            What::Fifo => self.member(path, id, Kind::Fifo, None),
            // A whole root has nothing that is gone, and folders were written before.
            What::Gone | What::Folder(_) => Ok(()),
        }
    }

    fn member(&mut self, path: &[u8], id: NodeId, kind: Kind, content: Option<&Content>) -> io::Result<()> {
        let meta = &self.tree.node(id).meta;
        self.number += 1;
        let size = content.map_or(0, |content| content.size);
        let entry = Entry {
            number: self.number,
            name: path.to_vec(),
            kind,
            mode: meta.mode,
            uid: meta.uid,
            gid: meta.gid,
            mtime: meta.mtime,
            xattrs: meta.xattrs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
            data: Data { size, stored: size, ..Data::default() },
        };
        match content {
            Some(content) => self.to.member(&entry, Bytes::of(content, self.tars)?),
            None => self.to.member(&entry, io::empty()),
        }
    }
}

/// A file's bytes as its tar has them, with zeroes for holes.
struct Bytes<'a> {
    tar: &'a File,
    segments: std::slice::Iter<'a, Segment>,
    segment: Option<Segment>,
    whole: bool,
    /// In the file, and in the tar.
    at: u64,
    offset: u64,
    size: u64,
}

impl<'a> Bytes<'a> {
    fn of(content: &'a Content, tars: &'a [File]) -> io::Result<Bytes<'a>> {
        let tar = tars.get(usize::from(content.source)).ok_or(io::ErrorKind::NotFound)?;
        let mut segments = content.sparse.as_deref().unwrap_or_default().iter();
        let whole = content.sparse.is_none();
        let segment =
            if whole { Some(Segment { start: 0, length: content.size }) } else { segments.next().copied() };
        Ok(Bytes { tar, segments, segment, whole, at: 0, offset: content.offset, size: content.size })
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.segment.is_some_and(|segment| self.at >= segment.start + segment.length) {
            self.segment = if self.whole { None } else { self.segments.next().copied() };
        }
        let (stored, until) = match self.segment {
            Some(segment) if self.at >= segment.start => (true, segment.start + segment.length),
            Some(segment) => (false, segment.start),
            None => (false, self.size),
        };
        let most = usize::try_from(until.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..most];
        let read = if stored { self.tar.read_at(buffer, self.offset)? } else { most };
        if !stored {
            buffer.fill(0);
        } else if read == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        } else {
            self.offset += read as u64;
        }
        self.at += read as u64;
        Ok(read)
    }
}
