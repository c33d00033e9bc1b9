//! A container is connected to its networks, as long as it runs.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use fault::{Fault, Kind, Result};
use network::{
    Closed, Connect, CutOff, Driver, Endpoint, Network, Networks, Opened, Publish, Published, TABLE, option,
};
use plan::{Connections, Interface, InterfaceKind, Opening};

use crate::{Joined, Phase, Record, Records, Request, Resolving};

/// Addresses that a container had when it ran last, by the ids of its networks.
pub type Before = BTreeMap<String, Vec<IpAddr>>;

/// How a container is connected: each network, with what the container is on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attached {
    /// In the order of its interfaces.
    pub all: Vec<(Network, Endpoint)>,
}

/// Connects a container that is about to be started: its addresses and names are written down, and the bridges are there.
/// The rest is the launcher's. Once it runs, [`Networks::finish`] is to be called; if it does not, [`detach`].
pub fn attach(record: &Record, published: &[Published], before: &Before, root: &Path) -> Result<Attached> {
    let joined = &record.request.networks;
    if joined.is_empty() {
        return Ok(Attached::default());
    }
    let networks = Networks::at(root);
    networks.begin(&record.id, None)?;
    let attached = connect_all(&networks, record, published, before);
    attached.inspect_err(|_| drop(detach(record, root)))
}

fn connect_all(
    networks: &Networks,
    record: &Record,
    published: &[Published],
    before: &Before,
) -> Result<Attached> {
    let mut found = Vec::new();
    for joined in &record.request.networks {
        let network = networks.by_id(&joined.id)?.ok_or_else(|| gone(joined))?;
        networks.establish(&network)?;
        found.push(network);
    }
    let held = networks.shared()?;
    let way_out = way_out(&found, true).or_else(|| way_out(&found, false));
    let mut attached = Attached::default();
    for (at, (joined, network)) in record.request.networks.iter().zip(found).enumerate() {
        // Nobody removes it from here on.
        networks.by_id(&joined.id)?.ok_or_else(|| gone(joined))?;
        // What an earlier life has left.
        detach_one(networks, &network.id, &record.id)?;
        let ports = if way_out == Some(at) { published } else { &[] };
        let interface = format!("eth{at}");
        let before = before.get(&joined.id).map(Vec::as_slice).unwrap_or_default();
        let connect = Connect { ports, before, ..asked(joined, record, &interface)? };
        let endpoint = networks.connect(&network, &connect, &held)?;
        attached.all.push((network, endpoint));
    }
    Ok(attached)
}

/// What was asked for of one network.
fn asked<'a>(joined: &'a Joined, record: &'a Record, interface: &'a str) -> Result<Connect<'a>> {
    Ok(Connect {
        container: &record.id,
        name: &record.name,
        aliases: &joined.aliases,
        ip: joined.ip,
        ip6: joined.ip6,
        mac: joined.mac.as_deref().map(str::parse).transpose()?,
        interface,
        ..Connect::default()
    })
}

fn gone(joined: &Joined) -> Fault {
    Fault::new(Kind::NotFound, format!("connect to network `{}`", joined.name))
        .because(format!("network {} not found", joined.id))
        .hint("`nagaya network ls` lists all")
}

/// Connects a container that runs to one network more: what is written down, and the bridge. The interface is to be made.
pub fn attach_live(
    record: &Record,
    network: &Network,
    joined: &Joined,
    networks: &Networks,
) -> Result<Interface> {
    networks.establish(network)?;
    let held = networks.shared()?;
    networks.by_id(&joined.id)?.ok_or_else(|| gone(joined))?;
    let mut all = Vec::new();
    let mut taken = Vec::new();
    for other in &record.request.networks {
        all.extend(networks.by_id(&other.id)?);
        taken.extend(networks.endpoint(&other.id, &record.id)?.map(|endpoint| endpoint.interface));
    }
    let name =
        (0..=taken.len()).map(|at| format!("eth{at}")).find(|name| !taken.contains(name)).unwrap_or_default();
    let endpoint = networks.connect(network, &asked(joined, record, &name)?, &held)?;
    // It has a way out already, unless none of the others has one.
    let has = |ipv4| way_out(&all, ipv4).is_some();
    let mut interface = interface(network, Some(&endpoint), 0, std::slice::from_ref(network))?;
    interface.gateways.retain(|gateway| !has(gateway.is_ipv4()));
    Ok(interface)
}

