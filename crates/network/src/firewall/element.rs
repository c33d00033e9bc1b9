//! What networks and containers add to the table.

use std::net::IpAddr;

use netlink::nft::Element;

use crate::{Driver, Endpoint, Network, Published};

/// Bytes of the name of an interface.
const NAME: usize = 16;

/// What a network adds.
pub(crate) fn of_network(network: &Network) -> Vec<Element> {
    if network.driver != Driver::Bridge {
        return Vec::new();
    }
    let name = interface(&network.interface);
    let one = |set: &str, key: Vec<u8>| Element { set: set.to_string(), key, value: Vec::new() };
    let mut all = vec![one("bridges", name.clone()), one("within", [name.clone(), name.clone()].concat())];
    all.extend(network.internal.then(|| one("internal", name.clone())));
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
    openings(endpoint).into_iter().map(|(_, element)| element).collect()
}

/// The same, with the port that each is about.
pub(crate) fn openings(endpoint: &Endpoint) -> Vec<(Published, Element)> {
    endpoint.ports.iter().filter_map(|port| Some((*port, of_port(endpoint, port)?))).collect()
}

fn of_port(endpoint: &Endpoint, published: &Published) -> Option<Element> {
    if published.host.is_loopback() {
        return None;
    }
    let (family, to) = match published.host {
        IpAddr::V4(_) => ('4', bytes(endpoint.ipv4()?.into())),
        IpAddr::V6(_) => ('6', bytes(endpoint.ipv6()?.into())),
    };
    let port = |number: u16| [&number.to_be_bytes()[..], &[0, 0]].concat();
    let mut key = [published.protocol.number(), 0, 0, 0].to_vec();
    key.extend(port(published.host_port));
    let any = published.host.is_unspecified();
    if !any {
        key = [bytes(published.host), key].concat();
    }
    let map = if any { "any" } else { "ports" };
    Some(Element { set: format!("{map}{family}"), key, value: [to, port(published.port)].concat() })
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
    use crate::Protocol;

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
        assert_eq!(of_ports(&endpoint), [any, one]);
        endpoint.addresses.push(("fd00::2".parse().unwrap(), 64));
        let all = of_ports(&endpoint);
        assert_eq!((all.len(), all[2].set.as_str(), all[2].value.len()), (3, "any6", 20));
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
