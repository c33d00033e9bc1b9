//! `network doctor`: follows a packet from outside to a container.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use doctor::{Answer, Followed};
use engine::{Engine, View};
use fault::{Doing, Result};
use netlink::nft::Nft;
use netlink::{Route, Told};
use network::{Driver, Endpoint, Network, Networks, Protocol, Published, TABLE};

use crate::args::networks::Doctor;
use crate::say;

/// What was found, as a text, and whether all of it is as it should be.
#[derive(Default)]
struct Findings {
    text: String,
    bad: bool,
}

impl Findings {
    fn title(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    fn good(&mut self, text: &str) {
        let _ = writeln!(self.text, "  ok  {text}");
    }

    fn bad(&mut self, text: &str) {
        self.bad = true;
        let _ = writeln!(self.text, "  no  {text}");
    }

    fn check(&mut self, is: bool, good: &str, bad: &str) {
        if is { self.good(good) } else { self.bad(bad) }
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "      {text}");
    }
}

pub(super) fn run(typed: &Doctor, networks: &Networks, engine: &Engine) -> Result<u8> {
    let view = engine.find(&typed.name)?;
    let mut found = Findings::default();
    found.title(&format!("container {}", view.record.name));
    let request = &view.record.request;
    let up = view.status.is_up();
    found.check(up, "its program runs", &format!("its program does not run: it is {}", view.status));
    let alone = format!("its network is {}: nothing leads there", request.network_mode());
    found.check(!request.networks.is_empty(), "it is connected to networks", &alone);
    if up && !request.networks.is_empty() {
        machine(&mut found)?;
        for joined in &request.networks {
            let network = networks.by_id(&joined.id)?;
            let endpoint = networks.endpoint(&joined.id, &view.record.id)?;
            match network.zip(endpoint) {
                Some((network, endpoint)) => connected(&mut found, &view, &network, &endpoint, typed.to)?,
                None => found.bad(&format!("it is not connected to network `{}`", joined.name)),
            }
        }
    }
    say::print(&found.text)?;
    Ok(u8::from(found.bad))
}

/// What all packets meet.
fn machine(found: &mut Findings) -> Result<()> {
    found.title("this machine");
    let forwards = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward");
    found.check(
        forwards.is_ok_and(|text| text.trim() != "0"),
        "it passes packets on (net.ipv4.ip_forward)",
        "it passes no packets on: `sysctl net.ipv4.ip_forward=1`",
    );
    let doing = || "list the tables of nftables";
    let tables = Nft::open().doing(doing)?.tables().told(doing)?;
    found.check(
        tables.iter().any(|(family, name)| *family == "inet" && name == TABLE),
        &format!("the table `inet {TABLE}` of nftables is there"),
        &format!(
            "the table `inet {TABLE}` of nftables is gone; the next container that starts makes it again"
        ),
    );
    let others: Vec<_> = tables
        .iter()
        .filter(|(_, name)| name != TABLE)
        .map(|(family, name)| format!("{family} {name}"))
        .collect();
    if !others.is_empty() {
        found.line(&format!("other tables, which may drop what ours lets through: {}", others.join(", ")));
    }
    Ok(())
}

fn connected(
    found: &mut Findings,
    view: &View,
    network: &Network,
    endpoint: &Endpoint,
    to: Option<IpAddr>,
) -> Result<()> {
    let addresses: Vec<_> = endpoint.addresses.iter().map(|(ip, prefix)| format!("{ip}/{prefix}")).collect();
    found.title(&format!("network {}: {} has {}", network.name, endpoint.interface, addresses.join(" and ")));
    if network.internal {
        found.line("it is internal: nothing leads there from outside, and no ports are published");
    }
    if network.driver == Driver::Bridge {
        interfaces(found, network, endpoint)?;
    }
    if endpoint.ports.is_empty() && !view.record.request.to_publish().is_empty() {
        found.line("no ports are published by way of this network");
    }
    for port in &endpoint.ports {
        let gateway = network.pool(port.host.is_ipv4()).and_then(|pool| pool.gateway);
        published(found, port, to, gateway)?;
    }
    Ok(())
}