/// Where what is for elsewhere is to be sent, now that a container has these networks: by which interface, to which gateways.
pub fn ways_out(
    request: &Request,
    record: &Record,
    networks: &Networks,
) -> Result<Vec<(String, Vec<IpAddr>)>> {
    let mut all = Vec::new();
    for joined in &request.networks {
        all.extend(networks.by_id(&joined.id)?);
    }
    let mut ways = Vec::new();
    for ipv4 in [true, false] {
        let Some(network) = way_out(&all, ipv4).and_then(|at| all.get(at)) else { continue };
        let Some(endpoint) = networks.endpoint(&network.id, &record.id)? else { continue };
        let gateway = network.pool(ipv4).and_then(|pool| pool.gateway);
        ways.push((endpoint.interface, gateway.into_iter().collect()));
    }
    Ok(ways)
}

/// Takes back how a container was connected, for the kernel and on disk.
pub fn detach(record: &Record, root: &Path) -> Result<()> {
    if record.request.networks.is_empty() {
        return Ok(());
    }
    let networks = Networks::at(root);
    let mut done = Ok(());
    for joined in &record.request.networks {
        done = done.and(detach_one(&networks, &joined.id, &record.id));
    }
    done?;
    networks.finish(&record.id, None)
}

/// What is left of connections that are taken back, and takes a while.
#[derive(Debug, Default)]
pub struct Left {
    /// Interfaces that the kernel removes by itself, to be removed if they are still there.
    pub interfaces: Vec<String>,
    /// Its ports.
    pub closed: Vec<Closed>,
}

/// The same once its program has ended, and without waiting for what the kernel does by itself.
pub fn detach_ended(record: &Record, root: &Path) -> Result<Left> {
    let networks = Networks::at(root);
    let mut left = Left::default();
    for joined in &record.request.networks {
        let Some(network) = networks.by_id(&joined.id)? else { continue };
        let Some(endpoint) = networks.endpoint(&joined.id, &record.id)? else { continue };
        left.closed.push(Networks::close(&endpoint)?);
        networks.disconnect(&network, &record.id)?;
        left.interfaces.push(endpoint.outside);
    }
    networks.finish(&record.id, None)?;
    Ok(left)
}

pub(crate) fn detach_one(networks: &Networks, id: &str, container: &str) -> Result<()> {
    let Some(network) = networks.by_id(id)? else { return Ok(()) };
    if let Some(endpoint) = networks.endpoint(id, container)? {
        networks.unplug(&endpoint)?;
    }
    networks.disconnect(&network, container)
}

/// It is found by another name from here on.
pub fn rename(record: &Record, name: &str, root: &Path) -> Result<()> {
    let networks = Networks::at(root);
    for joined in &record.request.networks {
        if let (Some(network), Some(endpoint)) =
            (networks.by_id(&joined.id)?, networks.endpoint(&joined.id, &record.id)?)
        {
            networks.write_changed(&network, &Endpoint { name: name.to_string(), ..endpoint })?;
        }
    }
    Ok(())
}

/// Takes back what commands and monitors were killed over while they connected a container, or disconnected it; tells what that was.
pub fn take_back(root: &Path) -> Result<Vec<CutOff>> {
    let records = Records::at(root);
    Networks::at(root).take_back_all(|cut_off| {
        // What is written down last is written down: only that it is has nobody heard.
        let folder = records.folder(&cut_off.container);
        let runs = folder.state().is_ok_and(|state| state.phase == Phase::Running && state.pid > 0);
        let joined = |record: Record| {
            let mut networks = record.request.networks.into_iter();
            cut_off.network.as_ref().is_none_or(|id| networks.any(|joined| joined.id == *id))
        };
        runs && folder.record().ok().flatten().is_some_and(joined)
    })
}

/// Which of these networks what is for elsewhere is sent to: of those that lead there the first by name, as in Docker.
fn way_out(networks: &[Network], ipv4: bool) -> Option<usize> {
    let leads = |network: &Network| {
        !network.internal && network.pool(ipv4).is_some_and(|pool| pool.gateway.is_some())
    };
    let leading = networks.iter().enumerate().filter(|(_, network)| leads(network));
    leading.min_by_key(|(_, network)| network.name.clone()).map(|(at, _)| at)
}

