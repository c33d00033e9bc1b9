//! `network create`. Source of rules and words: docker/cli, cli/command/network/create.go.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fault::{Fault, Kind, Result};
use network::{Driver, Networks, NoSubnet, Pool, Subnet, Wanted};

use crate::args::networks::Create;
use crate::say;

pub(super) fn run(typed: &Create, networks: &Networks) -> Result<()> {
    if !matches!(typed.ipam_driver.as_str(), "" | "default") {
        return Err(Fault::new(Kind::NotFound, "use `--ipam-driver`")
            .because(format!("plugin \"{}\" not found", typed.ipam_driver)));
    }
    let wanted = Wanted {
        name: typed.name.clone(),
        driver: typed.driver.parse()?,
        pools: pools(typed)?,
        internal: typed.internal,
        // Who asks for addresses of IPv6 wants to use them.
        ipv6: typed.ipv6 || typed.subnet.iter().any(|subnet| subnet.contains(':')),
        options: pairs(&typed.opt),
        labels: pairs(&typed.label),
    };
    check(&wanted)?;
    let network = networks.make(wanted)?;
    say::print(&format!("{}\n", network.id))
}

/// A name alone has an empty value; later ones count.
fn pairs(texts: &[String]) -> BTreeMap<String, String> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_string(), value.to_string())
    };
    texts.iter().map(pair).collect()
}

fn check(wanted: &Wanted) -> Result<()> {
    for ipv4 in [true, false] {
        if wanted.pools.iter().filter(|pool| pool.subnet.is_ipv4() == ipv4).count() > 1 {
            return Err(Fault::invalid(
                "--subnet",
                format!("{} driver doesn't support multiple subnets", wanted.driver),
            ));
        }
    }
    let Some(mtu) = wanted.options.get(network::option::MTU) else { return Ok(()) };
    match mtu.parse::<u32>() {
        Ok(68..=65535) if wanted.driver == Driver::Bridge => Ok(()),
        Ok(68..=65535) => Ok(()),
        _ => Err(Fault::invalid(
            format!("--opt {}", network::option::MTU),
            format!("`{mtu}` is no size of packets"),
        )
        .hint("a number from 68 to 65535")),
    }
}

fn subnet(text: &str, option: &str) -> Result<Subnet> {
    text.parse().map_err(|wrong| match wrong {
        NoSubnet::Shape => {
            Fault::invalid(option, format!("Invalid subnet {text} : invalid CIDR address: {text}"))
        }
        NoSubnet::Within(subnet) => {
            Fault::invalid(option, format!("invalid subnet {text}: it should be {subnet}"))
        }
    })
}

/// Each range and gateway belongs to the subnet that it is in.
fn pools(typed: &Create) -> Result<Vec<Pool>> {
    let mut pools: Vec<Pool> = Vec::new();
    for text in &typed.subnet {
        let subnet = subnet(text, "--subnet")?;
        if pools.iter().any(|pool| pool.subnet.overlaps(&subnet)) {
            return Err(Fault::invalid(
                "--subnet",
                "multiple overlapping subnet configuration is not supported",
            ));
        }
        pools.push(Pool { subnet, gateway: None, range: None, taken: BTreeMap::new(), asked: true });
    }
    if pools.is_empty() && !(typed.gateway.is_empty() && typed.ip_range.is_empty()) {
        return Err(Fault::invalid("--subnet", "every ip-range or gateway must have a corresponding subnet"));
    }
    for text in &typed.ip_range {
        let range = subnet(text, "--ip-range")?;
        let pool = pools.iter_mut().find(|pool| pool.subnet.contains(range.first()));
        let pool =
            pool.ok_or_else(|| Fault::invalid("--ip-range", format!("no matching subnet for range {text}")))?;
        if let Some(other) = pool.range.replace(range) {
            let why = format!(
                "cannot configure multiple ranges ({text}, {other}) on the same subnet ({})",
                pool.subnet
            );
            return Err(Fault::invalid("--ip-range", why));
        }
    }
    for gateway in &typed.gateway {
        let pool = of_address(&mut pools, *gateway).ok_or_else(|| {
            Fault::invalid("--gateway", format!("no matching subnet for gateway {gateway}"))
        })?;
        if let Some(other) = pool.gateway.replace(*gateway) {
            let why = format!(
                "cannot configure multiple gateways ({gateway}, {other}) for the same subnet ({})",
                pool.subnet
            );
            return Err(Fault::invalid("--gateway", why));
        }
    }
    for text in &typed.aux_address {
        let wrong = |why: String| Fault::invalid("--aux-address", why);
        let (name, address) =
            text.split_once('=').ok_or_else(|| wrong(format!("`{text}`: expected NAME=ADDRESS")))?;
        let address: IpAddr = address.parse().map_err(|_| wrong(format!("`{address}` is no address")))?;
        let pool = of_address(&mut pools, address)
            .ok_or_else(|| wrong(format!("no matching subnet for aux-address {address}")))?;
        pool.taken.insert(name.to_string(), address);
    }
    Ok(pools)
}

fn of_address(pools: &mut [Pool], address: IpAddr) -> Option<&mut Pool> {
    pools.iter_mut().find(|pool| pool.subnet.contains(address))
}
