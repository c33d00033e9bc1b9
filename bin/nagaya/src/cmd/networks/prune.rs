//! `network prune`.

use fault::{Fault, Result};
use network::{Network, Networks};

use crate::args::networks::Prune;
use crate::args::views::Filter;
use crate::cmd::images::prune::confirmed;
use crate::{say, time};

const WARNING: &str = "WARNING! This will remove all custom networks not used by at least one container.";

pub(super) fn run(typed: &Prune, networks: &Networks) -> Result<()> {
    let filters = Filters::parse(&typed.filter)?;
    if !typed.force && !confirmed(WARNING)? {
        return Ok(());
    }
    let mut removed = Vec::new();
    for network in networks.all()? {
        let unused = !network.is_predefined() && !networks.is_used(&network.id)?;
        // Somebody may have connected to it in this moment.
        if unused && filters.fit(&network) && networks.remove(&network).is_ok() {
            removed.push(network.name);
        }
    }
    if removed.is_empty() {
        Ok(())
    } else {
        say::print(&format!("Deleted Networks:\n{}\n", say::lines(removed)))
    }
}

/// Which are meant.
struct Filters {
    /// RFC 3339: those that were created before that.
    until: Option<String>,
    /// With such labels, or without.
    labels: Vec<(bool, String, Option<String>)>,
}

impl Filters {
    fn parse(filters: &[Filter]) -> Result<Filters> {
        let mut all = Filters { until: None, labels: Vec::new() };
        for Filter { name, value } in filters {
            let wrong = |cause: String| Fault::invalid(format!("--filter {name}={value}"), cause);
            match name.as_str() {
                "until" => {
                    let moment = time::moment(value)
                        .ok_or_else(|| wrong("it is a time, as 24h or 2026-11-25T12:00:00Z".to_string()))?;
                    all.until = Some(time::nanos(moment));
                }
                "label" | "label!" => {
                    let (label, wanted) =
                        value.split_once('=').map_or((value.as_str(), None), |(a, b)| (a, Some(b)));
                    all.labels.push((name == "label", label.to_string(), wanted.map(str::to_string)));
                }
                _ => return Err(wrong(format!("Invalid filter '{name}'"))),
            }
        }
        Ok(all)
    }

    fn fit(&self, network: &Network) -> bool {
        let has = |name: &String, value: &Option<String>| {
            network.labels.get(name).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        self.until.as_ref().is_none_or(|until| network.created < *until)
            && self.labels.iter().all(|(wanted, name, value)| has(name, value) == *wanted)
    }
}
