//! All of a container's files: `export`, and what is new among them: `diff`.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};

use std::os::unix::ffi::OsStrExt;

use container::{Part, Root, own_root, parts};
use fault::{Doing, Kind, Result};
use rustix::fs::MemfdFlags;
use snapshot::changes::{Change, changes};
use snapshot::pack::pack;
use snapshot::tar::Writer;

use super::{Seen, is_kernels, open};
use crate::{Engine, View};

impl Engine {
    /// Writes a container's root to a tar, without what is mounted in it.
    pub fn export(&self, view: &View, to: impl Write) -> Result<()> {
        let doing = || format!("export container `{}`", view.record.name);
        let of_host = view.record.request.root == Root::Host;
        let apart = |folder: BorrowedFd<'_>| if of_host { !is_layer(folder) } else { is_kernels(folder) };
        let work = |files: &super::Files| {
            let mut tar = Writer::new(to);
            pack(files.root.as_fd(), b"", &apart, &mut tar)?;
            let mut to = tar.finish().doing(|| "write the tar")?;
            to.flush().doing(|| "write the tar").map(|()| 0)
        };
        self.with_files(view, Seen::Root, work).map(drop).map_err(|fault| fault.during(doing()))
    }

    /// What a container has changed of its image, sorted by path.
    pub fn changes(&self, view: &View) -> Result<Vec<Change>> {
        let doing = || format!("compare container `{}` with its image", view.record.name);
        let parts = parts(&view.record, &view.folder.changes()).map_err(|fault| fault.during(doing()))?;
        let mut all = match own_root()? {
            None => compared(&parts),
            Some(maps) => in_memory(|to| {
                launch::in_own_root(&maps, || {
                    let all = compared(&parts)?;
                    serde_json::to_writer(to, &all).map_err(std::io::Error::from).doing(doing).map(|()| 0)
                })
            }),
        }
        .map_err(|fault| fault.during(doing()))?;
        all.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(all)
    }
}

fn compared(parts: &[Part]) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for part in parts {
        let upper = match open(&part.upper).doing(|| format!("open `{}`", part.upper.display())) {
            // It was never started.
            Err(fault) if fault.kind() == Kind::NotFound => continue,
            upper => upper?,
        };
        let lower = launch::lay_lower(&part.lower)?;
        all.extend(changes(part.at.as_os_str().as_bytes(), upper.as_fd(), lower.as_fd())?);
    }
    Ok(all)
}

/// What a child has to tell, which is more than a number.
fn in_memory(work: impl FnOnce(&File) -> Result<u8>) -> Result<Vec<Change>> {
    let doing = || "hear what was changed";
    let memory = rustix::fs::memfd_create("changes", MemfdFlags::CLOEXEC).doing(doing)?;
    let mut file = File::from(memory);
    work(&file)?;
    file.rewind().doing(doing)?;
    serde_json::from_reader(std::io::BufReader::new(file)).map_err(std::io::Error::from).doing(doing)
}

/// Of the image `host`. Source: linux/magic.h.
fn is_layer(folder: BorrowedFd<'_>) -> bool {
    const OVERLAYFS: u64 = 0x794c_7630;
    rustix::fs::fstatfs(folder).is_ok_and(|stat| stat.f_type.cast_unsigned() == OVERLAYFS)
}
