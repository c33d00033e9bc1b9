//! containerd's hosts.toml: mirrors and certificates of one registry.
//!
//! Source: <https://github.com/containerd/containerd/blob/v2.1.4/docs/hosts.md>. Headers, proxies and time limits of
//! single hosts are not read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::image::Reference;
use serde::Deserialize;
use toml::{Table, Value};

use super::{DOCKER_HUB_HOST, Endpoint, Headers, Hosts, Purpose, Schemes};

/// What is said of one host. At the top of the file it is the registry itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Host {
    /// The registry's own address; only at the top.
    server: Option<String>,
    capabilities: Option<Vec<String>>,
    ca: Option<OneOrMany<PathBuf>>,
    client: Option<Value>,
    skip_verify: bool,
    override_path: bool,
    header: BTreeMap<String, OneOrMany<String>>,
    /// Others, tried before it, in the order of the file; only at the top.
    #[serde(rename = "host")]
    others: Table,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn all(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }
}

impl Hosts {
    /// Where to ask for a name, by the first hosts.toml for its registry; nothing if there is none.
    pub(super) fn by_hosts_toml(&self, name: &Reference, purpose: Purpose) -> Result<Option<Vec<Endpoint>>> {
        let domain = name.domain();
        let by_port = domain.rsplit_once(':').map(|(host, port)| format!("{host}_{port}_"));
        let names = by_port.as_deref().into_iter().chain([domain, "_default"]);
        let files = names.flat_map(|name| {
            self.certificates.iter().map(move |folder| folder.join(name).join("hosts.toml"))
        });
        for file in files {
            let doing = || format!("read `{}`", file.display());
            match fs::read_to_string(&file) {
                Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                text => return self.read_hosts(&text.doing(doing)?, &file, name, purpose).map(Some),
            }
        }
        Ok(None)
    }

    fn read_hosts(
        &self,
        text: &str,
        file: &Path,
        name: &Reference,
        purpose: Purpose,
    ) -> Result<Vec<Endpoint>> {
        let wrong = |err: toml::de::Error| {
            Fault::new(Kind::Invalid, format!("read `{}`", file.display())).because(err.message())
        };
        let top: Host = toml::from_str(text).map_err(wrong)?;
        let mut places = Vec::new();
        for (address, host) in &top.others {
            let host: Host = host.clone().try_into().map_err(wrong)?;
            if host.serves(purpose) {
                places.push(host.endpoint(self, address, file, name)?);
            }
        }
        let usual = if name.domain() == oci::image::DOCKER_HUB { DOCKER_HUB_HOST } else { name.domain() };
        let usual = format!("https://{usual}");
        places.push(top.endpoint(self, top.server.as_deref().unwrap_or(&usual), file, name)?);
        Ok(places)
    }
}

impl Host {
    fn serves(&self, purpose: Purpose) -> bool {
        let wanted = match purpose {
            Purpose::Resolve => "resolve",
            Purpose::Fetch => "pull",
            Purpose::Push => "push",
        };
        self.capabilities.as_ref().is_none_or(|known| known.iter().any(|known| known == wanted))
    }

    fn headers(&self, file: &Path) -> Result<Headers> {
        let mut headers = Headers::default();
        for (name, values) in &self.header {
            values.all().iter().try_for_each(|value| headers.add(name, value, file))?;
        }
        Ok(headers)
    }

    fn endpoint(&self, hosts: &Hosts, address: &str, file: &Path, name: &Reference) -> Result<Endpoint> {
        // Without a scheme it is meant with TLS.
        let address =
            if address.contains("://") { address.to_string() } else { format!("https://{address}") };
        // The image's registry as a whole is what containerd calls it; Docker Hub answers elsewhere.
        let address = address.replacen("://docker.io", &format!("://{DOCKER_HUB_HOST}"), 1);
        let mut place = hosts.at_address(&address, name.path())?;
        if self.override_path {
            place.api = place.api.strip_suffix("/v2").unwrap_or(&place.api).to_string();
        }
        if place.name != name.domain() {
            place.of = Some(name.domain().to_string());
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        let authorities: Vec<_> =
            self.ca.iter().flat_map(OneOrMany::all).map(|one| folder.join(one)).collect();
        place.headers.extend(&self.headers(file)?);
        // Who has named an authority wants it checked, on this machine too.
        place.trust.anybody = self.skip_verify || place.trust.anybody && authorities.is_empty();
        if !place.trust.anybody && place.schemes == Schemes::Either {
            place.schemes = Schemes::Tls;
        }
        place.trust.authorities = authorities;
        place.trust.ours = self.client.as_ref().and_then(|client| ours(client, folder));
        Ok(place)
    }
}

/// The first client certificate and its key: one file with both, or a pair.
fn ours(client: &Value, folder: &Path) -> Option<(PathBuf, PathBuf)> {
    match client {
        Value::String(both) => Some((folder.join(both), folder.join(both))),
        Value::Array(list) => match list.first()? {
            Value::Array(pair) => {
                let cert = folder.join(pair.first()?.as_str()?);
                let key = pair.get(1).and_then(Value::as_str).filter(|key| !key.is_empty());
                Some((cert.clone(), key.map_or(cert, |key| folder.join(key))))
            }
            first => ours(first, folder),
        },
        _ => None,
    }
}
