//! Networks of this machine's that a container is connected to.

use std::fmt;
use std::net::Ipv4Addr;

use fault::{Fault, Result};
use oci::NamespaceKind;

use crate::namespaces::Namespaces;
use crate::step::{Interface, InterfaceKind, Opening};
use crate::{Ask, Step};

/// How a container is connected to networks of this machine's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connections {
    /// Interfaces of its network namespace, which is to be a new one.
    pub interfaces: Vec<Interface>,
    /// A table of nftables of this machine's.
    pub table: String,
    /// What is added to that, to lead from this machine's ports to the container's.
    pub openings: Vec<Opening>,
    /// Who makes it answers questions for names, at this address of the container's own.
    pub names: Option<Ipv4Addr>,
}

/// The host's steps, once the container's network namespace is there.
pub(crate) fn plug_in(ask: &Ask, namespaces: &Namespaces) -> Result<Vec<Step>> {
    let Connections { interfaces, table, openings, names } = &ask.connections;
    if !interfaces.is_empty() && !namespaces.is_new(NamespaceKind::Network) {
        return Err(Fault::invalid(
            "linux.namespaces",
            "who is connected to networks has a network namespace of its own",
        ));
    }
    let mut steps: Vec<_> = interfaces.iter().cloned().map(Step::PlugIn).collect();
    if !openings.is_empty() {
        steps.push(Step::Publish { table: table.clone(), openings: openings.clone() });
    }
    steps.extend(names.map(|at| Step::ListenForNames { at }));
    Ok(steps)
}

/// The child's.
pub(crate) fn set_up(ask: &Ask) -> Vec<Step> {
    ask.connections.interfaces.iter().cloned().map(Step::SetUpInterface).collect()
}

pub(crate) fn plugged(f: &mut fmt::Formatter<'_>, interface: &Interface) -> fmt::Result {
    write!(f, "connect `{}` to network `{}`, ", interface.name, interface.network)?;
    match &interface.kind {
        InterfaceKind::Veth { outside, bridge } if outside.is_empty() => write!(f, "by a port of `{bridge}`"),
        InterfaceKind::Veth { outside, bridge } => write!(f, "by port `{outside}` of `{bridge}`"),
        InterfaceKind::Macvlan { parent, .. } => write!(f, "as a macvlan of `{parent}`"),
        InterfaceKind::Ipvlan { parent, .. } => write!(f, "as an ipvlan of `{parent}`"),
    }
}

pub(crate) fn configured(f: &mut fmt::Formatter<'_>, interface: &Interface) -> fmt::Result {
    if interface.addresses.is_empty() {
        return write!(f, "give `{}` a free address, and bring it up", interface.name);
    }
    let list = |items: Vec<String>| items.join(" and ");
    let addresses = interface.addresses.iter().map(|(address, prefix)| format!("{address}/{prefix}"));
    write!(f, "give `{}` {}", interface.name, list(addresses.collect()))?;
    if interface.gateways.is_empty() {
        return f.write_str(", and bring it up");
    }
    let gateways = interface.gateways.iter().map(ToString::to_string);
    write!(f, ", and send what is for elsewhere to {}", list(gateways.collect()))
}

pub(crate) fn published(f: &mut fmt::Formatter<'_>, openings: &[Opening]) -> fmt::Result {
    /// A list of hundreds would leave no room for what went wrong.
    const SHOWN: usize = 3;
    f.write_str("publish")?;
    for (at, opening) in openings.iter().take(SHOWN).enumerate() {
        write!(f, "{} {} as {}", if at == 0 { "" } else { "," }, opening.port, opening.host)?;
    }
    match openings.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        others => write!(f, ", and {others} others"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said() {
        let mut interface = Interface {
            name: "eth0".to_string(),
            network: "web".to_string(),
            kind: InterfaceKind::Veth { outside: "veth1".to_string(), bridge: "br-1".to_string() },
            mac: None,
            mtu: None,
            isolated: false,
            addresses: Vec::new(),
            gateways: Vec::new(),
        };
        let said = |interface: &Interface| {
            (Step::PlugIn(interface.clone()).to_string(), Step::SetUpInterface(interface.clone()).to_string())
        };
        assert_eq!(said(&interface).0, "connect `eth0` to network `web`, by port `veth1` of `br-1`");
        assert_eq!(said(&interface).1, "give `eth0` a free address, and bring it up");
        let address = |text: &str| text.parse().expect("an address");
        interface.addresses = vec![(address("172.18.0.2"), 16), (address("fd00::2"), 64)];
        interface.gateways = vec![address("172.18.0.1")];
        assert_eq!(
            said(&interface).1,
            "give `eth0` 172.18.0.2/16 and fd00::2/64, and send what is for elsewhere to 172.18.0.1"
        );
    }
}
