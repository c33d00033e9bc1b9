//! Places for what is mounted in every container. Where an image has none, they are made in the folder for changes, and are
//! nobody's change. Source: moby, `daemon/initlayer/setup_unix.go`, which makes them below that folder.

use rustix::fs::{FileType, Stat};

/// As they are found, from the root.
const PLACES: [&str; 6] = ["/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys"];

/// It is one of them, as far as itself tells: a file is empty; whether a folder is, is for the caller to say.
pub(crate) fn is_place(path: &[u8], stat: &Stat) -> bool {
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let is_empty = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_size == 0;
    (is_folder || is_empty) && PLACES.iter().any(|place| place.as_bytes() == path)
}
