//! What networks and containers add to the table.

use std::net::IpAddr;

use netlink::nft::Element;

use crate::{Driver, Endpoint, Network, Protocol, Published, option};

/// Bytes of the name of an interface.
const NAME: usize = 16;

/// What has a port of this machine lead to a container's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The port.
    pub port: Published,
    /// What leads there. Nobody else may have the same key.
    pub element: Element,
    /// What tells that it is the container itself that asks for it, by a stream. Several of its ports may have the same.
    pub own: Option<Element>,
}

/// What a network adds.
pub(crate) fn of_network(network: &Network) -> Vec<Element> {
    if network.driver != Driver::Bridge {
        return Vec::new();
    }
    let name = interface(&network.interface);
    let one = |set: &str, key: Vec<u8>| Element { set: set.to_string(), key, value: Vec::new() };
    let mut all = vec![one("bridges", name.clone()), one("within", [name.clone(), name.clone()].concat())];
    all.extend(network.internal.then(|| one("internal", name.clone())));
    all.extend((!network.is_on(option::TALK, true)).then(|| one("apart", name.clone())));
    all.extend(network.masquerades().then(|| one("masked", name)));
    all
}

fn interface(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(NAME, 0);
    bytes
}

/// What a container's published ports add. Those at loopback addresses are served by its monitor alone, and so are those of
/// IPv6 for who has none.
pub(crate) fn of_ports(endpoint: &Endpoint) -> Vec<Element> {
    openings(endpoint).into_iter().flat_map(|one| [Some(one.element), one.own]).flatten().collect()
}

/// The same, one by one.
pub(crate) fn openings(endpoint: &Endpoint) -> Vec<Opened> {
    let opened = |port: &Published| {
        Some(Opened { port: *port, element: of_port(endpoint, port)?, own: of_own(endpoint, port) })
    };
    endpoint.ports.iter().filter_map(opened).collect()
}

fn of_port(endpoint: &Endpoint, published: &Published) -> Option<Element> {
    if published.host.is_loopback() {
        return None;
    }
    let (family, to) = match published.host {
        IpAddr::V4(_) => ('4', bytes(endpoint.ipv4()?.into())),
        IpAddr::V6(_) => ('6', bytes(endpoint.ipv6()?.into())),
    };
    let mut key = asked_for(published);
    let any = published.host.is_unspecified();
    if !any {
        key = [bytes(published.host), key].concat();
    }
    let map = if any { "any" } else { "ports" };
    Some(Element { set: format!("{map}{family}"), key, value: [to, padded(published.port)].concat() })
}

fn of_own(endpoint: &Endpoint, published: &Published) -> Option<Element> {
    if published.protocol != Protocol::Tcp {
        return None;
    }
    let (family, from) = match published.host {
        IpAddr::V4(_) => ('4', IpAddr::V4(endpoint.ipv4()?)),
        IpAddr::V6(_) => ('6', IpAddr::V6(endpoint.ipv6()?)),
    };
    let key = [bytes(from), asked_for(published)].concat();
    Some(Element { set: format!("own{family}"), key, value: Vec::new() })
}

/// The protocol, and the port of this machine.
fn asked_for(published: &Published) -> Vec<u8> {
    [vec![published.protocol.number(), 0, 0, 0], padded(published.host_port)].concat()
}

fn padded(port: u16) -> Vec<u8> {
    [&port.to_be_bytes()[..], &[0, 0]].concat()
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_lead_to_the_container() {
        let published = |host: &str, protocol| Published {
            port: 80,
            protocol,
            host: host.parse().unwrap(),
            host_port: 8080,
        };
        let mut endpoint = Endpoint {
            id: String::new(),
            container: String::new(),
            name: String::new(),
            aliases: Vec::new(),
            addresses: vec![("172.18.0.2".parse().unwrap(), 16)],
            mac: String::new(),
            interface: String::new(),
            outside: String::new(),
            ports: vec![
                published("0.0.0.0", Protocol::Tcp),
                published("1.2.3.4", Protocol::Udp),
                published("127.0.0.1", Protocol::Tcp),
                published("::", Protocol::Tcp),
            ],
        };
        let to = vec![172, 18, 0, 2, 0, 80, 0, 0];
        let any =
            Element { set: "any4".to_string(), key: vec![6, 0, 0, 0, 0x1f, 0x90, 0, 0], value: to.clone() };
        let one = Element {
            set: "ports4".to_string(),
            key: vec![1, 2, 3, 4, 17, 0, 0, 0, 0x1f, 0x90, 0, 0],
            value: to,
        };
        let elements = |endpoint: &Endpoint| -> Vec<Element> {
            openings(endpoint).into_iter().map(|one| one.element).collect()
        };
        assert_eq!(elements(&endpoint), [any, one]);
        endpoint.addresses.push(("fd00::2".parse().unwrap(), 64));
        let all = elements(&endpoint);
        assert_eq!((all.len(), all[2].set.as_str(), all[2].value.len()), (3, "any6", 20));
        let own: Vec<_> = openings(&endpoint).into_iter().filter_map(|one| one.own).collect();
        let key = vec![172, 18, 0, 2, 6, 0, 0, 0, 0x1f, 0x90, 0, 0];
        assert_eq!((own.len(), own[0].set.as_str(), &own[0].key, own[1].key.len()), (2, "own4", &key, 24));
    }

    #[test]
    fn an_internal_network_is_not_masked() {
        let sets = |network: &Network| of_network(network).into_iter().map(|one| one.set).collect::<Vec<_>>();
        let network = Network { interface: "br-1".to_string(), ..Network::default() };
        assert_eq!(sets(&network), ["bridges", "within", "masked"]);
        assert_eq!(sets(&Network { internal: true, ..network.clone() }), ["bridges", "within", "internal"]);
        assert_eq!(sets(&Network { driver: Driver::Macvlan, ..network }), [""; 0]);
    }
}
