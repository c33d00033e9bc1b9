//! What the kernel is told of networks.

use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;

use fault::{Doing, Fault, Kind, Result};
use netlink::{Bridge, Interface, Mac, Refused, Route, Told};
use rustix::io::Errno;

use crate::firewall::{self, Firewall};
use crate::networks::Held;
use crate::{Driver, Endpoint, Network, Networks, Opened};

/// Ports that lead nowhere any more. When this is dropped, the kernel waits until nobody uses what was taken out of its tables, about
/// ten milliseconds: so it is to be kept until there is nothing else to do.
#[derive(Debug)]
pub struct Closed(#[expect(dead_code, reason = "it is there to be open")] Option<Firewall>);

impl Networks {
    /// Has the kernel know a network: its bridge and its rules, after a reboot too, and after somebody has removed all rules.
    /// Not for who holds a lock already.
    pub fn establish(&self, network: &Network) -> Result<()> {
        if network.driver != Driver::Bridge {
            return Ok(());
        }
        let (kernel, firewall) = (route()?, Firewall::open()?);
        let works = |kernel: &Route| {
            Ok::<_, Fault>(find(kernel, &network.interface)?.is_some_and(|bridge| bridge.up))
        };
        if works(&kernel)? && firewall.is_there()? {
            return Ok(());
        }
        let held = self.alone()?;
        self.establish_alone(network, &held)
    }

    /// The same, for who is alone.
    pub fn establish_alone(&self, network: &Network, _held: &Held) -> Result<()> {
        if network.driver != Driver::Bridge {
            return Ok(());
        }
        let doing = || format!("set up network `{}`", network.name);
        let (kernel, firewall) = (route()?, Firewall::open()?);
        // Rules first: a bridge that works has them.
        if firewall.is_there()? {
            firewall.add(&firewall::of_network(network))?;
        } else {
            firewall.make(&self.all_elements(network)?)?;
        }
        forward(network).map_err(|fault| fault.during(doing()))?;
        match find(&kernel, &network.interface)? {
            Some(bridge) if bridge.up && !network.foreign => Ok(()),
            Some(bridge) if network.foreign => set_up(&kernel, network, bridge.index),
            there => {
                // One that somebody was killed over.
                if there.is_some() {
                    kernel.remove_if_there(&network.interface).told(doing)?;
                }
                make(&kernel, network)
            }
        }
        .map_err(|fault| fault.during(doing()))
    }

    /// All that is to be in the table: of each network, of each container, and of one network more.
    fn all_elements(&self, network: &Network) -> Result<Vec<netlink::nft::Element>> {
        let mut all = firewall::of_network(network);
        for id in self.ids()? {
            let Some(other) = self.read(&id)? else { continue };
            all.extend(firewall::of_network(&other));
            all.extend(self.endpoints(&id)?.iter().flat_map(firewall::of_ports));
        }
        // The same key twice is an error, even if it leads to the same.
        all.sort_by(|a, b| (&a.set, &a.key).cmp(&(&b.set, &b.key)));
        all.dedup_by(|a, b| (&a.set, &a.key) == (&b.set, &b.key));
        Ok(all)
    }

    /// Has the kernel forget a network.
    pub fn dissolve(&self, network: &Network, _held: &Held) -> Result<()> {
        if network.driver != Driver::Bridge {
            return Ok(());
        }
        let doing = || format!("remove the bridge `{}`", network.interface);
        // Rules first, and their connection last: see `Closed`.
        let firewall = Firewall::open()?;
        firewall.take(&firewall::of_network(network))?;
        if network.foreign {
            return Ok(());
        }
        route()?.remove_if_there(&network.interface).told(doing)
    }

    /// Has the kernel forget how a container is connected: ports that lead to it, and its interface.
    pub fn unplug(&self, endpoint: &Endpoint) -> Result<()> {
        let closed = Networks::close(endpoint);
        Networks::remove_interface(&endpoint.outside)?;
        closed.map(drop)
    }

    /// Has the kernel forget ports that lead to a container.
    pub fn close(endpoint: &Endpoint) -> Result<Closed> {
        let ports = firewall::openings(endpoint);
        if ports.is_empty() {
            return Ok(Closed(None));
        }
        let firewall = Firewall::open()?;
        firewall.take_ports(&ports)?;
        Ok(Closed(Some(firewall)))
    }

    /// Removes this machine's end of a container's interface, and with it the other. The kernel does the same when the
    /// container's network namespace ends; to wait for it takes some ten milliseconds, and more if others go too.
    pub fn remove_interface(outside: &str) -> Result<()> {
        if outside.is_empty() {
            return Ok(());
        }
        route()?.remove_if_there(outside).told(|| format!("remove the interface `{outside}`"))
    }

    /// What leads from this machine's ports to a container's, for the table of nftables.
    pub fn openings(endpoint: &Endpoint) -> Vec<Opened> {
        firewall::openings(endpoint)
    }

    /// Takes back what somebody was killed over: of a container, or of it and one network. Only if it does not run.
    pub fn take_back(&self, container: &str, only: Option<&str>) -> Result<()> {
        for id in self.ids()? {
            let Some(network) = self.read(&id)?.filter(|_| only.is_none_or(|only| only == id)) else {
                continue;
            };
            if let Ok(Some(endpoint)) = self.endpoint(&id, container) {
                self.unplug(&endpoint)?;
            }
            self.disconnect(&network, container)?;
            self.release_all(&network, container)?;
            self.remove_all_names(&id, container)?;
            self.remove_unfinished_endpoint(&id, container)?;
        }
        self.finish(container, only)
    }
}

fn route() -> Result<Route> {
    Route::open().doing(|| "ask the kernel about network interfaces")
}

fn find(kernel: &Route, name: &str) -> Result<Option<Interface>> {
    match kernel.find(name) {
        Err(refused) if refused.is(Errno::NODEV) => Ok(None),
        found => found.map(Some).told(|| format!("look for the interface `{name}`")),
    }
}

/// This machine's addresses on a bridge.
fn own_addresses(network: &Network) -> Vec<(IpAddr, u8)> {
    let own = |pool: &crate::Pool| Some((pool.gateway?, pool.subnet.prefix()));
    network.pools.iter().filter_map(own).collect()
}

fn make(kernel: &Route, network: &Network) -> Result<()> {
    let addresses = own_addresses(network);
    let first = addresses.iter().find_map(|(address, _)| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    });
    let mac = first.map_or_else(crate::endpoint::any_mac, |address| Ok(Mac::of(address)))?;
    let bridge = Bridge { name: &network.interface, mac, mtu: network.mtu() };
    let index = kernel.make_bridge(&bridge).map_err(no_right).map_err(|fault| missing(fault, "bridge"))?;
    set_up(kernel, network, index).inspect_err(|_| drop(kernel.remove_if_there(&network.interface)))
}

