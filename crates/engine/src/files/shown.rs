//! `cp` with a container that runs under ids of its own (`--userns`): who reads and writes its files as they are shown there is
//! nobody here. So there are two processes, and a tar goes between them.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use fault::{Doing, Result};
use rustix::pipe::{PipeFlags, pipe_with};
use snapshot::pack::pack;
use snapshot::tar::Writer;
use snapshot::unpack::Unpack;

use super::copy::{below, find_in, is_there, open_here, owner_here, place, take_all};
use super::place::{base, says_contents};
use super::{Copied, Copy, Files, Seen, is_kernels};
use crate::{Engine, View};

impl Engine {
    pub(super) fn copy_out_shown(&self, view: &View, from: &Path, to: &Path, how: Copy) -> Result<Copied> {
        let doing = || format!("copy from container `{}`", view.record.name);
        let find =
            |files: &Files| find_in(files, view, from, how.follow).map_err(|fault| fault.during(doing()));
        let is_folder =
            self.with_files(view, Seen::Mounts, |files| find(files).map(|found| u8::from(found.1)))? == 1;
        let name = if is_folder && says_contents(from) { Vec::new() } else { base(from) };
        let there = std::fs::metadata(to).map(|meta| meta.is_dir()).ok();
        let (into, name) = place(there, is_folder, to, name, doing)?;
        let into = open_here(&into, doing)?;
        let (reads, writes) = pipe(doing)?;
        let unpack = move || {
            let find = |parts: &[&[u8]], make| below(into.as_fd(), parts, make);
            let mut unpack = Unpack::new(&find, owner_here(how.archive), false);
            take_all(reads, &mut unpack)?;
            unpack.finish()?;
            Ok(u8::try_from(unpack.left_out).unwrap_or(u8::MAX))
        };
        let write = move || {
            self.with_files(view, Seen::Mounts, |files| {
                let mut tar = Writer::new(writes);
                pack(find(files)?.0.as_fd(), &name, &is_kernels, &mut tar)?;
                tar.finish().doing(|| "write the tar").map(|_| 0)
            })
        };
        launch::beside(unpack, write).map(|(_, devices)| Copied { devices: devices.into() })
    }

    /// `from` is what was found here, whether it is a folder, and what it is called.
    pub(super) fn copy_in_shown(&self, view: &View, from: (OwnedFd, bool, Vec<u8>), to: &Path) -> Result<()> {
        let doing = || format!("copy into container `{}`", view.record.name);
        let (found, is_folder, name) = from;
        let look = |files: &Files| {
            let there = is_there(files, to).doing(doing)?;
            Ok(there.map_or(0, |is_folder| 1 + u8::from(is_folder)))
        };
        let there =
            [None, Some(false), Some(true)][usize::from(self.with_files(view, Seen::Mounts, look)?)];
        let (into, name) = place(there, is_folder, to, name, doing)?;
        let (reads, writes) = pipe(doing)?;
        let write = move || {
            let mut tar = Writer::new(writes);
            pack(found.as_fd(), &name, &is_kernels, &mut tar)?;
            tar.finish().doing(|| "write the tar").map(|_| 0)
        };
        launch::beside(write, move || self.copy_stream_in(view, reads, &into)).map(drop)
    }
}

fn pipe(doing: impl Fn() -> String) -> Result<(File, File)> {
    let (reads, writes) = pipe_with(PipeFlags::CLOEXEC).doing(doing)?;
    Ok((reads.into(), writes.into()))
}
