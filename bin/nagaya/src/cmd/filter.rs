//! What `--filter` of several commands has in common. Source of rules and words: moby, `api/types/filters` and
//! `daemon/prune.go`.

use std::collections::BTreeMap;

use fault::{Fault, Result};

use crate::args::views::Filter;
use crate::time;

/// Labels that must be there, and labels that must not.
#[derive(Debug, Default)]
pub(crate) struct Labels(Vec<Label>);

#[derive(Debug)]
struct Label {
    wanted: bool,
    key: String,
    /// Any will do without one.
    value: Option<String>,
}

impl Labels {
    /// `label=TEXT`, or `label!=TEXT`; the text is `KEY` or `KEY=VALUE`.
    pub(crate) fn add(&mut self, wanted: bool, text: &str) {
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        self.0.push(Label { wanted, key: key.to_string(), value: value.map(str::to_string) });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn fit(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |label: &Label| {
            let found = labels.get(&label.key);
            found.is_some_and(|found| label.value.as_ref().is_none_or(|value| value == found))
        };
        self.0.iter().all(|label| has(label) == label.wanted)
    }
}

/// What every `prune` understands: `until=TIME`, `label=LABEL`, `label!=LABEL`.
#[derive(Debug, Default)]
pub(crate) struct Meant {
    /// RFC 3339: those that were created before that.
    until: Option<String>,
    labels: Labels,
}

impl Meant {
    pub(crate) fn parse(filters: &[Filter]) -> Result<Meant> {
        let mut all = Meant::default();
        for filter in filters {
            match filter.name.as_str() {
                "until" if all.until.is_some() => {
                    return Err(wrong(filter, "more than one until filter specified"));
                }
                "until" => all.until = Some(until(filter)?),
                "label" | "label!" => all.labels.add(filter.name == "label", &filter.value),
                _ => return Err(unknown(filter)),
            }
        }
        Ok(all)
    }

    /// `created` as RFC 3339 has it, with nanoseconds.
    pub(crate) fn fit(&self, created: &str, labels: &BTreeMap<String, String>) -> bool {
        self.until.as_ref().is_none_or(|until| created < until.as_str()) && self.labels.fit(labels)
    }
}

/// A point in time, in RFC 3339.
pub(crate) fn until(filter: &Filter) -> Result<String> {
    time::moment(&filter.value)
        .map(time::nanos)
        .ok_or_else(|| wrong(filter, "it is a time, as 24h or 2026-11-25T12:00:00Z"))
}

/// Yes or no, as Docker takes them.
pub(crate) fn truth(filter: &Filter) -> Result<bool> {
    match filter.value.as_str() {
        "true" | "1" | "t" | "True" | "TRUE" | "T" => Ok(true),
        "false" | "0" | "f" | "False" | "FALSE" | "F" => Ok(false),
        value => {
            let why = format!("Invalid filter '{}=[{value}]': true or false", filter.name);
            Err(wrong(filter, &why))
        }
    }
}

/// The command has no such filter.
pub(crate) fn unknown(filter: &Filter) -> Fault {
    wrong(filter, &format!("Invalid filter '{}'", filter.name))
}

/// A filter that cannot be used.
pub(crate) fn wrong(filter: &Filter, cause: &str) -> Fault {
    Fault::invalid(format!("--filter {}={}", filter.name, filter.value), cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::views::filter;

    fn fits(texts: &[&str]) -> bool {
        let labels = [("tier".to_string(), "back".to_string())].into();
        let filters: Vec<_> = texts.iter().map(|text| filter(text).unwrap()).collect();
        Meant::parse(&filters).unwrap().fit("2026-11-25T12:00:00.5Z", &labels)
    }

    #[test]
    fn all_of_them_must_fit() {
        for (texts, expected) in [
            (&[][..], true),
            (&["label=tier"], true),
            (&["label=tier=back"], true),
            (&["label=tier=front"], false),
            (&["label!=tier"], false),
            (&["label!=tier=front"], true),
            (&["label=tier", "label=other"], false),
            (&["until=2026-11-25T13:00:00Z"], true),
            (&["until=2026-11-25T11:00:00Z"], false),
            (&["until=2026-11-25T13:00:00Z", "label!=tier"], false),
        ] {
            assert_eq!(fits(texts), expected, "{texts:?}");
        }
        for bad in [&["nope=1"][..], &["until=soon"], &["until=1h", "until=2h"]] {
            let filters: Vec<_> = bad.iter().map(|text| filter(text).unwrap()).collect();
            assert!(Meant::parse(&filters).is_err(), "{bad:?}");
        }
    }
}
