//! Names in an archive, and what they mean.

use crate::limits;

/// The parts of a path: without `/` in front and behind, empty parts and `.`.
///
/// # Errors
/// `..` means one thing before a link is made and another after it; nobody needs it.
pub(crate) fn parts(path: &[u8]) -> Result<Vec<&[u8]>, String> {
    if path.contains(&0) {
        return Err("its name has a NUL in it".to_string());
    }
    let parts: Vec<&[u8]> =
        path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    check(&parts)?;
    if parts.contains(&&b".."[..]) {
        return Err("its name has `..` in it".to_string());
    }
    Ok(parts)
}

pub(super) fn check(parts: &[&[u8]]) -> Result<(), String> {
    if parts.len() > limits::DEPTH {
        return Err(format!("it is in more than {} folders", limits::DEPTH));
    }
    if parts.iter().any(|part| part.len() > limits::NAME_BYTES) {
        return Err(format!("a name in its path has more than {} bytes", limits::NAME_BYTES));
    }
    Ok(())
}

/// What an entry's name says beyond a name.
///
/// Source: OCI image specification, layer.md, "Whiteouts".
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    /// A name.
    None,
    /// What has this name in lower layers is gone.
    Gone(&'a [u8]),
    /// The folder that the mark is in shows nothing of lower layers.
    Opaque,
    /// AUFS kept its books in the layer.
    Books,
}

const WHITEOUT: &[u8] = b".wh.";

impl Mark<'_> {
    pub(super) fn of<'a>(parts: &[&'a [u8]]) -> Result<Mark<'a>, String> {
        let Some((last, folders)) = parts.split_last() else { return Ok(Mark::None) };
        let is_books = |part: &&[u8]| part.starts_with(b".wh..wh.");
        if *last == b".wh..wh..opq" && !folders.iter().any(is_books) {
            return Ok(Mark::Opaque);
        }
        if parts.iter().any(is_books) {
            return Ok(Mark::Books);
        }
        if folders.iter().any(|part| part.starts_with(WHITEOUT)) {
            return Err("it is in a folder that marks something as gone".to_string());
        }
        match last.strip_prefix(WHITEOUT) {
            None => Ok(Mark::None),
            Some(b"" | b"." | b"..") => Err("it marks nothing as gone".to_string()),
            Some(name) => Ok(Mark::Gone(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names() {
        let joined = |path: &[u8]| parts(path).map(|parts| parts.join(&b'|'));
        for (path, clean) in [("/a//b/./c/", "a|b|c"), ("", ""), ("./", ""), ("a/...", "a|..."), ("///", "")]
        {
            assert_eq!(joined(path.as_bytes()).unwrap(), clean.as_bytes());
        }
        for bad in ["..", "a/../b", "../x", "a/..", "a\0b"] {
            assert!(parts(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let (long, deep) = ("n".repeat(255), "d/".repeat(255));
        assert!(parts(long.as_bytes()).is_ok() && parts(deep.as_bytes()).is_ok());
        assert!(
            parts(format!("{long}n").as_bytes()).is_err() && parts(format!("{deep}d").as_bytes()).is_err()
        );
    }

    #[test]
    fn marks() {
        let mark = |path: &'static [u8]| Mark::of(&parts(path).unwrap());
        assert_eq!(mark(b"a/.wh.b").unwrap(), Mark::Gone(b"b"));
        assert_eq!(mark(b".wh..wh..opq").unwrap(), Mark::Opaque);
        assert_eq!(mark(b".wh..wh.plnk/1.2").unwrap(), Mark::Books);
        assert_eq!(mark(b"a/.whatever").unwrap(), Mark::None);
        for bad in [&b".wh."[..], b".wh..", b".wh...", b".wh.a/b"] {
            assert!(mark(bad).is_err(), "{bad:?}");
        }
    }
}
