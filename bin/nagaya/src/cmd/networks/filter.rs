//! `--filter` of networks. Source of rules and words: moby, `daemon/network/filter.go`.

use fault::Result;
use network::{Network, Networks};

use crate::args::views::Filter;
use crate::cmd::filter::{Labels, truth, unknown, wrong};

/// What is wanted of networks: of each name of a filter one, of labels all.
#[derive(Debug, Default)]
pub(super) struct Filters {
    drivers: Vec<String>,
    ids: Vec<String>,
    names: Vec<String>,
    labels: Labels,
    scopes: Vec<String>,
    kinds: Vec<String>,
    dangling: Vec<bool>,
}

impl Filters {
    pub(super) fn parse(all: &[Filter]) -> Result<Filters> {
        let mut filters = Filters::default();
        for filter in all {
            let value = filter.value.clone();
            match filter.name.as_str() {
                "driver" => filters.drivers.push(value),
                "id" => filters.ids.push(value),
                "name" => filters.names.push(value),
                "label" => filters.labels.add(true, &value),
                "scope" => filters.scopes.push(value),
                "type" if ["custom", "builtin"].contains(&value.as_str()) => filters.kinds.push(value),
                "type" => return Err(wrong(filter, &format!("invalid filter: 'type'='{value}'"))),
                "dangling" => filters.dangling.push(truth(filter)?),
                _ => return Err(unknown(filter)),
            }
        }
        Ok(filters)
    }

    pub(super) fn fit(&self, network: &Network, networks: &Networks) -> Result<bool> {
        let one =
            |wanted: &[String], fits: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(fits);
        let kind = if network.is_predefined() { "builtin" } else { "custom" };
        let dangling = |wanted: bool| -> Result<bool> {
            Ok(wanted == (!network.is_predefined() && !networks.is_used(&network.id)?))
        };
        let mut fits = one(&self.drivers, &|driver| driver == network.driver.name())
            && one(&self.ids, &|id| network.id.starts_with(id.as_str()))
            && one(&self.names, &|part| network.name.contains(part.as_str()))
            && one(&self.scopes, &|scope| scope == "local")
            && one(&self.kinds, &|wanted| wanted == kind)
            && self.labels.fit(&network.labels);
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
