//! One place to ask.

use fault::Result;
use oci::image::DOCKER_HUB;

use super::{Headers, Hosts};
use crate::tls::Trust;
use crate::url::Url;

/// Where Docker Hub answers.
pub(super) const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// One place to ask for a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Whom credentials are for: the registry's name, or the mirror's.
    pub(crate) name: String,
    /// `host` or `host:port`.
    pub(crate) authority: String,
    /// What stands before the repository's path: `/v2`.
    pub(crate) api: String,
    /// Path of the repository there; nothing for the registry itself.
    pub(crate) path: String,
    /// Of whom it is a mirror, if it wants to be told.
    pub(crate) of: Option<String>,
    pub(crate) schemes: Schemes,
    pub(crate) trust: Trust,
    /// What it is sent with each request, and nobody that it leads to.
    pub(crate) headers: Headers,
}

/// With TLS or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schemes {
    Tls,
    /// With, and if it does not answer, without.
    Either,
    Plain,
}

impl Endpoint {
    /// What is in the repository, as path and query.
    pub(crate) fn target(&self, rest: &str) -> String {
        let of = self.of.iter().map(|of| format!("?ns={}", crate::url::encoded(of)));
        format!("{}/{}/{rest}{}", self.api, self.path, of.collect::<String>())
    }
}

impl Hosts {
    /// A registry, or another place, by its name.
    pub(super) fn named(&self, name: &str, path: &str, insecure: bool) -> Endpoint {
        let authority = if name == DOCKER_HUB { DOCKER_HUB_HOST } else { name };
        let insecure = insecure || self.is_insecure(name);
        Endpoint {
            name: name.to_string(),
            authority: authority.to_string(),
            api: "/v2".to_string(),
            path: path.to_string(),
            of: None,
            schemes: if insecure { Schemes::Either } else { Schemes::Tls },
            trust: Trust { anybody: insecure, ..self.trust_of(authority) },
            headers: self.headers.clone(),
        }
    }

    /// A place by its address, as daemon.json and hosts.toml have it.
    pub(super) fn at_address(&self, address: &str, path: &str) -> Result<Endpoint> {
        let url = Url::parse(address).map_err(|fault| fault.during(format!("use the mirror `{address}`")))?;
        let authority = url.origin().authority();
        let before = url.target().split('?').next().unwrap_or_default().trim_end_matches('/');
        let place = self.named(&authority, path, false);
        Ok(Endpoint {
            api: if before.ends_with("/v2") { before.to_string() } else { format!("{before}/v2") },
            // Docker Hub under its address is Docker Hub.
            name: if authority == DOCKER_HUB_HOST { DOCKER_HUB.to_string() } else { authority },
            schemes: if url.origin().tls { place.schemes } else { Schemes::Plain },
            ..place
        })
    }
}
