//! The name of an image.

use std::fmt;
use std::str::FromStr;

use fault::{Fault, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Digest, grammar};

/// The registry of a name that names none.
pub const DOCKER_HUB: &str = "docker.io";

/// The tag of a name that has none.
pub const DEFAULT_TAG: &str = "latest";

/// What Docker Hub was called before.
const DOCKER_INDEX: &str = "index.docker.io";

/// Where Docker Hub keeps the images whose names have one part.
const OFFICIAL: &str = "library/";

/// Characters of the longest path.
const LONGEST: usize = 255;

/// The name of an image: a registry, a path in it, and a tag, a digest, both or neither.
///
/// People write `debian`; it means `docker.io/library/debian`. `Display` gives the whole, [`Reference::familiar`]
/// what people write. The rules and the texts of the errors are Docker's.
///
/// Source: <https://github.com/distribution/reference/blob/v0.6.0/normalize.go>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry: `docker.io`, `localhost:5000`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path in the registry: `library/debian`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Registry and path.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// What it was called when it was pushed; can be another image tomorrow.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// What it is; where there is one, a tag is only a note.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Registry and path as people write them: `debian`.
    pub fn familiar_name(&self) -> String {
        if self.domain != DOCKER_HUB {
            return self.name();
        }
        let official = self.path.strip_prefix(OFFICIAL).filter(|rest| !rest.contains('/'));
        official.unwrap_or(&self.path).to_string()
    }

    /// The whole as people write it: `debian:12`.
    pub fn familiar(&self) -> String {
        format!("{}{}", self.familiar_name(), self.suffix())
    }

    /// With `latest`, if it has neither tag nor digest.
    #[must_use]
    pub fn or_latest(mut self) -> Reference {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(DEFAULT_TAG.to_string());
        }
        self
    }

    /// The same with another tag.
    ///
    /// # Errors
    /// `Invalid`: not a tag.
    pub fn with_tag(mut self, tag: &str) -> Result<Reference> {
        if !grammar::is_tag(tag) {
            return Err(Fault::invalid(tag, "invalid tag format"));
        }
        self.tag = Some(tag.to_string());
        Ok(self)
    }

    /// The same with another digest.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Reference {
        self.digest = Some(digest);
        self
    }

    /// The same without tag and digest.
    #[must_use]
    pub fn repository(&self) -> Reference {
        Reference { tag: None, digest: None, ..self.clone() }
    }

    fn suffix(&self) -> String {
        let tag = self.tag.iter().map(|tag| format!(":{tag}"));
        tag.chain(self.digest.iter().map(|digest| format!("@{digest}"))).collect()
    }
}

impl FromStr for Reference {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Reference> {
        let wrong = |cause: &str| Fault::invalid(text, cause);
        if is_identifier(text) {
            let cause =
                format!("invalid repository name ({text}), cannot specify 64-byte hexadecimal strings");
            return Err(wrong(&cause));
        }
        let whole = normalised(text);
        let rest = whole.split_once('/').map_or("", |(_, rest)| rest);
        let path = rest.split(':').next().unwrap_or_default();
        if path.to_lowercase() != path {
            let cause = format!("invalid reference format: repository name ({path}) must be lowercase");
            return Err(wrong(&cause));
        }
        let Some(parts) = grammar::parts(&whole) else {
            let lower = grammar::parts(&whole.to_lowercase()).is_some();
            return Err(wrong(if lower {
                "repository name must be lowercase"
            } else {
                "invalid reference format"
            }));
        };
        if parts.path.len() > LONGEST {
            return Err(wrong(&format!("repository name must not be more than {LONGEST} characters")));
        }
        Ok(Reference {
            domain: parts.domain.to_string(),
            path: parts.path.to_string(),
            tag: parts.tag.map(str::to_string),
            digest: parts.digest.map(str::parse).transpose()?,
        })
    }
}

/// With registry, and `library/` where Docker Hub has it. Of a first part only its looks say that it is a registry.
fn normalised(text: &str) -> String {
    let (domain, rest) = match text.split_once('/') {
        Some((DOCKER_INDEX, rest)) => (DOCKER_HUB, rest),
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => (DOCKER_HUB, text),
    };
    let official = if domain == DOCKER_HUB && !rest.contains('/') { OFFICIAL } else { "" };
    format!("{domain}/{official}{rest}")
}

/// An upper-case letter is not allowed in a path, so `Foo/bar` must have a registry.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first
}

/// The digits of a SHA-256: the identifier of an image, so not a name.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a person may call an image by: its name, or the whole of its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// `debian:12`.
    Reference(Reference),
    /// `sha256:...`, or its 64 digits alone.
    Digest(Digest),
}

impl FromStr for Named {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Named> {
        if is_identifier(text) {
            return format!("sha256:{text}").parse().map(Named::Digest);
        }
        text.parse().map(Named::Digest).or_else(|_| text.parse().map(Named::Reference))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Reference, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|err: Fault| serde::de::Error::custom(err.sentence()))
    }
}
