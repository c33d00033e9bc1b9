//! Ports of this machine that lead to the container's: as long as they do, nobody else gets them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use container::{Attached, Network, Record};
use fault::{Doing, Fault, Kind, Result};
use network::{Endpoint, Protocol, Publish, Published};
use relay::{Relay, Reserved};
use rustix::io::Errno;

/// Ports of this machine that are to lead to the container's, and what keeps each from others.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    held: Vec<(Published, Reserved)>,
}

impl Ports {
    /// Takes all that a container is to have: those that were asked for, and free ones where any will do.
    ///
    /// # Errors
    /// `Exists`, in Docker's words, if somebody has one.
    pub(crate) fn reserve(record: &Record) -> Result<Ports> {
        let mut ports = Ports::default();
        if record.request.network != Network::Own {
            return Ok(ports);
        }
        for publish in record.request.to_publish() {
            let taken = take(&publish).map_err(|fault| {
                let why = format!(
                    "driver failed programming external connectivity on endpoint {} ({}): {}",
                    record.name,
                    record.id,
                    fault.cause().unwrap_or_default()
                );
                fault.because(why)
            })?;
            ports.held.extend(taken);
        }
        Ok(ports)
    }

    /// Takes those again that a container had under an earlier monitor. One that somebody else has got meanwhile stays his; from
    /// elsewhere it leads to the container all the same.
    pub(crate) fn hold_again(attached: &Attached, relay: &mut Relay) -> Vec<Published> {
        for endpoint in attached.all.iter().map(|(_, endpoint)| endpoint) {
            for published in &endpoint.ports {
                let protocol = protocol(published.protocol);
                if let Ok(reserved) = relay::reserve(published.host, published.host_port, protocol) {
                    relay.add(reserved, address(endpoint, published));
                }
            }
        }
        attached.all.iter().flat_map(|(_, endpoint)| endpoint.ports.clone()).collect()
    }

    /// Which those are.
    pub(crate) fn published(&self) -> Vec<Published> {
        self.held.iter().map(|(published, _)| *published).collect()
    }

    /// What comes to them by the loopback goes to the container from here on. What comes from elsewhere, the kernel has sent
    /// there before.
    pub(crate) fn open(self, attached: &Attached, relay: &mut Relay) {
        for (published, reserved) in self.held {
            let endpoint =
                attached.all.iter().map(|(_, endpoint)| endpoint).find(|one| one.ports.contains(&published));
            let to = endpoint.and_then(|endpoint| address(endpoint, &published));
            relay.add(reserved, to);
        }
    }
}

/// Where a port leads; an address of the other family where there is none of its own.
pub(crate) fn address(endpoint: &Endpoint, published: &Published) -> Option<SocketAddr> {
    let (ipv4, ipv6) = (endpoint.ipv4().map(IpAddr::V4), endpoint.ipv6().map(IpAddr::V6));
    let ip = if published.host.is_ipv4() { ipv4.or(ipv6) } else { ipv6.or(ipv4) };
    Some(SocketAddr::new(ip?, published.port))
}

/// At each address that is meant the same port.
pub(crate) fn take(publish: &Publish) -> Result<Vec<(Published, Reserved)>> {
    let hosts = match publish.host {
        Some(host) => vec![host],
        None => vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)],
    };
    let (first, last) = publish.host_port.unwrap_or_else(ephemeral);
    let mut refused = None;
    for port in from_anywhere(first, last, publish.host_port.is_none()) {
        match take_at(publish, &hosts, port) {
            Ok(taken) => return Ok(taken),
            Err(fault) if fault.kind() == Kind::Exists => refused = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    let none = || Fault::new(Kind::Unavailable, doing(publish)).because("all ports are allocated");
    Err(refused.unwrap_or_else(none))
}

fn take_at(publish: &Publish, hosts: &[IpAddr], port: u16) -> Result<Vec<(Published, Reserved)>> {
    let mut taken = Vec::new();
    for host in hosts {
        let reserved = relay::reserve(*host, port, protocol(publish.protocol));
        let errno =
            reserved.as_ref().err().and_then(std::io::Error::raw_os_error).map(Errno::from_raw_os_error);
        match errno {
            // This machine has no IPv6: then nobody else has the port.
            Some(Errno::AFNOSUPPORT) if publish.host.is_none() => continue,
            Some(Errno::ADDRNOTAVAIL) if publish.host.is_none() && host.is_ipv6() => continue,
            Some(Errno::ADDRINUSE) => {
                let address = SocketAddr::new(*host, port);
                return Err(Fault::new(Kind::Exists, doing(publish))
                    .because(format!("Bind for {address} failed: port is already allocated"))
                    .hint(who_has(port, protocol(publish.protocol))));
            }
            _ => {}
        }
        let reserved = reserved.doing(|| doing(publish))?;
        let published =
            Published { port: publish.port, protocol: publish.protocol, host: *host, host_port: port };
        taken.push((published, reserved));
    }
    Ok(taken)
}

/// Whom to ask for it.
fn who_has(port: u16, protocol: relay::Protocol) -> String {
    let Some(holder) = relay::holder(port, protocol) else {
        return "`nagaya ps` tells which containers have ports, and `ss -ltnup` who else".to_string();
    };
    let is_id = |word: &&String| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    match holder.words.iter().find(is_id).filter(|_| holder.words[0] == crate::start::NAME) {
        Some(id) => format!("container {} has it", &id[..12]),
        None => format!("{holder} has it"),
    }
}

fn doing(publish: &Publish) -> String {
    format!("publish port {}/{}", publish.port, publish.protocol)
}

pub(crate) fn protocol(protocol: Protocol) -> relay::Protocol {
    match protocol {
        Protocol::Tcp => relay::Protocol::Tcp,
        Protocol::Udp => relay::Protocol::Udp,
        Protocol::Sctp => relay::Protocol::Sctp,
    }
}

/// Ports that this machine gives to who asks for none.
fn ephemeral() -> (u16, u16) {
    const USUAL: (u16, u16) = (32768, 60999);
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => (first, last),
        _ => USUAL,
    }
}

/// All of them; with `anywhere` from somewhere in the middle, where others are less likely to look.
fn from_anywhere(first: u16, last: u16, anywhere: bool) -> impl Iterator<Item = u16> {
    let count = u32::from(last - first) + 1;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let start = if anywhere { now.map_or(0, |now| now.subsec_nanos()) % count } else { 0 };
    (0..count).map(move |at| first + u16::try_from((start + at) % count).unwrap_or(0))
}
