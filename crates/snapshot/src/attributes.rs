//! Extended attributes of files on the disk.

use std::io;

use rustix::io::Errno;

/// Marks of overlayfs; of ordinary users the second.
pub(crate) const MARKS: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];

/// All of a file, sorted by name, but for overlayfs's marks and the kernel's own label of this machine. A link at the
/// end of `path` is not followed, unless it is one of `/proc/self/fd`.
pub(crate) fn own(path: &str) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    let list = whole(|buffer| rustix::fs::listxattr(path, buffer))?;
    for key in list.split(|byte| *byte == 0).filter(|key| !key.is_empty()) {
        if key == b"security.selinux" || MARKS.iter().any(|mark| key.starts_with(mark)) {
            continue;
        }
        found.push((key.to_vec(), whole(|buffer| rustix::fs::getxattr(path, key, buffer))?));
    }
    found.sort();
    Ok(found)
}

/// As many bytes as there are; a file system without attributes has none.
pub(crate) fn whole(read: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 256];
    loop {
        match read(&mut bytes) {
            Err(Errno::OPNOTSUPP | Errno::NODATA) => return Ok(Vec::new()),
            Err(Errno::RANGE) if bytes.len() < MOST => bytes.resize(MOST, 0),
            length => {
                bytes.truncate(length?);
                return Ok(bytes);
            }
        }
    }
}

/// Bytes of the longest list and the longest value. Source: xattr(7), "limits".
const MOST: usize = 64 << 10;

/// Overlayfs has marked the folder: it shows nothing of what is below.
pub(crate) fn is_opaque(path: &str) -> bool {
    let marked = |mark: &&[u8]| {
        let name = [*mark, b"opaque"].concat();
        whole(|buffer| rustix::fs::getxattr(path, &name[..], buffer)).is_ok_and(|value| value == b"y")
    };
    MARKS.iter().any(marked)
}
