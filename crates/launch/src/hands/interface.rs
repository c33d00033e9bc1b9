//! Interfaces of the container's that lead to networks of this machine's.

use std::io::ErrorKind;

use fault::{Doing, Fault, Kind, Result};
use netlink::nft::{Batch, Element, Nft};
use netlink::{Kind as What, Mac, Namespace, Plug, Refused, Route, Told};
use plan::{Interface, InterfaceKind, Opening};
use rustix::io::Errno;

use super::Hands;

fn kernel() -> Result<Route> {
    Route::open().doing(|| "ask the kernel about network interfaces")
}

/// Makes one in the network namespace of process `pid`. It does not work yet.
pub(super) fn plug_in(interface: &Interface, pid: i32) -> Result<()> {
    plug_into(interface, Namespace::Pid(pid))
}

pub(crate) fn plug_into(interface: &Interface, namespace: Namespace<'_>) -> Result<()> {
    let kernel = kernel()?;
    let number =
        |name: &str| kernel.find(name).map(|found| found.index).map_err(|refused| missing(refused, name));
    let (kind, outside) = match &interface.kind {
        InterfaceKind::Veth { outside, bridge } => (What::Veth(number(bridge)?), outside.as_str()),
        InterfaceKind::Macvlan { parent, mode } => (What::Macvlan(number(parent)?, *mode), ""),
        InterfaceKind::Ipvlan { parent, mode } => (What::Ipvlan(number(parent)?, *mode), ""),
    };
    let plug = Plug {
        kind,
        outside,
        inside: &interface.name,
        mac: interface.mac.map(Mac),
        mtu: interface.mtu,
        isolated: interface.isolated,
        namespace,
    };
    kernel.plug(&plug).map_err(|refused| {
        let lacks = refused.is(Errno::OPNOTSUPP);
        let busy = refused.is(Errno::BUSY);
        let fault = refused.during(format!("make `{}` in the container", interface.name));
        match (lacks, busy, &interface.kind) {
            (true, _, InterfaceKind::Veth { .. }) => fault.hint("this kernel lacks the module `veth`"),
            (true, _, InterfaceKind::Macvlan { .. }) => fault.hint("this kernel lacks the module `macvlan`"),
            (true, _, InterfaceKind::Ipvlan { .. }) => fault.hint("this kernel lacks the module `ipvlan`"),
            (_, true, _) => {
                fault.hint("an interface is for macvlans, for ipvlans, or for a bridge; not for two of these")
            }
            _ => fault,
        }
    })
}

fn missing(refused: Refused, name: &str) -> Fault {
    let gone = refused.is(Errno::NODEV);
    let fault = refused.during(format!("find the interface `{name}`"));
    if gone { fault.because("there is no such interface here").hint("see `ip link`") } else { fault }
}

/// Adds to the packet filters what nobody else may have added.
pub(super) fn publish(table: &str, openings: &[Opening]) -> Result<()> {
    let element =
        |one: &Opening| Element { set: one.map.clone(), key: one.key.clone(), value: one.value.clone() };
    let elements: Vec<_> = openings.iter().map(element).collect();
    let mut batch = Batch::new(table);
    batch.add(&elements, true);
    let own = |one: &Opening| {
        let (set, key) = one.own.clone()?;
        Some(Element { set, key, value: Vec::new() })
    };
    batch.add(&openings.iter().filter_map(own).collect::<Vec<_>>(), false);
    let kernel = Nft::open().doing(|| "ask the kernel about packet filters")?;
    kernel.commit(batch).map_err(|refused| match openings.get(refused.at) {
        // In Docker's words.
        Some(taken) if refused.is(Errno::EXIST) => {
            Fault::new(Kind::Exists, format!("publish port {}", taken.port))
                .because(format!("Bind for {} failed: port is already allocated", taken.host))
                .hint("`nagaya ps` tells who has it")
        }
        _ => refused.during(format!("add to the table `{table}` of nftables")),
    })
}

impl Hands<'_> {
    /// Gives one its addresses, has it work, and sends what is for elsewhere by it.
    pub(super) fn set_up_interface(&mut self, interface: &Interface) -> Result<()> {
        let proc = self.proc()?;
        set_up(interface, |path, value| proc.write(path, value))
    }
}

/// The same for who is in its network namespace; `write` writes to a file of proc.
pub(crate) fn set_up(interface: &Interface, write: impl Fn(&str, &str) -> std::io::Result<()>) -> Result<()> {
    let name = &interface.name;
    let has_ipv6 = interface.addresses.iter().any(|(address, _)| address.is_ipv6());
    // Neighbours must not tell it where to send things (CVE-2020-13401); and without an address of IPv6 that was given to
    // it, it has none.
    // Its addresses are nobody else's: without asking whether they are, they can be used a second earlier.
    let settings =
        [("accept_ra", "0"), ("accept_dad", "0"), ("disable_ipv6", if has_ipv6 { "0" } else { "1" })];
    // Without IPv6 the first two say nothing.
    for (setting, value) in settings.into_iter().skip(if has_ipv6 { 0 } else { 2 }) {
        let path = format!("sys/net/ipv6/conf/{name}/{setting}");
        match write(&path, value) {
            // A kernel without IPv6 has nothing to set.
            Err(err) if err.kind() == ErrorKind::NotFound => {}
            written => written.doing(|| format!("write `{value}` to `/proc/{path}`"))?,
        }
    }
    let doing = || format!("set up `{name}`");
    let kernel = kernel()?;
    let index = kernel.find(name).told(doing)?.index;
    kernel.configure(index, &interface.addresses, &interface.gateways).told(doing)
}
