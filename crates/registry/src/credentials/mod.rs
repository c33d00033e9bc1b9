//! Who we are, for each registry: what docker and podman have in their files, read and written.
//!
//! Looked at in this order, the first that knows the registry counts:
//!
//! 1. the file in `REGISTRY_AUTH_FILE`, as podman has it
//! 2. `DOCKER_AUTH_CONFIG`: the contents of a config.json
//! 3. `config.json` in `DOCKER_CONFIG` or `~/.docker`: `credHelpers`, then `credsStore`, then `auths`
//! 4. podman's `${XDG_RUNTIME_DIR}/containers/auth.json` and `~/.config/containers/auth.json`

mod file;
mod helper;
mod keep;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use fault::Result;
use oci::image::{DOCKER_HUB, Reference};

use file::AuthFile;

pub use keep::Kept;

/// How Docker Hub is called in these files.
const DOCKER_INDEX: &str = "https://index.docker.io/v1/";

/// The proof of who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password, or what the registry takes for one.
        password: String,
    },
    /// A token that gives other tokens.
    Identity {
        /// The name, if one is kept with it.
        user: String,
        /// The token.
        token: String,
    },
    /// A token for the registry itself.
    Registry {
        /// The token.
        token: String,
    },
}

/// Never the secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, user) = match self {
            Credential::Password { user, .. } => ("Password", user.as_str()),
            Credential::Identity { user, .. } => ("Identity", user.as_str()),
            Credential::Registry { .. } => ("Registry", ""),
        };
        f.debug_struct(kind).field("user", &user).finish_non_exhaustive()
    }
}

/// Where credentials are kept. The default keeps none.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Podman's file that the user has named.
    pub chosen: Option<PathBuf>,
    /// The contents of a config.json.
    pub inline: Option<String>,
    /// Docker's config.json. New ones are saved here.
    pub docker: Option<PathBuf>,
    /// Podman's files.
    pub podman: Vec<PathBuf>,
    /// Where helpers (`docker-credential-NAME`) are looked for, as `PATH` has it.
    pub helpers: OsString,
    /// How long a helper may take. It may ask the user something.
    pub helper_limit: Option<Duration>,
    /// A credential for one registry, given for this time only: the registry as in names, and the credential.
    pub given: Option<(String, Credential)>,
}

/// A path in the environment, if there is one.
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Docker's config.json of this user.
pub(crate) fn docker_config() -> Option<PathBuf> {
    let folder = path("DOCKER_CONFIG").or_else(|| path("HOME").map(|home| home.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

impl Credentials {
    /// This user's.
    pub fn of_this_user() -> Credentials {
        let config = path("XDG_CONFIG_HOME").or_else(|| path("HOME").map(|home| home.join(".config")));
        let podman = [path("XDG_RUNTIME_DIR"), config];
        Credentials {
            chosen: path("REGISTRY_AUTH_FILE"),
            inline: env::var("DOCKER_AUTH_CONFIG").ok().filter(|text| !text.is_empty()),
            docker: docker_config(),
            podman: podman.into_iter().flatten().map(|folder| folder.join("containers/auth.json")).collect(),
            helpers: env::var_os("PATH").unwrap_or_default(),
            helper_limit: None,
            given: None,
        }
    }

    /// For a name; its registry decides, and in podman's files also the path.
    ///
    /// # Errors
    /// A file is there and cannot be used; a helper fails. That a registry is known nowhere is no error.
    pub fn of(&self, name: &Reference) -> Result<Option<Credential>> {
        self.find(name.domain(), name.path())
    }

    /// For a registry by its name: `docker.io`, `localhost:5000`.
    ///
    /// # Errors
    /// As [`Credentials::of`].
    pub fn of_registry(&self, domain: &str) -> Result<Option<Credential>> {
        self.find(domain, "")
    }

    pub(crate) fn find(&self, domain: &str, path: &str) -> Result<Option<Credential>> {
        if let Some((_, given)) = self.given.as_ref().filter(|(of, _)| of == domain) {
            return Ok(Some(given.clone()));
        }
        let read = |path: &PathBuf| AuthFile::read(path);
        let mut files = Vec::new();
        files.extend(self.chosen.iter().map(read));
        files.extend(
            self.inline.iter().map(|text| AuthFile::parse(text.as_bytes(), "DOCKER_AUTH_CONFIG").map(Some)),
        );
        files.extend(self.docker.iter().chain(&self.podman).map(read));
        for file in files {
            let Some(file) = file? else { continue };
            if let Some(found) = self.in_file(&file, domain, path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn in_file(&self, file: &AuthFile, domain: &str, path: &str) -> Result<Option<Credential>> {
        let server = if domain == DOCKER_HUB { DOCKER_INDEX } else { domain };
        if let Some(name) = file.helper(domain, server) {
            let limit = self.helper_limit.unwrap_or(helper::LIMIT);
            if let Some(found) = helper::Helper::find(name, &self.helpers, limit)?.get(server)? {
                return Ok(Some(found));
            }
        }
        file.credential(domain, path)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("docker", &self.docker).finish_non_exhaustive()
    }
}