impl Attached {
    /// Its addresses, by the ids of its networks: to have them again the next time.
    pub fn by_network(&self) -> Before {
        let addresses =
            |endpoint: &Endpoint| endpoint.addresses.iter().map(|(address, _)| *address).collect();
        self.all.iter().map(|(network, endpoint)| (network.id.clone(), addresses(endpoint))).collect()
    }

    /// All addresses that it has.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let all = self.all.iter().flat_map(|(_, endpoint)| &endpoint.addresses);
        all.map(|(address, _)| *address).collect()
    }

    /// The one by which its ports are published.
    pub fn publishes_by(&self) -> Option<usize> {
        let networks: Vec<_> = self.all.iter().map(|(network, _)| network.clone()).collect();
        way_out(&networks, true).or_else(|| way_out(&networks, false))
    }

    /// By which it reaches this machine, and what is elsewhere.
    pub fn gateway(&self) -> Option<IpAddr> {
        let networks: Vec<_> = self.all.iter().map(|(network, _)| network.clone()).collect();
        let gateway = |ipv4| networks[way_out(&networks, ipv4)?].pool(ipv4)?.gateway;
        gateway(true).or_else(|| gateway(false))
    }

    /// Who resolves names for it. On the default network nobody has any.
    pub fn resolving(&self) -> Resolving {
        let named = self.all.iter().any(|(network, _)| !network.is_default());
        if named { Resolving::ByMonitor } else { Resolving::ByItself }
    }

    /// Something of it leads elsewhere.
    pub fn leads_elsewhere(&self) -> bool {
        self.all.iter().any(|(network, _)| !network.internal)
    }

    /// As it is right now, of a container that runs.
    pub fn now(record: &Record, root: &Path) -> Result<Attached> {
        let networks = Networks::at(root);
        let mut all = Vec::new();
        for joined in &record.request.networks {
            let network = networks.by_id(&joined.id)?;
            let endpoint = networks.endpoint(&joined.id, &record.id)?;
            all.extend(network.zip(endpoint));
        }
        Ok(Attached { all })
    }

    /// For the launcher.
    pub fn connections(&self) -> Result<Connections> {
        let networks: Vec<_> = self.all.iter().map(|(network, _)| network.clone()).collect();
        let mut connections = Connections { table: TABLE.to_string(), ..Connections::default() };
        connections.names = answers_at(self.resolving());
        for (at, (network, endpoint)) in self.all.iter().enumerate() {
            connections.interfaces.push(interface(network, Some(endpoint), at, &networks)?);
            let opening = |Opened { port, element, own }: Opened| Opening {
                host: port.address().to_string(),
                port: port.exposed().to_string(),
                map: element.set,
                key: element.key,
                value: element.value,
                own: own.map(|own| (own.set, own.key)),
            };
            connections.openings.extend(Networks::openings(endpoint).into_iter().map(opening));
        }
        Ok(connections)
    }
}

fn answers_at(resolving: Resolving) -> Option<Ipv4Addr> {
    (resolving == Resolving::ByMonitor).then_some(Resolving::MONITOR)
}

/// What can be said of its connections before it has any: which addresses and which ports is not known then.
pub(crate) fn preview(request: &Request, records: &Records) -> Result<Connections> {
    let networks = Networks::at(records.root());
    let found = request
        .networks
        .iter()
        .map(|joined| networks.by_id(&joined.id)?.ok_or_else(|| gone(joined)))
        .collect::<Result<Vec<_>>>()?;
    let mut connections = Connections { table: TABLE.to_string(), ..Connections::default() };
    for (at, network) in found.iter().enumerate() {
        connections.interfaces.push(interface(network, None, at, &found)?);
    }
    if !found.is_empty() {
        connections.openings = request.to_publish().iter().map(opening_of).collect();
    }
    let named = found.iter().any(|network| !network.is_default());
    connections.names = named.then_some(Resolving::MONITOR);
    Ok(connections)
}

fn opening_of(publish: &Publish) -> Opening {
    let host = publish.host.map_or_else(|| "0.0.0.0".to_string(), |host| host.to_string());
    let host_port = match publish.host_port {
        None => "a free port".to_string(),
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("one of {first} to {last}"),
    };
    Opening {
        host: format!("{host}:{host_port}"),
        port: format!("{}/{}", publish.port, publish.protocol),
        map: String::new(),
        key: Vec::new(),
        value: Vec::new(),
        own: None,
    }
}

