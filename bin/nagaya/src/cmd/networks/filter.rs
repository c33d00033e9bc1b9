//! `--filter` of networks. Source of rules and words: moby, `daemon/network/filter.go`.

use fault::{Fault, Result};
use network::{Network, Networks};

use crate::cmd::images::filter::{label, truth};

/// What is wanted of networks: of each name of a filter one, of labels all.
#[derive(Debug, Default)]
pub(super) struct Filters {
    drivers: Vec<String>,
    ids: Vec<String>,
    names: Vec<String>,
    labels: Vec<(String, Option<String>)>,
    scopes: Vec<String>,
    kinds: Vec<String>,
    dangling: Vec<bool>,
}

impl Filters {
    pub(super) fn parse(texts: &[String]) -> Result<Filters> {
        let mut filters = Filters::default();
        for text in texts {
            let wrong = |cause: String| Fault::invalid(format!("--filter {text}"), cause);
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| wrong("invalid argument: it must be NAME=VALUE".to_string()))?;
            let one = value.to_string();
            match name.trim().to_ascii_lowercase().as_str() {
                "driver" => filters.drivers.push(one),
                "id" => filters.ids.push(one),
                "name" => filters.names.push(one),
                "label" => filters.labels.push(label(value)),
                "scope" => filters.scopes.push(one),
                "type" if ["custom", "builtin"].contains(&value) => filters.kinds.push(one),
                "type" => return Err(wrong(format!("invalid filter: 'type'='{value}'"))),
                "dangling" => filters
                    .dangling
                    .push(truth(value).ok_or_else(|| wrong(format!("invalid filter 'dangling=[{value}]'")))?),
                _ => return Err(wrong(format!("Invalid filter '{name}'"))),
            }
        }
        Ok(filters)
    }

    pub(super) fn fit(&self, network: &Network, networks: &Networks) -> Result<bool> {
        let one =
            |wanted: &[String], fits: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(fits);
        let has = |(key, value): &(String, Option<String>)| {
            let found = network.labels.get(key);
            found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        let kind = if network.is_predefined() { "builtin" } else { "custom" };
        let dangling = |wanted: bool| -> Result<bool> {
            Ok(wanted == (!network.is_predefined() && !networks.is_used(&network.id)?))
        };
        let mut fits = one(&self.drivers, &|driver| driver == network.driver.name())
            && one(&self.ids, &|id| network.id.starts_with(id.as_str()))
            && one(&self.names, &|part| network.name.contains(part.as_str()))
            && one(&self.scopes, &|scope| scope == "local")
            && one(&self.kinds, &|wanted| wanted == kind)
            && self.labels.iter().all(has);
        if fits && !self.dangling.is_empty() {
            fits = self
                .dangling
                .iter()
                .map(|wanted| dangling(*wanted))
                .collect::<Result<Vec<_>>>()?
                .contains(&true);
        }
        Ok(fits)
    }
}
