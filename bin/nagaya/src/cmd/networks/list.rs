//! `network ls`.

use fault::Result;
use network::{Network, Networks};
use serde_json::{Value, json};

use super::filter::Filters;
use crate::args::networks::List;
use crate::table::{METHODS, Table};
use crate::{say, time};

const TABLE: Table = Table {
    columns: &[
        ("ID", "NETWORK ID"),
        ("Name", "NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("IPv4", "IPV4"),
        ("IPv6", "IPV6"),
        ("Internal", "INTERNAL"),
        ("Labels", "LABELS"),
        ("CreatedAt", "CREATED AT"),
    ],
    usual: &["ID", "Name", "Driver", "Scope"],
};

pub(super) fn run(typed: &List, networks: &Networks) -> Result<()> {
    let filters = Filters::parse(&typed.filter)?;
    let mut shown = Vec::new();
    for network in networks.all()? {
        if filters.fit(&network, networks)? {
            shown.push(network);
        }
    }
    if typed.quiet && typed.format.is_none() {
        return say::print(&say::lines(shown.iter().map(|network| id(network, typed))));
    }
    let rows: Vec<_> = shown.iter().map(|network| row(network, typed)).collect();
    say::print(&TABLE.render(typed.format.as_deref(), &rows)?)
}

fn id<'a>(network: &'a Network, typed: &List) -> &'a str {
    if typed.no_trunc { &network.id } else { network.short() }
}

fn row(network: &Network, typed: &List) -> Value {
    let labels: Vec<_> = network.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut row = json!({
        "ID": id(network, typed),
        "Name": network.name,
        "Driver": network.driver.name(),
        "Scope": "local",
        "IPv4": network.pool(true).is_some().to_string(),
        "IPv6": network.ipv6.to_string(),
        "Internal": network.internal.to_string(),
        "Labels": labels.join(","),
        "CreatedAt": time::seconds(&network.created).map(time::local).unwrap_or_default(),
    });
    if typed.format.as_deref().is_some_and(|format| format.contains(".Label ")) {
        row[METHODS] = json!({ "Label": network.labels });
    }
    row
}
