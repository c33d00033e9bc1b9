//! Maps of sparse files: GNU's old one in the header, and its three ways in extended fields.
//!
//! Source: GNU tar manual, "Storing Sparse Files".

use super::entry::Segment;
use super::number::{decimal, number};
use crate::limits::SEGMENTS;

/// What the extended fields `GNU.sparse.*` say.
#[derive(Debug, Default)]
pub(super) struct Keys {
    major: Option<u64>,
    minor: Option<u64>,
    /// The file's own name; the header has a made-up one.
    pub(super) name: Option<Vec<u8>>,
    size: Option<u64>,
    /// 0.0: the fields come in pairs. 0.1: one field with all.
    numbers: Vec<u64>,
    pieces: Option<u64>,
}

impl Keys {
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let count = || decimal(value).ok_or_else(|| "is not a number".to_string());
        match key {
            b"major" => self.major = Some(count()?),
            b"minor" => self.minor = Some(count()?),
            b"name" if !value.is_empty() && !value.contains(&0) => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => self.size = Some(count()?),
            b"numblocks" => self.pieces = Some(count()?),
            b"offset" if self.numbers.len().is_multiple_of(2) => self.push(count()?)?,
            b"numbytes" if !self.numbers.len().is_multiple_of(2) => self.push(count()?)?,
            b"map" if self.numbers.is_empty() => {
                for piece in value.split(|byte| *byte == b',').filter(|_| !value.is_empty()) {
                    self.push(decimal(piece).ok_or("is not a list of numbers")?)?;
                }
            }
            _ => return Err("is not one that we know".to_string()),
        }
        Ok(())
    }

    fn push(&mut self, number: u64) -> Result<(), String> {
        if self.numbers.len() >= 2 * SEGMENTS {
            return Err(format!("has more than {SEGMENTS} pieces"));
        }
        self.numbers.push(number);
        Ok(())
    }

    /// Which of the three ways, if any.
    pub(super) fn way(&self) -> Result<Way, &'static str> {
        match (self.major, self.minor) {
            (Some(1), Some(0)) if self.numbers.is_empty() => {
                Ok(Way::InData { size: self.size.ok_or("a sparse file has no size")? })
            }
            (None | Some(0), None | Some(0 | 1)) => match (self.size, self.pieces, self.numbers.is_empty()) {
                (None, None, true) if self.name.is_none() && self.major.is_none() => Ok(Way::None),
                (Some(size), pieces, _) => self.in_fields(size, pieces),
                _ => Err("a sparse file has no size"),
            },
            _ => Err("a sparse file is of a version that we do not know"),
        }
    }

    fn in_fields(&self, size: u64, pieces: Option<u64>) -> Result<Way, &'static str> {
        let (pairs, rest) = self.numbers.as_chunks::<2>();
        if !rest.is_empty() || pieces.is_some_and(|pieces| pieces != pairs.len() as u64) {
            return Err("a sparse file's map is cut off");
        }
        let segments = pairs.iter().map(|[start, length]| Segment { start: *start, length: *length });
        Ok(Way::Map { segments: segments.collect(), size })
    }
}

/// Where a map is.
#[derive(Debug)]
pub(super) enum Way {
    /// There is none: the file has no holes.
    None,
    /// In front of the data (1.0).
    InData { size: u64 },
    /// Here it is.
    Map { segments: Vec<Segment>, size: u64 },
}

/// Pieces of GNU's old format: 12 bytes of start, 12 bytes of length, until one is empty.
pub(super) fn old_pieces(bytes: &[u8], segments: &mut Vec<Segment>) -> Result<(), &'static str> {
    let field = |field: &[u8]| u64::try_from(number(field)?).map_err(|_| "a sparse file's map is negative");
    for piece in bytes.as_chunks::<24>().0 {
        if piece[0] == 0 || piece[12] == 0 {
            break;
        }
        if segments.len() >= SEGMENTS {
            return Err("a sparse file has too many pieces");
        }
        segments.push(Segment { start: field(&piece[..12])?, length: field(&piece[12..])? });
    }
    Ok(())
}

/// Pieces are in order, do not overlap, end inside the file and are all that is stored.
pub(super) fn check(segments: &[Segment], size: u64, stored: u64) -> Result<(), &'static str> {
    let mut end = 0;
    let mut sum = 0_u64;
    for segment in segments {
        if segment.start < end {
            return Err("a sparse file's pieces overlap or are out of order");
        }
        end = segment.start.checked_add(segment.length).ok_or("a sparse file's piece is too long")?;
        sum = sum.checked_add(segment.length).ok_or("a sparse file's pieces are too long")?;
    }
    if end > size {
        return Err("a sparse file's piece ends behind the file");
    }
    if sum != stored {
        return Err("a sparse file's pieces are not what is stored");
    }
    if size > i64::MAX.unsigned_abs() {
        return Err("its size is too large");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_lie_are_refused() {
        let map = |pairs: &[(u64, u64)]| -> Vec<Segment> {
            pairs.iter().map(|(start, length)| Segment { start: *start, length: *length }).collect()
        };
        assert_eq!(check(&map(&[(0, 5), (10, 5), (20, 0)]), 20, 10), Ok(()));
        for (pairs, size, stored) in [
            (&[(0, 5), (4, 5)][..], 20, 10),
            (&[(10, 5), (0, 5)], 20, 10),
            (&[(0, 5)], 4, 5),
            (&[(0, 5)], 20, 6),
            (&[(u64::MAX, 2)], u64::MAX, 2),
            (&[(0, u64::MAX), (u64::MAX, 0), (u64::MAX, 1)], u64::MAX, 0),
            (&[(0, 1)], u64::MAX, 1),
        ] {
            assert!(check(&map(pairs), size, stored).is_err(), "{pairs:?}");
        }
    }
}
