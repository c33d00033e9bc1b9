//! Everything that a client is told from outside.

use std::sync::Arc;

use fault::Result;

use crate::{Credentials, Hosts, Patience, Proxies, Waiting};

/// Everything that a client is told from outside. Tests have folders of their own for each of it.
#[derive(Clone, Default)]
pub struct Settings {
    /// Mirrors, certificates, and which hosts need no TLS.
    pub hosts: Hosts,
    /// Where credentials are kept.
    pub credentials: Credentials,
    /// Proxies.
    pub proxies: Proxies,
    /// How long to wait, and how often to try.
    pub patience: Patience,
    /// Is told before each pause; a person may want to know.
    pub watch: Option<Watch>,
}

/// Is told of pauses.
pub type Watch = Arc<dyn Fn(&Waiting) + Send + Sync>;

impl Settings {
    /// As this machine and this user have it: files in `/etc` and in the home folder, and the environment.
    ///
    /// # Errors
    /// A file is there and cannot be used.
    pub fn of_this_machine() -> Result<Settings> {
        Ok(Settings {
            hosts: Hosts::of_this_machine()?,
            credentials: Credentials::of_this_user(),
            proxies: Proxies::of_the_environment(),
            ..Settings::default()
        })
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
