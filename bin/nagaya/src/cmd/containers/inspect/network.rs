//! Networks of a container, and ports that lead to it: the shape of Docker's API 1.41.

use std::collections::BTreeMap;
use std::path::Path;

use container::{Joined, Network, Request};
use engine::View;
use network::{Endpoint, Networks, Pool, Publish};
use serde_json::{Map, Value, json};

use crate::cmd::containers::ports;

/// `NetworkSettings`.
pub(super) fn settings(view: &View, root: &Path) -> Value {
    let (record, networks) = (&view.record, Networks::at(root));
    let mut shown = Map::new();
    let mut of_default = None;
    for joined in &record.request.networks {
        let endpoint = networks.endpoint(&joined.id, &record.id).ok().flatten();
        let one = endpoint_settings(joined, endpoint.as_ref(), &networks);
        if joined.id == network::BRIDGE {
            of_default = Some(one.clone());
        }
        shown.insert(joined.name.clone(), one);
    }
    if matches!(record.request.network, Network::None | Network::Host) {
        shown.insert(record.request.network_mode(), endpoint_settings(&Joined::default(), None, &networks));
    }
    let runs = view.status.is_up() && !shown.is_empty();
    let key = if runs { format!("/proc/{}/ns/net", view.state.pid) } else { String::new() };
    let mut all = json!({
        "Bridge": "",
        "SandboxID": if runs { record.id.as_str() } else { "" },
        "HairpinMode": false,
        "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0,
        "Ports": bindings(view, root),
        "SandboxKey": key,
        "SecondaryIPAddresses": null, "SecondaryIPv6Addresses": null,
    });
    // Of the default network they stand here too, for who knows no other.
    let first = of_default.unwrap_or_else(|| endpoint_settings(&Joined::default(), None, &networks));
    for name in FIRST {
        all[name] = first[name].clone();
    }
    all["Networks"] = Value::Object(shown);
    all
}

const FIRST: [&str; 8] = [
    "EndpointID",
    "Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "MacAddress",
];

fn endpoint_settings(joined: &Joined, endpoint: Option<&Endpoint>, networks: &Networks) -> Value {
    let network = endpoint.and_then(|_| networks.by_id(&joined.id).ok().flatten());
    let gateway = |ipv4| {
        let pool = network.as_ref().and_then(|network| network.pool(ipv4));
        pool.and_then(|pool: &Pool| pool.gateway).map(|gateway| gateway.to_string()).unwrap_or_default()
    };
    let prefix = |ipv4: bool| {
        let all = endpoint.map(|endpoint| endpoint.addresses.as_slice()).unwrap_or_default();
        all.iter().find(|(address, _)| address.is_ipv4() == ipv4).map_or(0, |(_, prefix)| *prefix)
    };
    let ipv4 = endpoint.and_then(Endpoint::ipv4);
    let ipv6 = endpoint.and_then(Endpoint::ipv6);
    let text = |address: Option<String>| address.unwrap_or_default();
    json!({
        "IPAMConfig": asked(joined),
        "Links": if joined.links.is_empty() { None } else { Some(&joined.links) },
        "Aliases": aliases(joined, endpoint),
        "NetworkID": joined.id,
        "EndpointID": endpoint.map(|endpoint| endpoint.id.as_str()).unwrap_or_default(),
        "Gateway": if ipv4.is_some() { gateway(true) } else { String::new() },
        "IPAddress": text(ipv4.map(|address| address.to_string())),
        "IPPrefixLen": prefix(true),
        "IPv6Gateway": if ipv6.is_some() { gateway(false) } else { String::new() },
        "GlobalIPv6Address": text(ipv6.map(|address| address.to_string())),
        "GlobalIPv6PrefixLen": prefix(false),
        "MacAddress": endpoint.map(|endpoint| endpoint.mac.as_str()).unwrap_or_default(),
        "DriverOpts": null,
    })
}

/// Addresses that were asked for; on networks of people's own that is an empty object if none were.
fn asked(joined: &Joined) -> Value {
    if joined.ip.is_none() && joined.ip6.is_none() {
        return if joined.id.is_empty() || joined.id == network::BRIDGE { Value::Null } else { json!({}) };
    }
    let mut all = Map::new();
    all.extend(joined.ip.map(|ip| ("IPv4Address".to_string(), json!(ip))));
    all.extend(joined.ip6.map(|ip| ("IPv6Address".to_string(), json!(ip))));
    Value::Object(all)
}

fn aliases(joined: &Joined, endpoint: Option<&Endpoint>) -> Value {
    if joined.id.is_empty() || joined.id == network::BRIDGE {
        return Value::Null;
    }
    let short = endpoint.and_then(|endpoint| endpoint.container.get(..12)).map(str::to_string);
    let all: Vec<_> = joined.aliases.iter().cloned().chain(short).collect();
    if all.is_empty() { Value::Null } else { json!(all) }
}

/// `Ports`: of each port of the container's, those of this machine that lead to it; nothing if it is only named.
fn bindings(view: &View, root: &Path) -> Value {
    if !view.status.is_up() || view.record.request.networks.is_empty() {
        return json!({});
    }
    let mut all: BTreeMap<String, Value> =
        view.record.request.all_exposed().iter().map(|port| (port.to_string(), Value::Null)).collect();
    for port in ports::published(view, root) {
        let one = json!({ "HostIp": port.host.to_string(), "HostPort": port.host_port.to_string() });
        let there = all.entry(port.exposed().to_string()).or_default();
        match there.as_array_mut() {
            Some(list) => list.push(one),
            None => *there = json!([one]),
        }
    }
    json!(all)
}

/// `HostConfig.PortBindings`: as it was asked for.
pub(super) fn asked_ports(request: &Request) -> Value {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for Publish { port, protocol, host, host_port } in &request.publish {
        let host_port = match host_port {
            None => String::new(),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first}-{last}"),
        };
        let host = host.map(|host| host.to_string()).unwrap_or_default();
        all.entry(format!("{port}/{protocol}"))
            .or_default()
            .push(json!({ "HostIp": host, "HostPort": host_port }));
    }
    json!(all)
}
