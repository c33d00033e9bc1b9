//! Our own program cannot be written to from inside a container.
//!
//! A container's program can be a script whose interpreter is `/proc/self/exe`: that is us, as the kernel
//! still has it. Root in the container could open it for writing, and wait until nobody runs it
//! (CVE-2019-5736). So we run from a read-only mount of our own file, that is attached nowhere and that
//! nobody can make writable again.

use std::env;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use fault::{Doing, Result};
use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::mount::{OpenTreeFlags, open_tree};
use sys::mount_attr::{Change, mount_setattr};

/// `MOUNT_ATTR_RDONLY`.
const READONLY: u64 = 1;

/// Starts this program again, from a read-only mount of it, unless it runs from one already. Three system
/// calls and an exec; no copy is made. To be called first in `main`: the program starts from the top.
///
/// An ordinary user cannot mount, and cannot write to root's programs either: nothing to do then.
///
/// # Errors
/// The kernel could not make such a mount (Linux 5.12 can).
pub fn seal() -> Result<()> {
    let Some(own) = sealed()? else { return Ok(()) };
    let doing = || "seal our own program";
    let text = |text: std::ffi::OsString| CString::new(text.into_vec()).unwrap_or_default();
    let args: Vec<_> = env::args_os().map(text).collect();
    let pair = |(mut name, value): (std::ffi::OsString, std::ffi::OsString)| {
        name.push("=");
        name.push(value);
        text(name)
    };
    let env: Vec<_> = env::vars_os().map(pair).collect();
    Err(sys::exec::execveat(own.as_fd(), &args, &env)).doing(doing)
}

/// Our own program on a read-only mount of it, for another process to be started from; nothing where we run from one
/// already, or need none.
///
/// # Errors
/// As [`seal`].
pub fn sealed() -> Result<Option<OwnedFd>> {
    if !rustix::process::geteuid().is_root() || is_sealed() {
        return Ok(None);
    }
    let doing = || "seal our own program";
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let own = match open_tree(CWD, "/proc/self/exe", flags) {
        // Root of a user namespace that is not the machine's: no right to mount, and none to our file.
        Err(rustix::io::Errno::PERM) => return Ok(None),
        own => own.doing(doing)?,
    };
    mount_setattr(own.as_fd(), Change { set: READONLY, ..Change::default() }).doing(doing)?;
    Ok(Some(own))
}

fn is_sealed() -> bool {
    rustix::fs::statvfs("/proc/self/exe").is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
}
