//! How a process ended that was not our child: `PIDFD_GET_INFO`.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use crate::check;

/// Source: linux/pidfd.h, `struct pidfd_info`, its first version.
#[repr(C)]
#[derive(Default)]
struct Info {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT`.
const EXIT: u64 = 1 << 3;
/// `_IOWR(0xFF, 11, struct pidfd_info)`.
const GET_INFO: u64 = (3 << 30) | ((size_of::<Info>() as u64) << 16) | (0xFF << 8) | 0x0B;

/// The status of wait(2) of a process that has ended and that its parent has waited for; nothing before that, or
/// where the kernel does not tell (before Linux 6.15).
///
/// # Errors
/// It is no pidfd.
pub fn exit_status(pidfd: impl AsFd) -> io::Result<Option<i32>> {
    let mut info = Info { mask: EXIT, ..Info::default() };
    // SAFETY: the number of the request says how long the structure is; the kernel writes no more than that.
    let asked = check(unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), GET_INFO, &raw mut info) }.into());
    match asked {
        Ok(_) => Ok((info.mask & EXIT != 0).then_some(info.exit_code)),
        Err(err) if matches!(err.raw_os_error(), Some(libc::ENOTTY | libc::ESRCH | libc::EINVAL)) => Ok(None),
        Err(err) => Err(err),
    }
}
