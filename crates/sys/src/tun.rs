//! Interfaces whose other end is a program: tun(4).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use crate::check;

/// Makes an interface of this name for packets of IP. What is written is a packet that comes by it; what is read is one that
/// leaves by it; neither waits. It is gone when the descriptor is.
///
/// # Errors
/// - `ENOENT`: no TUN in this kernel.
/// - `EPERM`: no `CAP_NET_ADMIN`.
/// - `EBUSY`: there is one of this name.
///
/// Source: <https://docs.kernel.org/networking/tuntap.html>
pub fn open(name: &str) -> io::Result<OwnedFd> {
    // SAFETY: all of its bytes may be zero: a name of no letters, and a union of numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() || !name.is_ascii() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_TUN | libc::IFF_NO_PI).unwrap_or_default();
    let file: File =
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    // SAFETY: the kernel reads and writes one `ifreq`, which outlives the call; the descriptor is open.
    check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) }.into())?;
    Ok(file.into())
}
