//! Network interfaces of the host that become the container's.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use netlink::{Interface, Route, Told};
use oci::NamespaceKind;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::namespaces::flag;

/// Moves one into a network namespace: that of process `pid`, or the one at `path`. It is down while it moves, and up in
/// there; the kernel forgets its addresses, so they are told again.
pub(super) fn move_into(name: &str, new_name: &str, path: Option<&Path>, pid: i32) -> Result<()> {
    let path = path.map_or_else(|| PathBuf::from(format!("/proc/{pid}/ns/net")), Path::to_path_buf);
    let field = || format!("use `linux.netDevices[{name}]`");
    let namespace = open(&path)?;
    let ours = Route::open().doing(|| "ask the kernel about network interfaces")?;
    let Interface { index, up, .. } = ours.find(name).told(field).map_err(missing)?;
    let theirs = inside(&namespace)?;
    // The kernel would move it, and only then find that it cannot have the name.
    if theirs.find(new_name).is_ok() {
        return Err(Fault::new(Kind::Exists, format!("use `linux.netDevices[{name}].name`"))
            .because(format!("`{new_name}` is taken in the container's network namespace")));
    }
    // Before it is down: the kernel forgets those of IPv6 then.
    let addresses = ours.addresses(index).told(|| format!("list the addresses of `{name}`"))?;
    ours.set_up(index, false).told(|| format!("take `{name}` down"))?;
    if let Err(err) = ours.move_to(index, new_name, namespace.as_fd()) {
        let _ = ours.set_up(index, up);
        return Err(err).told(field);
    }
    let doing = || format!("bring up `{new_name}` in the container");
    let index = theirs.find(new_name).told(doing)?.index;
    for address in &addresses {
        theirs.add_address(index, address).told(|| format!("give `{new_name}` its addresses again"))?;
    }
    theirs.set_up(index, true).told(doing)
}

fn open(path: &Path) -> Result<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open network namespace `{}`", path.display()))
}

/// A connection about another network namespace: it stays there, and we come back at once.
pub(super) fn inside(namespace: &OwnedFd) -> Result<Route> {
    let own = open(Path::new("/proc/self/ns/net"))?;
    let enter = |namespace: &OwnedFd| sys::namespaces::setns(namespace.as_fd(), flag(NamespaceKind::Network));
    enter(namespace).doing(|| "enter the container's network namespace")?;
    let opened = Route::open().doing(|| "ask the kernel about network interfaces");
    enter(&own).doing(|| "come back from the container's network namespace")?;
    opened
}

fn missing(fault: Fault) -> Fault {
    match fault.errno().map(Errno::from_raw_os_error) {
        Some(Errno::NODEV) => fault.because("there is no such interface here").hint("see `ip link`"),
        _ => fault,
    }
}
