//! One file with credentials, docker's or podman's: the form is the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fault::{Doing, Fault, Kind, Result};
use oci::image::DOCKER_HUB;
use serde::Deserialize;

use super::{Credential, DOCKER_INDEX};

/// What we read of such a file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AuthFile {
    auths: BTreeMap<String, Entry>,
    creds_store: String,
    cred_helpers: BTreeMap<String, String>,
    /// Where it is, for messages.
    #[serde(skip)]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    /// `user:password` in base64.
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// Bytes of the longest file.
const LONGEST: u64 = 4 << 20;

impl AuthFile {
    /// Nothing if it is not there.
    pub(super) fn read(path: &Path) -> Result<Option<AuthFile>> {
        let name = path.display().to_string();
        let doing = || format!("read credentials from `{name}`");
        let found = match fs::metadata(path) {
            Err(err)
                if matches!(err.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            found => found.doing(doing)?,
        };
        if found.len() > LONGEST {
            return Err(
                Fault::new(Kind::Invalid, doing()).because(format!("it has more than {LONGEST} bytes"))
            );
        }
        let json = fs::read(path).doing(doing)?;
        // podman and docker both take an empty file for one with nothing in it.
        if json.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        AuthFile::parse(&json, &name).map(Some)
    }

    /// The contents of one; `name` is for messages.
    pub(super) fn parse(json: &[u8], name: &str) -> Result<AuthFile> {
        let parsed = serde_json::from_slice(json);
        let mut file: AuthFile = parsed.map_err(|err| {
            // serde's message would show the value, which may be a secret.
            let cause = format!("line {}: not the JSON that is expected there", err.line());
            Fault::new(Kind::Invalid, format!("read credentials from `{name}`")).because(cause)
        })?;
        file.name = name.to_string();
        Ok(file)
    }

    /// The name of the program that keeps the credential of a registry.
    pub(super) fn helper(&self, domain: &str, server: &str) -> Option<&str> {
        let own = self.cred_helpers.get(server).or_else(|| self.cred_helpers.get(domain));
        own.or(Some(&self.creds_store)).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What the file itself has for a registry and a path in it: the longest entry that fits.
    pub(super) fn credential(&self, domain: &str, path: &str) -> Result<Option<Credential>> {
        let mut key = if path.is_empty() { domain.to_string() } else { format!("{domain}/{path}") };
        loop {
            if let Some((key, entry)) = self.entry(&key) {
                return self.read_entry(key, entry);
            }
            match key.rfind('/') {
                Some(at) => key.truncate(at),
                None => return Ok(None),
            }
        }
    }

    /// Docker's keys may be addresses, `https://HOST/v1/`; those stand for their host.
    fn entry(&self, key: &str) -> Option<(&str, &Entry)> {
        if key == DOCKER_HUB
            && let Some(found) = self.auths.get_key_value(DOCKER_INDEX)
        {
            return Some((found.0, found.1));
        }
        let by_host = || self.auths.iter().find(|(known, _)| host_of(known) == Some(key));
        self.auths.get_key_value(key).or_else(by_host).map(|(key, entry)| (key.as_str(), entry))
    }

    fn read_entry(&self, key: &str, entry: &Entry) -> Result<Option<Credential>> {
        let Entry { username, password, identitytoken, registrytoken, .. } = entry;
        let (mut user, mut password) = (username.clone(), password.clone());
        if !entry.auth.is_empty() {
            (user, password) = decode(&entry.auth).ok_or_else(|| {
                let cause = format!("`auths.{key}.auth` is not `user:password` in base64");
                Fault::new(Kind::Invalid, format!("read credentials from `{}`", self.name)).because(cause)
            })?;
        }
        Ok(if !registrytoken.is_empty() {
            Some(Credential::Registry { token: registrytoken.clone() })
        } else if !identitytoken.is_empty() {
            Some(Credential::Identity { user, token: identitytoken.clone() })
        } else if !user.is_empty() || !password.is_empty() {
            Some(Credential::Password { user, password })
        } else {
            None
        })
    }
}

/// Never the secrets.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}

/// Of `https://HOST/v1/`.
pub(super) fn host_of(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    matches!(path, "" | "v1" | "v1/" | "v2" | "v2/").then_some(host)
}

fn decode(auth: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Old dockers have padded passwords with zeros.
    Some((user.to_string(), password.trim_end_matches('\0').to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str, domain: &str, path: &str) -> String {
        let file = AuthFile::parse(json.as_bytes(), "it").unwrap();
        match file.credential(domain, path) {
            Ok(Some(Credential::Password { user, password })) => format!("{user}/{password}"),
            Ok(Some(Credential::Identity { user, token })) => format!("{user} by {token}"),
            Ok(Some(Credential::Registry { token })) => token,
            Ok(None) => String::new(),
            Err(fault) => fault.sentence(),
        }
    }

    #[test]
    fn keys_of_docker_and_of_podman() {
        // a:1, b:2 and so on.
        let json = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "YTox"},
            "b.example": {"auth": "Yjoy"},
            "https://c.example/v1/": {"auth": "Yzoz"},
            "d.example/team": {"auth": "ZDo0"}, "d.example/team/app": {"auth": "ZTo1"}, "d.example": {"auth": "Zjo2"},
            "g.example:5000": {"username": "g", "password": "7"},
            "h.example": {"auth": "aDo=", "identitytoken": "id"},
            "i.example": {"registrytoken": "reg"}, "j.example": {}
        }, "HttpHeaders": {"x": "y"}}"#;
        for (domain, path, expected) in [
            ("docker.io", "library/debian", "a/1"),
            ("b.example", "x", "b/2"),
            ("c.example", "x/y", "c/3"),
            ("d.example", "team/app", "e/5"),
            ("d.example", "team/other", "d/4"),
            ("d.example", "teamwork/app", "f/6"),
            ("d.example", "", "f/6"),
            ("g.example:5000", "x", "g/7"),
            ("g.example", "x", ""),
            ("h.example", "x", "h by id"),
            ("i.example", "x", "reg"),
            ("j.example", "x", ""),
            ("example", "x", ""),
        ] {
            assert_eq!(shown(json, domain, path), expected, "{domain}/{path}");
        }
        assert_eq!(shown(r#"{"auths": {"docker.io": {"auth": "YTox"}}}"#, "docker.io", "x"), "a/1");
    }

    #[test]
    fn a_bad_entry_is_named_and_not_shown() {
        let json = r#"{"auths": {"a": {"auth": "c2VjcmV0"}}}"#;
        let sentence = shown(json, "a", "x");
        assert!(sentence.contains("`auths.a.auth` is not"), "{sentence}");
        let err = AuthFile::parse(br#"{"auths": {"a": "secret"}}"#, "f.json").unwrap_err().sentence();
        assert!(err.contains("`f.json`") && err.contains("line 1") && !err.contains("secret"), "{err}");
    }

    #[test]
    fn who_keeps_a_credential() {
        let json =
            br#"{"credsStore": "pass", "credHelpers": {"a": "ecr", "https://index.docker.io/v1/": "hub"}}"#;
        let file = AuthFile::parse(json, "it").unwrap();
        assert_eq!(file.helper("a", "a"), Some("ecr"));
        assert_eq!(file.helper("docker.io", DOCKER_INDEX), Some("hub"));
        assert_eq!(file.helper("b", "b"), Some("pass"));
        assert_eq!(AuthFile::default().helper("b", "b"), None);
    }
}
