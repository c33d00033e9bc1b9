//! Credentials that stay: `login` and `logout`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fault::{Doing, Fault, Kind, Result};
use oci::image::DOCKER_HUB;
use rustix::fs::{FlockOperation, flock};
use serde_json::{Map, Value, json};

use super::file::{AuthFile, host_of};
use super::helper::{self, Helper};
use super::{Credential, Credentials, DOCKER_INDEX};

/// Where a credential is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In this file, where whoever can read the file can read it.
    File(PathBuf),
    /// By this helper.
    Helper(String),
}

impl Credentials {
    /// Keeps a credential for a registry: by the helper that docker's config.json names, else in that file; in
    /// podman's file if the user has chosen one.
    ///
    /// # Errors
    /// The file cannot be written, the helper fails, or there is no place (no home folder).
    pub fn keep(&self, domain: &str, credential: &Credential) -> Result<Kept> {
        let path = self.place()?;
        let server = server(domain);
        let (helper, file) = self.helper_of(path, domain)?;
        if let Some(helper) = helper {
            helper.store(server, credential)?;
            edit(path, |auths| drop(auths.insert(server.to_string(), json!({}))))?;
            return Ok(Kept::Helper(file));
        }
        let entry = entry(credential);
        edit(path, |auths| {
            auths.retain(|key, _| !stands_for(key, domain));
            auths.insert(server.to_string(), entry);
        })?;
        Ok(Kept::File(path.to_path_buf()))
    }

    /// Forgets what is kept for a registry; says whether there was anything.
    ///
    /// # Errors
    /// As [`Credentials::keep`].
    pub fn forget(&self, domain: &str) -> Result<bool> {
        let path = self.place()?;
        let (helper, _) = self.helper_of(path, domain)?;
        let mut was_there = false;
        if let Some(helper) = helper {
            was_there |= helper.get(server(domain))?.is_some();
            helper.erase(server(domain))?;
        }
        if path.exists() {
            edit(path, |auths| {
                let before = auths.len();
                auths.retain(|key, _| !stands_for(key, domain));
                was_there |= auths.len() < before;
            })?;
        }
        Ok(was_there)
    }

    fn place(&self) -> Result<&Path> {
        let none = || {
            Fault::new(Kind::NotFound, "keep a credential")
                .because("there is no home folder")
                .hint("name a folder in DOCKER_CONFIG")
        };
        self.chosen.as_deref().or(self.docker.as_deref()).ok_or_else(none)
    }

    /// The helper for a registry, and its name.
    fn helper_of(&self, path: &Path, domain: &str) -> Result<(Option<Helper>, String)> {
        let file = AuthFile::read(path)?.unwrap_or_default();
        let Some(name) = file.helper(domain, server(domain)) else { return Ok((None, String::new())) };
        let limit = self.helper_limit.unwrap_or(helper::LIMIT);
        Ok((Some(Helper::find(name, &self.helpers, limit)?), name.to_string()))
    }
}

/// Changes `auths` in a file, and nothing else of it. One at a time: the file is written anew and renamed, and who
/// has read it before would lose what the other has written.
fn edit(path: &Path, change: impl FnOnce(&mut Map<String, Value>)) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    // A link to a file that is kept elsewhere stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).doing(doing)?;
    let lock = File::open(folder).doing(doing)?;
    flock(&lock, FlockOperation::LockExclusive).doing(doing)?;
    let mut whole = read_whole(&path)?;
    let auths = whole.entry("auths").or_insert_with(|| json!({}));
    let Some(auths) = auths.as_object_mut() else {
        return Err(Fault::new(Kind::Invalid, doing()).because("`auths` in it is not an object"));
    };
    let before = auths.clone();
    change(auths);
    if *auths == before {
        return Ok(());
    }
    let mut text = serde_json::to_vec_pretty(&whole).map_err(io::Error::from).doing(doing)?;
    text.push(b'\n');
    replace(&path, &text).doing(doing)
}

/// All of a file, whatever is in it; an empty object if it is not there.
fn read_whole(path: &Path) -> Result<Map<String, Value>> {
    let doing = || format!("read `{}`", path.display());
    let json = match fs::read(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        json => json.doing(doing)?,
    };
    if json.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let wrong = |err: serde_json::Error| {
        let cause = format!("line {}: not the JSON that is expected there", err.line());
        Fault::new(Kind::Invalid, doing()).because(cause)
    };
    serde_json::from_slice(&json).map_err(wrong)
}

/// Nobody but its owner can read it, not even for a moment, and it is there as a whole or as it was.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
            file.write_all(text)?;
            file.sync_all()?;
            fs::rename(&new, path)
        });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

fn server(domain: &str) -> &str {
    if domain == DOCKER_HUB { DOCKER_INDEX } else { domain }
}

fn stands_for(key: &str, domain: &str) -> bool {
    key == domain || key == server(domain) || host_of(key) == Some(domain)
}

/// As docker writes it.
fn entry(credential: &Credential) -> Value {
    match credential {
        Credential::Password { user, password } => {
            json!({ "auth": STANDARD.encode(format!("{user}:{password}")) })
        }
        Credential::Identity { user, token } => {
            json!({ "auth": STANDARD.encode(format!("{user}:")), "identitytoken": token })
        }
        Credential::Registry { token } => json!({ "registrytoken": token }),
    }
}
