//! `cp`. Source of the rules: docker/cli, `cli/command/container/cp.go`; moby, `archive/copy.go`.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use snapshot::compression::decompress;
use snapshot::pack::{Sink, pack};
use snapshot::tar::{Reader, Stream, Writer};
use snapshot::unpack::{Owner, Unpack};

use super::place::{base, parent, says_contents, says_folder};
use super::{Files, Seen, is_kernels, open, shown};
use crate::{Engine, View};

/// How files are copied.
#[derive(Debug, Clone, Copy, Default)]
pub struct Copy {
    /// Owners come along out of a container; into one they always do, as in docker.
    pub archive: bool,
    /// Of a link, what it leads to.
    pub follow: bool,
}

/// What could not be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Devices that were left out.
    pub devices: u64,
}

impl Engine {
    /// Copies out of a container. Without `to`, as a tar to the standard output.
    ///
    /// # Errors
    /// In Docker's words: what is not there, and what cannot be put where.
    pub fn copy_out(&self, view: &View, from: &Path, to: Option<&Path>, how: Copy) -> Result<Copied> {
        if let (Some(to), true) = (to, shown(view).is_some()) {
            return self.copy_out_shown(view, from, to, how);
        }
        let target = to.map(|to| fs::metadata(to).map(|meta| meta.is_dir()).ok());
        let devices = self.with_files(view, Seen::Mounts, |files| {
            let doing = || format!("copy from container `{}`", view.record.name);
            let (found, is_folder) =
                find_in(files, view, from, how.follow).map_err(|fault| fault.during(doing()))?;
            let name = if is_folder && says_contents(from) { Vec::new() } else { base(from) };
            let (Some(to), Some(there)) = (to, target) else {
                let out = io::BufWriter::with_capacity(PIECE, io::stdout().lock());
                let mut tar = Writer::new(out);
                pack(found.as_fd(), &name, &is_kernels, &mut tar)?;
                let mut out = tar.finish().doing(|| "write the tar")?;
                return out.flush().doing(|| "write the tar").map(|()| 0);
            };
            let (into, name) = place(there, is_folder, to, name, doing)?;
            let into = open_here(&into, doing)?;
            let find = |parts: &[&[u8]], make| below(into.as_fd(), parts, make);
            let mut unpack = Unpack::new(&find, owner_here(how.archive), false);
            pack(found.as_fd(), &name, &is_kernels, &mut unpack)?;
            unpack.finish()?;
            Ok(u8::try_from(unpack.left_out).unwrap_or(u8::MAX))
        })?;
        Ok(Copied { devices: devices.into() })
    }

    /// Copies into a container.
    ///
    /// # Errors
    /// As [`Engine::copy_out`].
    pub fn copy_in(&self, view: &View, from: &Path, to: &Path, how: Copy) -> Result<()> {
        let doing = || format!("copy into container `{}`", view.record.name);
        let follow = how.follow || says_folder(from);
        let flags = OFlags::PATH | OFlags::CLOEXEC | if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let found = rustix::fs::openat(CWD, from, flags, Mode::empty())
            .doing(|| format!("copy `{}`", from.display()))
            .map_err(|fault| match fault.kind() {
                Kind::NotFound => Fault::new(Kind::NotFound, doing())
                    .because(format!("lstat {}: no such file or directory", from.display())),
                _ => fault,
            })?;
        let is_folder = is_folder(found.as_fd()).doing(doing)?;
        if says_folder(from) && !is_folder {
            return Err(Fault::invalid("cp", format!("`{}` is not a directory", from.display())));
        }
        // `..` has a name where it leads to.
        let named =
            if base(from).is_empty() { fs::canonicalize(from).doing(doing)? } else { from.to_path_buf() };
        let name = if is_folder && says_contents(from) { Vec::new() } else { base(&named) };
        if shown(view).is_some() {
            return self.copy_in_shown(view, (found, is_folder, name), to);
        }
        self.into(view, to, |there| {
            let (into, name) = place(there, is_folder, to, name, doing)?;
            Ok((into, Box::new(move |to: &mut dyn Sink| pack(found.as_fd(), &name, &is_kernels, to))))
        })
    }

    /// Copies a tar into a folder of a container.
    ///
    /// # Errors
    /// As [`Engine::copy_out`], and what the tar has wrong.
    pub fn copy_stream_in(&self, view: &View, from: impl Read, to: &Path) -> Result<()> {
        self.into(view, to, |there| {
            if there != Some(true) {
                return Err(Fault::new(Kind::Invalid, format!("copy into container `{}`", view.record.name))
                    .because(format!(
                        "destination \"{}:{}\" must be a directory",
                        view.record.name,
                        to.display()
                    )));
            }
            Ok((to.to_path_buf(), Box::new(move |to: &mut dyn Sink| take_all(from, to))))
        })
    }

