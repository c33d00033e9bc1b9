//! Options of connections to the kernel: netlink(7).

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use crate::check;

/// `NETLINK_CAP_ACK` and `NETLINK_EXT_ACK`: linux/netlink.h.
const CAP_ACK: libc::c_int = 10;
const EXT_ACK: libc::c_int = 11;

/// Has errors come with the kernel's own words, and without a copy of what was asked.
///
/// Source: <https://man7.org/linux/man-pages/man7/netlink.7.html>
pub fn ask_for_words(socket: &impl AsFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or_default();
    for option in [CAP_ACK, EXT_ACK] {
        // SAFETY: the value is an integer of the size that is said and outlives the call, which only reads it; the
        // descriptor is borrowed, so it is open.
        let ret = unsafe {
            libc::setsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_NETLINK,
                option,
                (&raw const on).cast(),
                size,
            )
        };
        check(ret.into())?;
    }
    Ok(())
}