/// Addresses, settings, and then it works.
fn set_up(kernel: &Route, network: &Network, index: u32) -> Result<()> {
    let has_ipv6 = network.pool(false).is_some();
    // A container must not tell this machine where to send things (CVE-2020-13401), nor reach it by an address that nobody
    // has asked for.
    set_ipv6(&network.interface, "accept_ra", "0")?;
    // Nobody else has its addresses: without asking whether that is so, they can be used a second earlier.
    set_ipv6(&network.interface, "accept_dad", "0")?;
    set_ipv6(&network.interface, "disable_ipv6", if has_ipv6 { "0" } else { "1" })?;
    let configured = kernel.configure(index, &own_addresses(network), &[]);
    match configured {
        // A bridge that was there before has them already.
        Err(refused) if network.foreign && refused.is(Errno::EXIST) => Ok(()),
        done => done.told(|| format!("give the bridge `{}` its addresses", network.interface)),
    }
}

fn no_right(refused: Refused) -> Fault {
    let denied = refused.is(Errno::PERM);
    let fault = refused.during("make a bridge");
    if denied {
        fault.hint("networks take root, or CAP_NET_ADMIN; without it there are `--network none` and `host`")
    } else {
        fault
    }
}

fn missing(fault: Fault, what: &str) -> Fault {
    if fault.errno() != Some(Errno::OPNOTSUPP.raw_os_error()) {
        return fault;
    }
    fault.hint(format!("this kernel lacks the module `{what}`"))
}

/// A setting of IPv6 of an interface; without IPv6 there is nothing to set.
fn set_ipv6(interface: &str, name: &str, value: &str) -> Result<()> {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/{name}");
    match fs::write(&path, value) {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) if fs::read_to_string(&path).is_ok_and(|text| text.trim() == value) => Ok(()),
        written => written.doing(|| format!("write `{path}`")),
    }
}

const FORWARD4: &str = "/proc/sys/net/ipv4/ip_forward";
const FORWARD6: &str = "/proc/sys/net/ipv6/conf/all/forwarding";

/// Has this machine pass packets on, as Docker does: nothing of a container would leave it otherwise.
fn forward(network: &Network) -> Result<()> {
    if network.internal {
        return Ok(());
    }
    switch_on(FORWARD4)?;
    if network.pool(false).is_some() && is_off(FORWARD6)? {
        keep_advertised_routes();
        switch_on(FORWARD6)?;
    }
    Ok(())
}

fn is_off(path: &str) -> Result<bool> {
    match fs::read_to_string(path) {
        Err(err) if err.kind() == ErrorKind::NotFound => {
            Err(Fault::new(Kind::Unavailable, format!("read `{path}`")).because("this machine has no IPv6"))
        }
        text => Ok(text.doing(|| format!("read `{path}`"))?.trim() == "0"),
    }
}

fn switch_on(path: &str) -> Result<()> {
    if !is_off(path)? {
        return Ok(());
    }
    fs::write(path, "1").doing(|| format!("write `{path}`, so that this machine passes packets on"))
}

/// Who passes packets on no longer believes routers, unless it is told to: then this machine would lose its own way out.
fn keep_advertised_routes() {
    for entry in fs::read_dir("/proc/sys/net/ipv6/conf").into_iter().flatten().flatten() {
        // Those stand for interfaces that are not there yet.
        if ["all", "default"].iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path().join("accept_ra");
        if fs::read_to_string(&path).is_ok_and(|text| text.trim() == "1") {
            let _ = fs::write(&path, "2");
        }
    }
}
