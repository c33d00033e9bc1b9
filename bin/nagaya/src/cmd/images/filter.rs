//! `--filter` of commands for images. Source: docs.docker.com, "docker image ls", "docker image prune".

use fault::Result;
use images::{Images, Listed};
use oci::image::Reference;

use crate::args::views::Filter;
use crate::cmd::filter::{self, Labels, truth, unknown};
use crate::time;

/// Which images are meant.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    /// Patterns, or names; one of them must fit.
    pub(crate) references: Vec<String>,
    dangling: Option<bool>,
    labels: Labels,
    /// Made before or after these points in time.
    before: Vec<i64>,
    since: Vec<i64>,
}

impl Filters {
    pub(crate) fn parse(all: &[Filter], images: &Images) -> Result<Filters> {
        let mut filters = Filters::default();
        for filter in all {
            let value = &filter.value;
            let made = || -> Result<i64> {
                Ok(time::created(&images.look(value)?.image.config).unwrap_or_default())
            };
            match filter.name.as_str() {
                "reference" => filters.references.push(value.clone()),
                "dangling" => filters.dangling = Some(truth(filter)?),
                "label" | "label!" => filters.labels.add(filter.name == "label", value),
                "before" => filters.before.push(made()?),
                "since" => filters.since.push(made()?),
                "until" => filters.before.extend(time::seconds(&filter::until(filter)?)),
                _ => return Err(unknown(filter)),
            }
        }
        Ok(filters)
    }

    pub(crate) fn fit(&self, listed: &Listed) -> bool {
        let none = Default::default();
        let labels = listed.image.config.config.as_ref().map_or(&none, |config| &config.labels);
        let created = time::created(&listed.image.config).unwrap_or_default();
        let named = listed.tags.iter().any(|name| self.names(name));
        self.dangling.is_none_or(|wanted| wanted == listed.tags.is_empty())
            && (self.references.is_empty() || named)
            && self.labels.fit(labels)
            && self.before.iter().all(|before| created < *before)
            && self.since.iter().all(|since| created > *since)
    }

    /// The name is one of those that are meant.
    pub(crate) fn names(&self, name: &Reference) -> bool {
        self.references.is_empty() || self.references.iter().any(|pattern| fits(pattern, name))
    }
}

/// With a tag or without, as people write it; the whole name only if it is one, so that `*/*` finds what it finds in
/// docker.
fn fits(pattern: &str, name: &Reference) -> bool {
    let familiar = [name.familiar(), name.familiar_name()];
    familiar.iter().any(|text| matches(pattern.as_bytes(), text.as_bytes()))
        || [name.to_string(), name.name()].iter().any(|text| text == pattern)
}

/// As Go's path.Match has it: `*` and `?` stand for anything but a slash.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            matches(&pattern[1..], text)
                || text.first().is_some_and(|byte| *byte != b'/') && matches(pattern, &text[1..])
        }
        (Some(b'?'), Some(byte)) if *byte != b'/' => matches(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) if one == other => matches(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stop_at_slashes() {
        let name: Reference = "localhost:5000/a/web:1.2".parse().unwrap();
        for (pattern, fit) in [
            ("localhost:5000/a/web", true),
            ("localhost:5000/*/w?b:1*", true),
            ("*/web", false),
            ("localhost:5000/a/web:2", false),
        ] {
            assert_eq!(fits(pattern, &name), fit, "{pattern}");
        }
        let name: Reference = "debian:12".parse().unwrap();
        assert!(fits("deb*", &name) && fits("debian:12", &name) && fits("docker.io/library/debian", &name));
    }
}
