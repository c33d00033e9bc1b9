//! Docker's daemon.json, as far as it is about registries.

use std::fs;
use std::io;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use serde::Deserialize;

use super::Hosts;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Daemon {
    #[serde(default)]
    registry_mirrors: Vec<String>,
    #[serde(default)]
    insecure_registries: Vec<String>,
}

impl Hosts {
    /// With what a daemon.json says; nothing if it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn with_daemon_json(mut self, path: &Path) -> Result<Hosts> {
        let doing = || format!("read `{}`", path.display());
        let json = match fs::read(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(self),
            // It may hold secrets of the daemon's, and is then none of an ordinary user's business.
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => return Ok(self),
            json => json.doing(doing)?,
        };
        if json.iter().all(u8::is_ascii_whitespace) {
            return Ok(self);
        }
        let daemon: Daemon =
            serde_json::from_slice(&json).map_err(|err| Fault::new(Kind::Invalid, doing()).because(err))?;
        self.mirrors.extend(daemon.registry_mirrors);
        self.insecure.extend(daemon.insecure_registries);
        Ok(self)
    }
}
