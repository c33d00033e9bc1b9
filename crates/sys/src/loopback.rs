//! The loopback interface: netdevice(7).

use std::io;
use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::check;

/// Brings up `lo` of the network namespace that we are in; the kernel gives it its addresses.
///
/// # Errors
/// - `EPERM`: no `CAP_NET_ADMIN` in the user namespace that owns the network namespace.
///
/// Source: <https://man7.org/linux/man-pages/man7/netdevice.7.html>, `SIOCSIFFLAGS`.
pub fn raise() -> io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: `ifreq` is made of integers and arrays of them, for which all zeroes is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[..2].copy_from_slice(&[b'l'.cast_signed(), b'o'.cast_signed()]);
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or_default();
    // SAFETY: the request has a name that ends with a zero byte and the flags to set, and outlives the call;
    // the kernel only reads it.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) }.into())
        .map(drop)
}
