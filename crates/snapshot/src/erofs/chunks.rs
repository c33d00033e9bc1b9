//! Where a file's bytes are: chunks of the layers' tars, holes, and, where the pieces of a sparse file do not begin
//! on blocks, copies.

use super::format::{BLOCK, CHUNK_BITS};
use crate::tar::Segment;
use crate::tree::Content;

/// How a file is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// A chunk has `2^bits` blocks.
    pub(super) bits: u32,
    /// How many there are.
    pub(super) count: u64,
    /// They are copied, because they are not in the tar as they are.
    pub(super) copied: bool,
}

/// Bits of a chunk that is copied: one page.
const COPIED_BITS: u32 = 3;

impl Form {
    /// `tars` are the sizes of the layers' tars. Where one ends within a block, the kernel cannot read that block.
    pub(super) fn of(content: &Content, tars: &[u64]) -> Form {
        let whole_file = [Segment { start: 0, length: content.size }];
        let stored = content.sparse.as_deref().unwrap_or(&whole_file).iter().map(|piece| piece.length);
        let end = content.offset + stored.sum::<u64>();
        let tar = tars.get(usize::from(content.source)).copied().unwrap_or(u64::MAX);
        if end.next_multiple_of(BLOCK) > tar {
            return Form::new(content.size, COPIED_BITS, true);
        }
        let Some(pieces) = &content.sparse else {
            return Form::new(content.size, whole(content.size), false);
        };
        match common_bits(pieces, content) {
            Some(bits) => Form::new(content.size, bits.min(whole(content.size)), false),
            None => Form::new(content.size, COPIED_BITS, true),
        }
    }

    fn new(size: u64, bits: u32, copied: bool) -> Form {
        Form { bits, count: size.div_ceil(BLOCK << bits), copied }
    }

    /// Bytes of one chunk.
    pub(super) fn bytes(self) -> u64 {
        BLOCK << self.bits
    }
}

/// The chunk size that makes one chunk of a file, if there is one.
fn whole(size: u64) -> u32 {
    let blocks = size.div_ceil(BLOCK).max(1);
    blocks.next_power_of_two().trailing_zeros().min(CHUNK_BITS)
}

/// The largest chunk on whose borders all pieces begin and end; none if they are not even on those of blocks.
fn common_bits(pieces: &[Segment], content: &Content) -> Option<u32> {
    let mut borders = 0;
    for piece in pieces.iter().filter(|piece| piece.length > 0) {
        let end = piece.start + piece.length;
        // What a block has behind the end of the file is seen by nobody.
        borders |= piece.start | if end == content.size { 0 } else { end };
    }
    if !borders.is_multiple_of(BLOCK) {
        return None;
    }
    let bits = if borders == 0 { CHUNK_BITS } else { borders.trailing_zeros() - BLOCK.trailing_zeros() };
    Some(bits.min(CHUNK_BITS))
}

/// Where a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Nowhere: it reads as zeroes.
    Hole,
    /// At this byte of the tar, if it is not copied; in the file at the chunk's own place, if it is.
    Tar(u64),
}

/// Each chunk of a file, in order.
pub(super) fn places(content: &Content, form: Form) -> impl Iterator<Item = At> {
    let all = [Segment { start: 0, length: content.size }];
    let pieces = content.sparse.as_deref().unwrap_or(&all).iter().filter(|piece| piece.length > 0);
    let pieces: Vec<Segment> = pieces.copied().collect();
    let (mut piece, mut stored) = (0, 0);
    let offset = content.offset;
    (0..form.count).map(move |number| {
        let start = number * form.bytes();
        while pieces.get(piece).is_some_and(|piece| piece.start + piece.length <= start) {
            stored += pieces[piece].length;
            piece += 1;
        }
        match pieces.get(piece) {
            Some(piece) if piece.start < start + form.bytes() => {
                At::Tar(offset + stored + start.saturating_sub(piece.start))
            }
            _ => At::Hole,
        }
    })
}

/// Those chunks of a copied file that are not holes: only they are copied, however large the file is.
pub(super) fn with_data(content: &Content, form: Form) -> u64 {
    places(content, form).filter(|at| *at != At::Hole).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(size: u64, pieces: &[(u64, u64)]) -> Content {
        let pieces = pieces.iter().map(|(start, length)| Segment { start: *start, length: *length });
        Content { source: 0, offset: 1024, size, sparse: Some(pieces.collect()) }
    }

    #[test]
    fn a_whole_file_is_one_chunk() {
        for size in [1, 511, 512, 513, 5_000_000_000] {
            let content = Content { source: 0, offset: 512, size, sparse: None };
            let form = Form::of(&content, &[]);
            assert_eq!((form.count, form.copied), (1, false), "{size}");
            assert!(form.bytes() >= size);
            assert_eq!(places(&content, form).collect::<Vec<_>>(), [At::Tar(512)]);
        }
        let huge = Content { source: 0, offset: 0, size: 3 << 40, sparse: None };
        let at: Vec<_> = places(&huge, Form::of(&huge, &[])).collect();
        assert_eq!(at, [At::Tar(0), At::Tar(1 << 40), At::Tar(2 << 40)]);
    }

    #[test]
    fn holes_are_not_stored() {
        let content = sparse(5 * 4096, &[(4096, 4096), (3 * 4096, 8192), (5 * 4096, 0)]);
        let form = Form::of(&content, &[]);
        assert_eq!((form.bits, form.copied), (3, false));
        let at: Vec<_> = places(&content, form).collect();
        assert_eq!(at, [At::Hole, At::Tar(1024), At::Hole, At::Tar(1024 + 4096), At::Tar(1024 + 8192)]);
        let nothing = sparse(1 << 50, &[]);
        assert_eq!(Form::of(&nothing, &[]).count, 1 << 10);
    }

    #[test]
    fn pieces_off_the_blocks_are_copied() {
        assert!(Form::of(&sparse(10_000, &[(5, 10)]), &[]).copied);
        // The end of the file need not be one of a block; the end of another piece must.
        assert!(!Form::of(&sparse(5000, &[(4096, 904)]), &[]).copied);
        assert!(Form::of(&sparse(5001, &[(4096, 904)]), &[]).copied);
    }

    #[test]
    fn what_the_tar_ends_in_is_copied() {
        let content = Content { source: 0, offset: 1024, size: 600, sparse: None };
        assert!(!Form::of(&content, &[2048]).copied);
        assert!(Form::of(&content, &[2047]).copied);
    }

    #[test]
    fn only_what_is_no_hole_is_copied() {
        let content = sparse(1 << 30, &[(5, 10), (20, 4090), (1 << 29, 0), ((1 << 29) + 1, 1)]);
        let form = Form::of(&content, &[]);
        assert_eq!((form.copied, form.count, with_data(&content, form)), (true, 1 << 18, 3));
    }
}
