//! What was typed for `cp`: paths, and what their ends say.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// One of the two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A stream: `-`.
    Stream,
    /// A path of this machine.
    Here(PathBuf),
    /// A container, and a path in it.
    In(String, PathBuf),
}

impl Place {
    /// From `-`, `PATH` or `CONTAINER:PATH`. A path that begins with `/` or `.` is one of this machine.
    ///
    /// Source: docker/cli, `splitCpArg`.
    pub fn parse(text: &str) -> Place {
        match text.split_once(':') {
            _ if text == "-" => Place::Stream,
            Some((name, path)) if !name.is_empty() && !text.starts_with(['/', '.']) => {
                Place::In(name.to_string(), path.into())
            }
            _ => Place::Here(text.into()),
        }
    }
}

/// It can only be a folder: it ends with `/` or `/.`.
pub(super) fn says_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.ends_with(b"/") || bytes.ends_with(b"/.") || bytes == b"."
}

/// What is in it is meant, and not the folder itself.
pub(super) fn says_contents(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.ends_with(b"/.") || bytes == b"." || base(path).is_empty()
}

/// The last name; none, if it is a root.
pub(super) fn base(path: &Path) -> Vec<u8> {
    match path.components().next_back() {
        Some(Component::Normal(name)) => name.as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

/// The folder that it is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != OsStr::new("")).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let of = |name: &str, path: &str| Place::In(name.to_string(), path.into());
        assert_eq!(Place::parse("-"), Place::Stream);
        assert_eq!(Place::parse("web:/a:b"), of("web", "/a:b"));
        assert_eq!(Place::parse("web:"), of("web", ""));
        for here in ["./a:b", "/a:b", "a", ":x", "../a:b"] {
            assert_eq!(Place::parse(here), Place::Here(here.into()), "{here}");
        }
    }

    #[test]
    fn ends() {
        for (path, folder, contents, name) in [
            ("/a/b", false, false, "b"),
            ("/a/b/", true, false, "b"),
            ("/a/b/.", true, true, "b"),
            ("/", true, true, ""),
            (".", true, true, ""),
        ] {
            let path = Path::new(path);
            assert_eq!((says_folder(path), says_contents(path)), (folder, contents), "{path:?}");
            assert_eq!(base(path), name.as_bytes());
        }
    }
}
