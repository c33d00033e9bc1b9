//! The network namespace of a container that runs: interfaces are made in it, and removed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, OwnedFd};

use fault::{Doing, Fault, Kind, Result};
use netlink::{Namespace, Route, Told};
use oci::NamespaceKind;
use plan::Interface;
use rustix::fs::{Mode, OFlags};

use crate::Container;
use crate::hands::namespaces::flag;
use crate::hands::{NameSockets, interface, listen_for_names};

/// The network namespace of a container that runs.
#[derive(Debug)]
pub struct ContainerNetwork(OwnedFd);

impl Container {
    /// Its network namespace.
    ///
    /// # Errors
    /// `WrongState` if it does not run.
    pub fn network(&self) -> Result<ContainerNetwork> {
        let doing = || "open the container's network namespace";
        let gone = || Fault::new(Kind::WrongState, doing()).because("container not running");
        let first = self.first()?.ok_or_else(gone)?;
        let namespace = open(&format!("/proc/{}/ns/net", first.pid)).doing(doing)?;
        // It was still that process: nobody else can have got its number before we had looked.
        self.first()?.ok_or_else(gone)?;
        Ok(ContainerNetwork(namespace))
    }
}

/// The network namespace of a process that is not gone: a child of ours.
pub(crate) fn namespace_of(pid: i32) -> Result<OwnedFd> {
    open(&format!("/proc/{pid}/ns/net")).doing(|| "open the container's network namespace")
}

fn open(path: &str) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

impl ContainerNetwork {
    /// Does something in there, and comes back.
    fn inside<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let own = open("/proc/self/ns/net").doing(|| "find our own network namespace")?;
        let enter =
            |namespace: &OwnedFd| sys::namespaces::setns(namespace.as_fd(), flag(NamespaceKind::Network));
        enter(&self.0).doing(|| "enter the container's network namespace")?;
        let done = work();
        enter(&own).doing(|| "come back from the container's network namespace")?;
        done
    }

    /// Makes an interface in it.
    pub fn plug(&self, interface: &Interface) -> Result<()> {
        interface::plug_into(interface, Namespace::Fd(self.0.as_fd()))?;
        self.inside(|| interface::set_up(interface, |path, value| fs::write(format!("/proc/{path}"), value)))
    }

    /// Opens sockets in it that questions for names come to, in the place of those that there were: see
    /// [`plan::Step::ListenForNames`].
    pub fn listen_for_names(self, at: Ipv4Addr) -> Result<NameSockets> {
        listen_for_names(self.0, at)
    }

    /// Removes an interface from it; one that is not there is no failure.
    pub fn unplug(&self, name: &str) -> Result<()> {
        let doing = || format!("remove `{name}` from the container");
        self.inside(|| Route::open().doing(doing)?.remove_if_there(name).told(doing))
    }

    /// Names of the interfaces that it has.
    pub fn names(&self) -> Result<Vec<String>> {
        let doing = || "list the container's interfaces";
        let all = self.inside(|| Route::open().doing(doing)?.interfaces().told(doing))?;
        Ok(all.into_iter().map(|interface| interface.name).collect())
    }

    /// Sends what is for elsewhere by this interface from now on.
    pub fn send_by(&self, name: &str, gateways: &[IpAddr]) -> Result<()> {
        let doing = || format!("send what is for elsewhere by `{name}`");
        self.inside(|| {
            let kernel = Route::open().doing(doing)?;
            let index = kernel.find(name).told(doing)?.index;
            gateways.iter().try_for_each(|gateway| kernel.replace_default(index, *gateway)).told(doing)
        })
    }
}