/// The interface of a container on the network with this number among its own.
pub(crate) fn interface(
    network: &Network,
    endpoint: Option<&Endpoint>,
    at: usize,
    all: &[Network],
) -> Result<Interface> {
    let kind = match network.driver {
        Driver::Macvlan => {
            InterfaceKind::Macvlan { parent: network.interface.clone(), mode: macvlan_mode(network)? }
        }
        Driver::Ipvlan => {
            InterfaceKind::Ipvlan { parent: network.interface.clone(), mode: ipvlan_mode(network)? }
        }
        _ => InterfaceKind::Veth {
            outside: endpoint.map(|endpoint| endpoint.outside.clone()).unwrap_or_default(),
            bridge: network.interface.clone(),
        },
    };
    let gateway = |ipv4| {
        let leads = way_out(all, ipv4) == Some(at);
        network.pool(ipv4).and_then(|pool| pool.gateway).filter(|_| leads && endpoint.is_some())
    };
    let mac = endpoint.map(|endpoint| endpoint.mac.as_str()).filter(|mac| !mac.is_empty());
    let is_veth = matches!(kind, InterfaceKind::Veth { .. });
    let asked = network.options.contains_key(option::MTU);
    Ok(Interface {
        name: endpoint.map_or_else(|| format!("eth{at}"), |endpoint| endpoint.interface.clone()),
        network: network.name.clone(),
        kind,
        mac: mac.map(str::parse::<netlink::Mac>).transpose()?.map(|mac| mac.0),
        // Of what has a parent, that is its own.
        mtu: (is_veth || asked).then(|| network.mtu()),
        isolated: is_veth && !network.is_on(option::TALK, true),
        addresses: endpoint.map(|endpoint| endpoint.addresses.clone()).unwrap_or_default(),
        gateways: [true, false].into_iter().filter_map(gateway).collect(),
    })
}

/// Source: linux/if_link.h, `macvlan_mode`.
fn macvlan_mode(network: &Network) -> Result<u32> {
    match network.options.get(option::MACVLAN_MODE).map(String::as_str) {
        Some("private") => Ok(1),
        Some("vepa") => Ok(2),
        None | Some("" | "bridge") => Ok(4),
        Some("passthru") => Ok(8),
        Some(other) => Err(Fault::invalid(
            format!("--opt {}", option::MACVLAN_MODE),
            format!(
                "requested macvlan mode '{other}' is not valid, 'bridge' mode is the macvlan driver default"
            ),
        )),
    }
}

/// Source: linux/if_link.h, `ipvlan_mode`.
fn ipvlan_mode(network: &Network) -> Result<u16> {
    match network.options.get(option::IPVLAN_MODE).map(String::as_str) {
        None | Some("" | "l2") => Ok(0),
        Some("l3") => Ok(1),
        Some("l3s") => Ok(2),
        Some(other) => Err(Fault::invalid(
            format!("--opt {}", option::IPVLAN_MODE),
            format!("requested ipvlan mode '{other}' is not valid, 'l2' mode is the ipvlan driver default"),
        )),
    }
}

impl Request {
    /// Ports that are to be published: those that were asked for, and with `publish_all` the others that the image and
    /// whoever made the container name.
    pub fn to_publish(&self) -> Vec<Publish> {
        let mut all = self.publish.clone();
        if self.publish_all {
            for exposed in self.all_exposed() {
                let there = |one: &Publish| (one.port, one.protocol) == (exposed.port, exposed.protocol);
                if !self.publish.iter().any(there) {
                    all.push(Publish {
                        port: exposed.port,
                        protocol: exposed.protocol,
                        host: None,
                        host_port: None,
                    });
                }
            }
        }
        all
    }

    /// Ports that the image and whoever made the container name.
    pub fn all_exposed(&self) -> Vec<network::Exposed> {
        let mut all = self.exposed.clone();
        if let crate::Root::Image(image) = &self.root {
            // What is no port is nothing of ours to judge.
            let of_image =
                image.execution.exposed_ports.iter().filter_map(|text| network::exposed(text).ok());
            all.extend(of_image.flatten());
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}
