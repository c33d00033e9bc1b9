//! `--filter` of volumes. Source of rules and words: moby, `volume/service/` and `api/types/filters`.

use container::Volume;
use fault::Result;

use crate::args::views::Filter;
use crate::cmd::filter::{Labels, truth, unknown};

/// What is wanted of volumes: all names of filters, of each name one.
#[derive(Debug, Default)]
pub(super) struct Filters {
    dangling: Vec<bool>,
    drivers: Vec<String>,
    names: Vec<String>,
    labels: Labels,
    /// Those with a name too (`prune`).
    pub(super) all: bool,
}

/// Which command it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    List,
    Prune,
}

impl Filters {
    pub(super) fn parse(all: &[Filter], whom: For) -> Result<Filters> {
        let mut filters = Filters::default();
        for filter in all {
            let value = filter.value.clone();
            match (filter.name.as_str(), whom) {
                ("dangling", For::List) => filters.dangling.push(truth(filter)?),
                ("driver", For::List) => filters.drivers.push(value),
                ("name", For::List) => filters.names.push(value),
                ("all", For::Prune) => filters.all |= truth(filter)?,
                ("label!", For::Prune) => filters.labels.add(false, &value),
                ("label", _) => filters.labels.add(true, &value),
                _ => return Err(unknown(filter)),
            }
        }
        Ok(filters)
    }

    pub(super) fn fit(&self, volume: &Volume, in_use: bool) -> bool {
        let one =
            |wanted: &[String], fits: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(fits);
        one(&self.names, &|part| volume.name.contains(part.as_str()))
            && one(&self.drivers, &|driver| driver == "local")
            && self.labels.fit(&volume.labels)
            && (self.dangling.is_empty() || self.dangling.iter().any(|dangling| *dangling != in_use))
    }

    /// A label or its absence was asked for, of all volumes alike.
    pub(super) fn wants_named(&self, all: bool) -> bool {
        all || self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::views::filter;

    fn fits(texts: &[&str], in_use: bool) -> bool {
        let volume = Volume {
            name: "database".to_string(),
            labels: [("tier".to_string(), "back".to_string())].into(),
            ..Volume::default()
        };
        let texts: Vec<_> = texts.iter().map(|text| filter(text).unwrap()).collect();
        Filters::parse(&texts, For::List).unwrap().fit(&volume, in_use)
    }

    #[test]
    fn filters_are_as_in_docker() {
        for (texts, in_use, expected) in [
            (&[][..], true, true),
            (&["dangling=true"], true, false),
            (&["dangling=1"], false, true),
            (&["dangling=false"], true, true),
            (&["name=base"], true, true),
            (&["name=base", "name=nope"], true, true),
            (&["name=nope"], true, false),
            (&["driver=local"], true, true),
            (&["driver=nfs"], true, false),
            (&["label=tier"], true, true),
            (&["label=tier=back"], true, true),
            (&["label=tier=front"], true, false),
            (&["label=tier", "label=other"], true, false),
        ] {
            assert_eq!(fits(texts, in_use), expected, "{texts:?}");
        }
        for bad in ["nope=1", "dangling=maybe", "label!=x"] {
            assert!(Filters::parse(&[filter(bad).unwrap()], For::List).is_err(), "{bad}");
        }
    }
}
