//! Headers that somebody wants registries to see.

use std::fs;
use std::io;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use serde::Deserialize;
use ureq::http::{HeaderName, HeaderValue};

use super::Hosts;

/// Names and values, as they are sent. Nobody sees them but who is asked; they may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, String)>);

/// What the client and HTTP itself have to say.
const OURS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-range",
    "content-type",
    "host",
    "range",
    "transfer-encoding",
    "user-agent",
];

impl Headers {
    /// One more; `from` is where it is from.
    ///
    /// # Errors
    /// It is no header, or one that is not for others to set.
    pub(super) fn add(&mut self, name: &str, value: &str, from: &Path) -> Result<()> {
        let wrong = |cause: &str| {
            let doing = format!("use the header `{name}` of `{}`", from.display());
            Err(Fault::new(Kind::Invalid, doing).because(cause))
        };
        let Ok(header) = name.parse::<HeaderName>() else { return wrong("that is no name of a header") };
        if value.parse::<HeaderValue>().is_err() {
            return wrong("its value cannot be sent");
        }
        if OURS.contains(&header.as_str()) {
            return wrong("that one is ours to say");
        }
        self.0.push((header, value.to_string()));
        Ok(())
    }

    pub(super) fn extend(&mut self, more: &Headers) {
        self.0.extend(more.0.iter().cloned());
    }

    /// What is sent to whoever they are for; credentials that are known count more than what a file says.
    pub(crate) fn sent(&self, told: bool) -> impl Iterator<Item = (HeaderName, String)> + '_ {
        let counts = move |name: &HeaderName| !told || name.as_str() != "authorization";
        self.0.iter().filter(move |(name, _)| counts(name)).cloned()
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigJson {
    #[serde(default)]
    http_headers: std::collections::BTreeMap<String, String>,
}

impl Hosts {
    /// With the headers of docker's config.json that docker sends to registries: those called `X-Meta-...`. The others are
    /// for its daemon. A file that is not there says nothing.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn with_config_json(mut self, path: &Path) -> Result<Hosts> {
        let json = match fs::read(path) {
            Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(self);
            }
            json => json.doing(|| format!("read `{}`", path.display()))?,
        };
        // What is wrong with the file as a whole, whoever looks for credentials in it says.
        let Ok(config) = serde_json::from_slice::<ConfigJson>(&json) else { return Ok(self) };
        for (name, value) in &config.http_headers {
            if name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("x-meta-")) {
                self.headers.add(name, value, path)?;
            }
        }
        Ok(self)
    }
}