fn interfaces(found: &mut Findings, network: &Network, endpoint: &Endpoint) -> Result<()> {
    let doing = || "list the interfaces of this machine";
    let all = Route::open().doing(doing)?.interfaces().told(doing)?;
    let bridge = all.iter().find(|one| one.name == network.interface);
    found.check(
        bridge.is_some_and(|bridge| bridge.up),
        &format!("the bridge `{}` is up", network.interface),
        &format!("the bridge `{}` is gone, or down", network.interface),
    );
    let port = all.iter().find(|one| one.name == endpoint.outside);
    let leads = port.is_some_and(|port| port.up && port.master == bridge.map(|bridge| bridge.index));
    found.check(
        leads,
        &format!("`{}` is a port of it, and leads to the container", endpoint.outside),
        &format!("`{}` is gone, down, or no port of the bridge", endpoint.outside),
    );
    Ok(())
}

/// One port of this machine.
fn published(
    found: &mut Findings,
    port: &Published,
    to: Option<IpAddr>,
    gateway: Option<IpAddr>,
) -> Result<()> {
    found.title(&format!("port {} at {}", port.exposed(), port.address()));
    let protocol = match port.protocol {
        Protocol::Tcp => doctor::Protocol::Tcp,
        Protocol::Udp => doctor::Protocol::Udp,
        Protocol::Sctp => {
            found.line("there is no packet of SCTP to follow");
            return Ok(());
        }
    };
    if port.host.is_loopback() {
        found.line("it is for this machine alone; the container's monitor carries it over");
        return Ok(());
    }
    let ipv4 = port.host.is_ipv4();
    let asked = to.filter(|to| to.is_ipv4() == ipv4);
    let address = if port.host.is_unspecified() {
        asked.or_else(|| towards_the_world(ipv4)).or(gateway)
    } else {
        Some(port.host)
    };
    let Some(address) = address else {
        found.line("this machine has no address of its family");
        return Ok(());
    };
    let target = SocketAddr::new(address, port.host_port);
    let followed = doctor::follow(protocol, target)?;
    found.line(&format!("a packet from outside to {target}:"));
    tell(found, &followed, protocol);
    Ok(())
}

/// The address by which packets leave this machine. Nothing is sent.
fn towards_the_world(ipv4: bool) -> Option<IpAddr> {
    let (any, far) = if ipv4 { ("0.0.0.0:0", "198.51.100.1:9") } else { ("[::]:0", "[2001:db8:1::1]:9") };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(far).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

fn tell(found: &mut Findings, followed: &Followed, protocol: doctor::Protocol) {
    let by = |rule: Option<u64>| rule.map_or_else(|| "policy".to_string(), |rule| format!("rule {rule}"));
    for hop in followed.hops.iter().filter(|hop| !hop.verdict.is_empty()) {
        found.line(&format!(
            "  {} {} {}, {}: {}",
            hop.family,
            hop.table,
            hop.chain,
            by(hop.rule),
            hop.verdict
        ));
    }
    let dropped = followed.hops.iter().find(|hop| hop.is_dropped());
    match (followed.answer, dropped) {
        (Answer::Accepted, _) => found.good("it is answered"),
        (Answer::Refused, _) => found.bad("it gets there, and nobody listens at the container's port"),
        (_, Some(hop)) => {
            let place = format!("{} {} {}", hop.family, hop.table, hop.chain);
            found
                .bad(&format!("it is dropped by {} of `{place}`: `nft -a list chain {place}`", by(hop.rule)));
        }
        (Answer::Unreachable, None) => found.bad("somebody on its way says that it cannot be reached"),
        // A datagram without anything in it need not be answered.
        (Answer::Silence, None) if protocol == doctor::Protocol::Udp => {
            found.line("no rule drops it, and nobody answers: programs need not");
        }
        (Answer::Silence, None) => {
            found
                .bad("no rule drops it, and nobody answers: its address, its route, or the container itself");
        }
    }
}
