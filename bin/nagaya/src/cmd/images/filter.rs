//! `--filter` of commands for images. Source: docs.docker.com, "docker image ls", "docker image prune".

use fault::{Fault, Result};
use images::{Images, Listed};
use oci::image::Reference;

use crate::time;

/// Which images are meant.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    /// Patterns, or names; one of them must fit.
    pub(crate) references: Vec<String>,
    dangling: Option<bool>,
    labels: Vec<(String, Option<String>)>,
    not_labels: Vec<(String, Option<String>)>,
    /// Made before or after these points in time.
    before: Vec<i64>,
    since: Vec<i64>,
}

impl Filters {
    pub(crate) fn parse(texts: &[String], images: &Images) -> Result<Filters> {
        let mut filters = Filters::default();
        for text in texts {
            let wrong = |cause: &str| Fault::invalid(format!("--filter {text}"), cause);
            let (name, value) =
                text.split_once('=').ok_or_else(|| wrong("invalid argument: it must be NAME=VALUE"))?;
            let made = |image: &str| -> Result<i64> {
                Ok(time::created(&images.look(image)?.image.config).unwrap_or_default())
            };
            match name {
                "reference" => filters.references.push(value.to_string()),
                "dangling" => {
                    filters.dangling = Some(truth(value).ok_or_else(|| {
                        wrong(&format!("Invalid filter 'dangling=[{value}]': true or false"))
                    })?);
                }
                "label" => filters.labels.push(label(value)),
                "label!" => filters.not_labels.push(label(value)),
                "before" => filters.before.push(made(value)?),
                "since" => filters.since.push(made(value)?),
                "until" => {
                    filters.before.push(
                        until(value).ok_or_else(|| wrong("it is a time, as 24h or 2026-11-25T12:00:00Z"))?,
                    );
                }
                _ => return Err(wrong(&format!("Invalid filter '{name}'"))),
            }
        }
        Ok(filters)
    }

    pub(crate) fn fit(&self, listed: &Listed) -> bool {
        let labels = listed.image.config.config.as_ref().map(|config| &config.labels);
        let has = |(key, value): &(String, Option<String>)| {
            let found = labels.and_then(|labels| labels.get(key));
            found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        let created = time::created(&listed.image.config).unwrap_or_default();
        let named = listed.tags.iter().any(|name| self.names(name));
        self.dangling.is_none_or(|wanted| wanted == listed.tags.is_empty())
            && (self.references.is_empty() || named)
            && self.labels.iter().all(has)
            && !self.not_labels.iter().any(has)
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

pub(crate) fn label(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_string(), Some(value.to_string())),
        None => (text.to_string(), None),
    }
}

pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "t" | "True" | "TRUE" | "T" => Some(true),
        "false" | "0" | "f" | "False" | "FALSE" | "F" => Some(false),
        _ => None,
    }
}

/// A date, or how long ago.
fn until(text: &str) -> Option<i64> {
    if let Some(seconds) = time::seconds(text) {
        return Some(seconds);
    }
    let ago = humantime::parse_duration(text).ok()?;
    let now = std::time::UNIX_EPOCH.elapsed().ok()?;
    i64::try_from(now.checked_sub(ago)?.as_secs()).ok()
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