    /// `work` is told whether the place is there, and is a folder; it says where everything goes, and does it.
    fn into<'a>(
        &self,
        view: &View,
        to: &Path,
        work: impl FnOnce(Option<bool>) -> Result<(PathBuf, Box<dyn FnOnce(&mut dyn Sink) -> Result<()> + 'a>)>,
    ) -> Result<()> {
        let doing = || format!("copy into container `{}`", view.record.name);
        let read_only = || Fault::new(Kind::Denied, doing()).because("container rootfs is marked read-only");
        if view.record.request.read_only && !view.status.is_up() {
            return Err(read_only());
        }
        self.with_files(view, Seen::Mounts, |files| {
            let there = is_there(files, to).doing(doing)?;
            let (into, work) = work(there)?;
            files.root.folder(&into, false).map_err(|err| explain(&err, view, &into, doing()))?;
            let find = |parts: &[&[u8]], make| {
                let path = parts
                    .iter()
                    .fold(into.clone(), |path, part| path.join(std::ffi::OsStr::from_bytes(part)));
                files.root.folder(&path, make)
            };
            let mut unpack = Unpack::new(&find, Owner::Same, rustix::process::geteuid().is_root());
            let done = work(&mut unpack).and_then(|()| unpack.finish());
            done.map(|()| 0).map_err(|fault| match fault.errno() {
                Some(30) => read_only(),
                _ => fault.during(doing()),
            })
        })
        .map(drop)
    }
}

/// Whether something is there, and is a folder.
pub(super) fn is_there(files: &Files, path: &Path) -> io::Result<Option<bool>> {
    match files.root.find_any(path, true) {
        // No path is not the root.
        _ if path.as_os_str().is_empty() => Ok(None),
        Ok(found) => is_folder(found.as_fd()).map(Some),
        Err(_) => Ok(None),
    }
}

/// All that is in a tar, compressed or not.
pub(super) fn take_all(from: impl Read, to: &mut dyn Sink) -> Result<()> {
    let mut archive = Reader::new(Stream(decompress(from, None, u64::MAX)?));
    while let Some(entry) = archive.next_entry()? {
        let doing = || format!("make `{}`", fault::visible(&String::from_utf8_lossy(&entry.name)));
        to.take(&entry, &mut archive.contents()).doing(doing)?;
    }
    Ok(())
}

/// Bytes written at once.
const PIECE: usize = 256 << 10;

/// Where something goes, and what it is called there.
pub(super) fn place(
    there: Option<bool>,
    is_folder: bool,
    to: &Path,
    name: Vec<u8>,
    doing: impl Fn() -> String,
) -> Result<(PathBuf, Vec<u8>)> {
    let refused = |cause: &str| Err(Fault::new(Kind::Invalid, doing()).because(cause));
    match there {
        Some(true) => Ok((to.to_path_buf(), name)),
        Some(false) if is_folder => refused("cannot copy directory"),
        None if (says_folder(to) || to.as_os_str().is_empty()) && !is_folder => refused("no such directory"),
        _ => Ok((parent(to).to_path_buf(), base(to))),
    }
}

/// A folder of this machine to copy to.
pub(super) fn open_here(into: &Path, doing: impl Fn() -> String) -> Result<OwnedFd> {
    open(into).map_err(|err| match err.kind() {
        io::ErrorKind::NotFound => Fault::new(Kind::NotFound, doing())
            .because(format!("invalid output path: directory \"{}\" does not exist", into.display())),
        _ => Fault::of(&err, doing()),
    })
}

/// Something in a container. A link at the end is meant itself, unless its path says otherwise.
pub(super) fn find_in(files: &Files, view: &View, path: &Path, follow: bool) -> Result<(OwnedFd, bool)> {
    let doing = || format!("find `{}`", path.display());
    let found = files
        .root
        .find_any(path, follow || says_folder(path))
        .map_err(|err| explain(&err, view, path, doing()))?;
    let is_folder = is_folder(found.as_fd()).doing(doing)?;
    if says_folder(path) && !is_folder {
        return Err(Fault::new(Kind::Invalid, doing()).because("not a directory"));
    }
    Ok((found, is_folder))
}

pub(super) fn explain(err: &io::Error, view: &View, path: &Path, doing: String) -> Fault {
    let name = &view.record.name;
    match err.kind() {
        io::ErrorKind::NotFound => Fault::new(Kind::NotFound, doing).because(format!(
            "No such container:path: {name}:{0} (Could not find the file {0} in container {name})",
            path.display()
        )),
        _ => Fault::of(err, doing),
    }
}

pub(super) fn is_folder(found: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(found)?.st_mode) == FileType::Directory)
}

/// Without owners, what comes out of a container is ours; and nobody can become us by it.
pub(super) fn owner_here(archive: bool) -> Owner {
    if archive {
        return Owner::Same;
    }
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    Owner::One { uid, gid, plain: true }
}

/// A folder below another one, without a link in between.
pub(super) fn below(folder: BorrowedFd<'_>, parts: &[&[u8]], make: bool) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = rustix::fs::openat(folder, ".", flags, Mode::empty())?;
    for part in parts {
        let part = std::ffi::OsStr::from_bytes(part);
        at = match rustix::fs::openat(&at, part, flags, Mode::empty()) {
            Err(Errno::NOENT) if make => {
                match rustix::fs::mkdirat(&at, part, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(err) => return Err(err.into()),
                }
                rustix::fs::openat(&at, part, flags, Mode::empty())?
            }
            found => found?,
        };
    }
    Ok(at)
}
