//! `container prune`.

use engine::{Engine, View};
use fault::{Fault, Result};

use crate::args::views::{Filter, Prune};
use crate::cmd::images::prune::confirmed;
use crate::{human, say, time};

pub(super) fn run(typed: &Prune, engine: &Engine) -> Result<u8> {
    let filters = Filters::parse(&typed.filter)?;
    if !typed.force && !confirmed("WARNING! This will remove all stopped containers.")? {
        return Ok(0);
    }
    let pruned = engine.prune(|view| filters.fit(view))?;
    if !pruned.ids.is_empty() {
        say::print(&format!("Deleted Containers:\n{}\n", say::lines(pruned.ids)))?;
    }
    say::print(&format!("Total reclaimed space: {}\n", human::size_in_full(pruned.bytes))).map(|()| 0)
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

    fn fit(&self, view: &View) -> bool {
        let labels = view.record.labels();
        let has = |name: &String, value: &Option<String>| {
            labels.get(name).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        self.until.as_ref().is_none_or(|until| view.record.created < *until)
            && self.labels.iter().all(|(wanted, name, value)| has(name, value) == *wanted)
    }
}
