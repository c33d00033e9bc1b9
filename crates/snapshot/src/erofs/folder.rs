//! Folders: blocks of entries, sorted, so that the kernel can look for a name by halving.

use super::format::{BLOCK, file_type};
use crate::tree::{Name, NodeId, Tree, What};

/// Bytes of one entry, without its name.
const ENTRY: usize = 12;

/// Entries in the order that the format wants, with `.` and `..` among them.
pub(super) fn entries(tree: &Tree, id: NodeId, parent: NodeId) -> Vec<(&[u8], NodeId)> {
    let mut all: Vec<(&[u8], NodeId)> = vec![(b".", id), (b"..", parent)];
    let inside = tree.folder(id).into_iter().flat_map(|folder| &folder.entries);
    all.extend(inside.map(|(name, id): (&Name, &NodeId)| (&**name, *id)));
    all.sort_unstable();
    all
}

/// Bytes of all of them: full blocks, and what the last one has.
pub(super) fn size(entries: &[(&[u8], NodeId)]) -> u64 {
    let (mut blocks, mut last) = (0, 0);
    for (name, _) in entries {
        let bytes = (ENTRY + name.len()) as u64;
        if last + bytes > BLOCK {
            blocks += 1;
            last = 0;
        }
        last += bytes;
    }
    blocks * BLOCK + last
}

/// The blocks: in each, first its entries and then their names.
pub(super) fn blocks(tree: &Tree, entries: &[(&[u8], NodeId)], number: impl Fn(NodeId) -> u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(fitting(rest));
        rest = after;
        let mut names = block.len() * ENTRY;
        for (name, id) in block {
            bytes.extend_from_slice(&number(*id).to_le_bytes());
            bytes.extend_from_slice(&u16::try_from(names).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(&[kind(&tree.node(*id).what), 0]);
            names += name.len();
        }
        for (name, _) in block {
            bytes.extend_from_slice(name);
        }
        if !rest.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
    }
    bytes
}

/// How many entries fit into one block; always one at least.
fn fitting(entries: &[(&[u8], NodeId)]) -> usize {
    let mut used = 0;
    let fits = |(name, _): &&(&[u8], NodeId)| {
        used += (ENTRY + name.len()) as u64;
        used <= BLOCK
    };
    entries.iter().take_while(fits).count().max(1)
}

fn kind(what: &What) -> u8 {
    match what {
        What::Folder(_) => file_type::FOLDER,
        What::Symlink(_) => file_type::LINK,
        What::Char(..) => file_type::CHAR,
        What::Block(..) => file_type::BLOCK,
        What::Fifo => file_type::FIFO,
        What::File(_) | What::Gone => file_type::FILE,
    }
}
