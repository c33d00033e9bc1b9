//! `--filter` of volumes. Source of rules and words: moby, `volume/service/` and `api/types/filters`.

use container::Volume;
use fault::{Fault, Result};

use crate::cmd::images::filter::{label, truth};

/// What is wanted of volumes: all names of filters, of each name one.
#[derive(Debug, Default)]
pub(super) struct Filters {
    dangling: Vec<bool>,
    drivers: Vec<String>,
    names: Vec<String>,
    labels: Vec<(String, Option<String>)>,
    not_labels: Vec<(String, Option<String>)>,
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
    pub(super) fn parse(texts: &[String], whom: For) -> Result<Filters> {
        let mut filters = Filters::default();
        for text in texts {
            let wrong = |cause: String| Fault::invalid(format!("--filter {text}"), cause);
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| wrong("invalid argument: it must be NAME=VALUE".to_string()))?;
            let switch = || truth(value).ok_or_else(|| wrong(format!("invalid filter '{name}=[{value}]'")));
            match (name, whom) {
                ("dangling", For::List) => filters.dangling.push(switch()?),
                ("driver", For::List) => filters.drivers.push(value.to_string()),
                ("name", For::List) => filters.names.push(value.to_string()),
                ("all", For::Prune) => filters.all |= switch()?,
                ("label!", For::Prune) => filters.not_labels.push(label(value)),
                ("label", _) => filters.labels.push(label(value)),
                _ => return Err(wrong(format!("invalid filter '{name}'"))),
            }
        }
        Ok(filters)
    }

    pub(super) fn fit(&self, volume: &Volume, in_use: bool) -> bool {
        let has = |(key, value): &(String, Option<String>)| {
            let found = volume.labels.get(key);
            found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        let one =
            |wanted: &[String], fits: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(fits);
        one(&self.names, &|part| volume.name.contains(part.as_str()))
            && one(&self.drivers, &|driver| driver == "local")
            && self.labels.iter().all(has)
            && !self.not_labels.iter().any(has)
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

    fn fits(texts: &[&str], in_use: bool) -> bool {
        let volume = Volume {
            name: "database".to_string(),
            labels: [("tier".to_string(), "back".to_string())].into(),
            ..Volume::default()
        };
        let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
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
        for bad in ["nope=1", "dangling=maybe", "name", "label!=x"] {
            assert!(Filters::parse(&[bad.to_string()], For::List).is_err(), "{bad}");
        }
    }
}
