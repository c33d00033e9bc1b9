//! Where a registry is, and how it is reached.

mod containerd;
mod daemon;
mod endpoint;
mod headers;
mod podman;

use std::env;
use std::path::PathBuf;

use fault::Result;
use oci::image::{DOCKER_HUB, Reference};

use crate::tls::Trust;
use crate::url::Origin;
use endpoint::DOCKER_HUB_HOST;

pub(crate) use endpoint::{Endpoint, Schemes};
pub use headers::Headers;
pub use podman::Rules;

/// What this machine says of registries. The default says nothing.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// Mirrors of Docker Hub, as addresses; they are asked first.
    pub mirrors: Vec<String>,
    /// Registries that need no TLS, or whose certificate need not be checked: `host`, `host:port`, or a network as
    /// `10.0.0.0/8`. This machine itself is always one, unless there are certificates for it.
    pub insecure: Vec<String>,
    /// Folders with a folder `HOST` or `HOST:PORT` for each registry that has an authority of its own: `*.crt` are
    /// authorities, `*.cert` and `*.key` are what we show. A `hosts.toml` in it is containerd's.
    pub certificates: Vec<PathBuf>,
    /// The authorities of this machine in one file, where it is not one of the usual places.
    pub authorities: Option<PathBuf>,
    /// A file as `/etc/hosts` is, instead of that.
    pub names: Option<PathBuf>,
    /// A file as `/etc/resolv.conf` is, instead of that.
    pub resolv_conf: Option<PathBuf>,
    /// Headers that every registry and mirror is sent.
    pub headers: Headers,
    /// What podman's registries.conf says.
    pub rules: Rules,
}

/// What a place is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What a tag stands for.
    Resolve,
    /// What has a digest.
    Fetch,
    /// To take something in, or to know somebody.
    Push,
}

impl Hosts {
    /// As docker, podman and containerd have it on this machine.
    ///
    /// # Errors
    /// A file is there and cannot be read.
    pub fn of_this_machine() -> Result<Hosts> {
        let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
        let own = |rest: &str| config.iter().map(|folder| folder.join(rest)).collect::<Vec<_>>();
        let system = |rest: &str| PathBuf::from("/etc").join(rest);
        let certificates = ["docker/certs.d", "containers/certs.d", "containerd/certs.d"];
        let certificates = certificates.iter().flat_map(|rest| own(rest).into_iter().chain([system(rest)]));
        let hosts = Hosts { certificates: certificates.collect(), ..Hosts::default() };
        let chosen = env::var_os("CONTAINERS_REGISTRIES_CONF").map(PathBuf::from);
        let mine = own("containers/registries.conf").into_iter().find(|file| file.is_file());
        let podman = chosen.or(mine).unwrap_or_else(|| system("containers/registries.conf"));
        let mut folders = vec![system("containers/registries.conf.d")];
        folders.extend(own("containers/registries.conf.d"));
        let hosts = hosts.with_daemon_json(&system("docker/daemon.json"))?;
        let docker = crate::credentials::docker_config();
        let hosts = docker.map_or_else(|| Ok(hosts.clone()), |file| hosts.clone().with_config_json(&file))?;
        hosts.with_registries_conf(&podman, &folders)
    }

    /// Where to ask for what is in a repository, the first first. The last is the registry itself.
    pub(crate) fn endpoints(&self, name: &Reference, purpose: Purpose) -> Result<Vec<Endpoint>> {
        let mut places = Vec::new();
        if name.domain() == DOCKER_HUB && purpose != Purpose::Push {
            for address in &self.mirrors {
                places.push(self.at_address(address, name.path())?);
            }
        }
        places.extend(match (self.rule(&name.name()), self.by_hosts_toml(name, purpose)?) {
            (Some(rule), _) => rule.endpoints(self, name, purpose)?,
            (None, Some(places)) => places,
            (None, None) => vec![self.named(name.domain(), name.path(), false)],
        });
        Ok(places)
    }

    /// The registry itself, for a repository in it.
    ///
    /// # Errors
    /// It is blocked.
    pub(crate) fn origin(&self, name: &Reference) -> Result<Endpoint> {
        let last = self.endpoints(name, Purpose::Push)?.pop();
        Ok(last.unwrap_or_else(|| self.named(name.domain(), name.path(), false)))
    }

    /// The registry itself, for nothing in it.
    pub(crate) fn registry(&self, domain: &str) -> Endpoint {
        self.named(domain, "", false)
    }

    /// The user has said so, or it is this machine and nobody has said otherwise.
    pub(crate) fn is_insecure(&self, authority: &str) -> bool {
        let Some(origin) = Origin::new(true, authority) else { return false };
        let network = |rule: &str| {
            let (network, bits) = rule.split_once('/')?;
            Some(crate::proxy::within(origin.ip()?, network.parse().ok()?, bits.parse().ok()?))
        };
        let named = |rule: &String| rule.eq_ignore_ascii_case(authority) || network(rule) == Some(true);
        self.insecure.iter().any(named) || origin.is_loopback() && !self.has_authorities(authority)
    }

    /// How a certificate of `authority` is checked, which `beside` has led to: its authorities are believed too, but
    /// our certificate for it is not shown.
    pub(crate) fn trust_beside(&self, authority: &str, beside: &Endpoint) -> Trust {
        let mut trust = self.trust_of(authority);
        trust.folders.extend(beside.trust.folders.iter().cloned());
        trust.authorities.clone_from(&beside.trust.authorities);
        trust
    }

    /// How a certificate of `authority` is checked.
    fn trust_of(&self, authority: &str) -> Trust {
        let folders = self.folders(authority);
        Trust { anybody: self.is_insecure(authority), own: folders.len(), folders, ..Trust::default() }
    }

    fn folders(&self, authority: &str) -> Vec<PathBuf> {
        let name = if authority == DOCKER_HUB_HOST { DOCKER_HUB } else { authority };
        let folders = self.certificates.iter().flat_map(|folder| [folder.join(authority), folder.join(name)]);
        let mut folders: Vec<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
        folders.dedup();
        folders
    }

    fn has_authorities(&self, authority: &str) -> bool {
        let is_authority = |path: PathBuf| path.extension().is_some_and(|end| end == "crt");
        let entries = self.folders(authority).into_iter().filter_map(|folder| folder.read_dir().ok());
        entries.flatten().flatten().any(|entry| is_authority(entry.path()))
    }
}
