//! The keys of `--mount`, before it is known what they add up to.

use std::collections::BTreeMap;

use fault::{Fault, Result};

use super::{Below, PROPAGATIONS};

/// What was said, key by key.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) readonly: bool,
    pub(super) propagation: Option<String>,
    pub(super) below: Option<Below>,
    pub(super) make_source: bool,
    pub(super) match_user: bool,
    pub(super) volume_subpath: Option<String>,
    pub(super) no_copy: bool,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) driver: Option<String>,
    pub(super) volume_options: BTreeMap<String, String>,
    pub(super) image_subpath: Option<String>,
    pub(super) size: Option<i64>,
    pub(super) mode: Option<u32>,
    /// Groups of keys that were used, each for one type.
    groups: Vec<&'static str>,
}

/// Keys whose value may be left out.
const SWITCHES: [&str; 5] = ["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"];

/// Which type of mount a group of keys is for.
const GROUPS: [(&str, &str); 5] = [
    ("volume-*", "volume"),
    ("bind-*", "bind"),
    ("tmpfs-*", "tmpfs"),
    ("image-*", "image"),
    ("idmap", "bind"),
];

pub(super) fn parse(text: &str) -> Result<Keys> {
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong("value is empty"));
    }
    let mut keys = Keys { kind: "volume".to_string(), ..Keys::default() };
    for field in fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field.as_str(), None),
        };
        check_spelling(key, value, &field)?;
        keys.take(&key.to_lowercase(), value, &field)?;
    }
    Ok(keys)
}

fn wrong(why: impl std::fmt::Display) -> Fault {
    Fault::invalid("--mount", why)
}

/// One record of a CSV file: a field with a comma in it stands in quotes.
fn fields(text: &str) -> Result<Vec<String>> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if quoted && signs.peek() == Some(&'"') => field.extend(signs.next()),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            sign => field.push(sign),
        }
    }
    if quoted {
        return Err(wrong("extraneous or missing \" in quoted-field: the quote does not end"));
    }
    fields.push(field);
    Ok(fields)
}

fn check_spelling(key: &str, value: Option<&str>, field: &str) -> Result<()> {
    if key.trim() != key {
        return Err(wrong(format!("invalid option '{key}' in '{field}': option should not have whitespace")));
    }
    match value {
        Some(value) if value.trim().is_empty() => {
            Err(wrong(format!("invalid value for '{key}': value is empty")))
        }
        Some(value) if value.trim() != value => {
            Err(wrong(format!("invalid value for '{key}' in '{field}': value should not have whitespace")))
        }
        None if !SWITCHES.contains(&key.to_lowercase().as_str()) => {
            Err(wrong(format!("invalid field '{field}' must be a key=value pair")))
        }
        _ => Ok(()),
    }
}

impl Keys {
    fn take(&mut self, key: &str, value: Option<&str>, field: &str) -> Result<()> {
        let switch = || truth(key, value);
        let text = || value.unwrap_or_default().to_string();
        match key {
            "type" => self.kind = text().to_lowercase(),
            "source" | "src" => self.source = text(),
            "target" | "dst" | "destination" => self.target = text(),
            "readonly" | "ro" => self.readonly = switch()?,
            // Docker's words for other systems.
            "consistency" => {}
            "idmap" if value == Some("match-user") => self.match_user = true,
            "idmap" => {
                return Err(wrong(format!("invalid value for idmap: {} (must be \"match-user\")", text())));
            }
            "bind-propagation" if PROPAGATIONS.contains(&text().as_str()) => self.propagation = Some(text()),
            "bind-propagation" => return Err(wrong(format!("invalid propagation mode: {}", text()))),
            "bind-recursive" => self.below = Some(below(&text())?),
            "bind-nonrecursive" => self.below = switch()?.then_some(Below::Disabled).or(self.below),
            "bind-create-src" => self.make_source = switch()?,
            "volume-subpath" => self.volume_subpath = Some(text()),
            "volume-nocopy" => self.no_copy = switch()?,
            "volume-label" => drop(self.labels.insert(pair(&text()).0, pair(&text()).1)),
            "volume-driver" => self.driver = Some(text()),
            "volume-opt" => drop(self.volume_options.insert(pair(&text()).0, pair(&text()).1)),
            "image-subpath" => self.image_subpath = Some(text()),
            "tmpfs-size" => self.size = Some(size(&text())?),
            "tmpfs-mode" => self.mode = Some(mode(&text())?),
            _ => return Err(wrong(format!("unexpected key '{key}' in '{field}'"))),
        }
        let group = GROUPS.iter().find(|(group, _)| key.starts_with(group.trim_end_matches('*')));
        self.groups.extend(group.map(|(group, _)| group));
        Ok(())
    }

    /// Keys of one type are no good for another.
    pub(super) fn check_kinds(&self) -> Result<()> {
        let stranger = GROUPS.iter().find(|(group, kind)| *kind != self.kind && self.groups.contains(group));
        match stranger {
            Some((group, _)) => {
                Err(wrong(format!("cannot mix '{group}' options with mount type '{}'", self.kind)))
            }
            None => Ok(()),
        }
    }
}

fn truth(key: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("true" | "1" | "t" | "T" | "TRUE" | "True") => Ok(true),
        Some("false" | "0" | "f" | "F" | "FALSE" | "False") => Ok(false),
        Some(other) => Err(wrong(format!("invalid value for {key}: {other}"))),
    }
}

fn below(text: &str) -> Result<Below> {
    match text {
        "enabled" => Ok(Below::Enabled),
        "disabled" => Ok(Below::Disabled),
        "writable" => Ok(Below::Writable),
        "readonly" => Ok(Below::Readonly),
        _ => Err(wrong(format!(
            "invalid value for bind-recursive: {text} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")"
        ))),
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_string(), value.to_string())
}

fn size(text: &str) -> Result<i64> {
    crate::size::bytes(text)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| wrong(format!("invalid value for tmpfs-size: {text}")))
}

fn mode(text: &str) -> Result<u32> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    mode.ok_or_else(|| wrong(format!("invalid value for tmpfs-mode: {text}")))
}
