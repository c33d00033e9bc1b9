//! podman's registries.conf: mirrors, other locations, and what is blocked.
//!
//! Source: containers-registries.conf(5). Names without a registry are Docker Hub's here, so
//! `unqualified-search-registries` and short names do not count.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::image::Reference;
use serde::Deserialize;

use super::{Endpoint, Hosts, Purpose};

/// What registries.conf and its like say, by [`Hosts::with_registries_conf`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// What a file says of some registries; the longest prefix that fits counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Rule {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<Mirror>,
    /// The file that says so.
    #[serde(skip)]
    from: PathBuf,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Mirror {
    location: String,
    insecure: bool,
    #[serde(rename = "pull-from-mirror")]
    serves: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    registry: Vec<Rule>,
}

impl Hosts {
    /// With what a registries.conf says, and the files `*.conf` in folders, in this order: later ones replace what
    /// earlier ones say of the same prefix. What is not there says nothing.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn with_registries_conf(mut self, file: &Path, folders: &[PathBuf]) -> Result<Hosts> {
        let mut files = vec![file.to_path_buf()];
        for folder in folders {
            let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
            let mut more: Vec<_> =
                entries.filter(|path| path.extension().is_some_and(|end| end == "conf")).collect();
            more.sort();
            files.extend(more);
        }
        for file in files {
            self.rules.0.extend(read(&file)?);
        }
        Ok(self)
    }

    /// The rule for a name, if there is one: the last one of those with the longest prefix.
    pub(super) fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.0.iter().filter(|rule| rule.rest(name).is_some()).max_by_key(|rule| rule.prefix.len())
    }
}

fn read(file: &Path) -> Result<Vec<Rule>> {
    let doing = || format!("read `{}`", file.display());
    let text = match fs::read_to_string(file) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.doing(doing)?,
    };
    let parsed: File =
        toml::from_str(&text).map_err(|err| Fault::new(Kind::Invalid, doing()).because(err.message()))?;
    let rules = parsed.registry.into_iter().map(|mut rule| {
        if rule.prefix.is_empty() {
            rule.prefix.clone_from(&rule.location);
        }
        rule.from = file.to_path_buf();
        rule
    });
    Ok(rules.filter(|rule| !rule.prefix.is_empty()).collect())
}

impl Rule {
    /// What of a name follows the prefix, if it begins so.
    fn rest<'a>(&self, name: &'a str) -> Option<&'a str> {
        if let Some(site) = self.prefix.strip_prefix('*') {
            let (host, rest) = name.split_at(name.find('/')?);
            return host.ends_with(site).then_some(rest);
        }
        name.strip_prefix(self.prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Where to ask for a name, by what this says.
    pub(super) fn endpoints(
        &self,
        hosts: &Hosts,
        name: &Reference,
        purpose: Purpose,
    ) -> Result<Vec<Endpoint>> {
        let whole = name.name();
        if self.blocked {
            let cause = format!("`{}` is blocked in `{}`", self.prefix, self.from.display());
            return Err(Fault::new(Kind::Denied, format!("use `{}`", name.familiar_name())).because(cause));
        }
        let rest = self.rest(&whole).unwrap_or_default();
        let place = |location: &str, insecure: bool| {
            let there = if location.is_empty() { whole.clone() } else { format!("{location}{rest}") };
            let (host, path) = there.split_once('/').unwrap_or((&there, ""));
            hosts.named(host, path, insecure)
        };
        let mirrors = self.mirror.iter().filter(|mirror| mirror.serves(purpose, self.mirror_by_digest_only));
        let mirrors = mirrors.map(|mirror| place(&mirror.location, mirror.insecure));
        let itself = place(&self.location, self.insecure);
        Ok(mirrors.chain([itself]).collect())
    }
}

impl Mirror {
    fn serves(&self, purpose: Purpose, digests_only: bool) -> bool {
        match (purpose, self.serves.as_str()) {
            (Purpose::Push, _) => false,
            (Purpose::Resolve, which) => which != "digest-only" && !digests_only,
            (Purpose::Fetch, which) => which != "tag-only",
        }
    }
}
