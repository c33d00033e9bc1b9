//! `network inspect`: under the names that docker's API has.

use fault::Result;
use network::{Driver, Endpoint, Network, Networks, Pool};
use serde_json::{Map, Value, json};

use crate::args::networks::Inspect;
use crate::cmd::inspect::show;

pub(super) fn run(typed: &Inspect, networks: &Networks) -> Result<u8> {
    show(&typed.names, typed.format.as_deref(), |name| object(name, networks))
}

/// A network by its name or id.
pub(crate) fn object(name: &str, networks: &Networks) -> Result<Value> {
    let network = networks.find(name)?;
    let endpoints = networks.endpoints(&network.id)?;
    let containers: Map<_, _> =
        endpoints.iter().map(|endpoint| (endpoint.container.clone(), connected(endpoint))).collect();
    let is_real = !matches!(network.driver, Driver::Host | Driver::Null);
    Ok(json!({
        "Name": network.name,
        "Id": network.id,
        "Created": network.created,
        "Scope": "local",
        "Driver": network.driver.name(),
        "EnableIPv6": network.pool(false).is_some(),
        "IPAM": {
            "Driver": "default",
            "Options": if network.is_predefined() { Value::Null } else { json!({}) },
            "Config": network.pools.iter().map(pool).collect::<Vec<_>>(),
        },
        "Internal": network.internal,
        "Attachable": false,
        "Ingress": false,
        "ConfigFrom": { "Network": "" },
        "ConfigOnly": false,
        "Containers": containers,
        "Options": if is_real { options(&network) } else { json!({}) },
        "Labels": network.labels,
    }))
}

fn pool(pool: &Pool) -> Value {
    let mut shown = json!({ "Subnet": pool.subnet });
    if let Some(range) = pool.range {
        shown["IPRange"] = json!(range);
    }
    if let Some(gateway) = pool.gateway {
        shown["Gateway"] = json!(gateway);
    }
    if !pool.taken.is_empty() {
        shown["AuxiliaryAddresses"] = json!(pool.taken);
    }
    shown
}

fn options(network: &Network) -> Value {
    json!(network.options)
}

fn connected(endpoint: &Endpoint) -> Value {
    let address = |ipv4: bool| {
        let found = endpoint.addresses.iter().find(|(address, _)| address.is_ipv4() == ipv4);
        found.map(|(address, prefix)| format!("{address}/{prefix}")).unwrap_or_default()
    };
    json!({
        "Name": endpoint.name,
        "EndpointID": endpoint.id,
        "MacAddress": endpoint.mac,
        "IPv4Address": address(true),
        "IPv6Address": address(false),
    })
}
