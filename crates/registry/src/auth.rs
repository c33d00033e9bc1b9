//! What a registry is told about who asks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fault::{Fault, Kind, Result};

use crate::answer::Answer;
use crate::call::Call;
use crate::challenge::Challenge;
use crate::credentials::Credential;
use crate::names::Guard;
use crate::token::{Realm, Token};
use crate::trouble::{Tried, Trouble};
use crate::url::Origin;
use crate::wire::Way;

/// What is known of registries and of us. Shared by threads.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// How each registry wants to be told.
    manners: Mutex<HashMap<Origin, Manner>>,
    tokens: Mutex<HashMap<(Origin, Vec<String>), Token>>,
    /// What was looked up, by registry and path: helpers are slow.
    found: Mutex<HashMap<(String, String), Option<Credential>>>,
    /// Whether a host that may be without TLS has it.
    pub(crate) tls: Mutex<HashMap<String, bool>>,
}

/// How a registry wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Manner {
    Basic,
    Bearer(Realm),
}

impl Call<'_> {
    /// The `Authorization` for a registry that has been asked before.
    pub(crate) fn known_authorization(&self, origin: &Origin) -> Tried<Option<String>> {
        let manner = locked(&self.memory().manners).get(origin).cloned();
        let scopes = self.errand.scopes(&self.at.path);
        manner.map_or(Ok(None), |manner| self.authorization(&manner, origin, scopes, None))
    }

    /// The `Authorization` after a registry has refused; nothing if there is no other that could help.
    /// `told` is what it has refused.
    pub(crate) fn next_authorization(&self, refused: &Answer, told: Option<&str>) -> Tried<Option<String>> {
        let origin = refused.url.origin();
        let challenges: Vec<Challenge> =
            refused.headers("www-authenticate").flat_map(Challenge::all).collect();
        let Some(manner) = choose(&challenges, origin).map_err(Trouble::lasting)? else { return Ok(None) };
        locked(&self.memory().manners).insert(origin.clone(), manner.clone());
        let mut scopes = self.errand.scopes(&self.at.path);
        if told.is_some_and(|told| told.starts_with("Bearer ")) {
            // The registry may know the repository by a longer path.
            let asked = challenges.iter().filter_map(|challenge| challenge.parameter("scope"));
            let fits = |scope: &&str| {
                self.errand.covers(&self.at.path, scope) && !scopes.iter().any(|own| own == scope)
            };
            scopes = asked
                .flat_map(str::split_ascii_whitespace)
                .filter(fits)
                .map(str::to_string)
                .chain(scopes.clone())
                .collect();
        }
        let new = self.authorization(&manner, origin, scopes, told)?;
        Ok(new.filter(|new| Some(new.as_str()) != told))
    }

    fn authorization(
        &self,
        manner: &Manner,
        origin: &Origin,
        scopes: Vec<String>,
        told: Option<&str>,
    ) -> Tried<Option<String>> {
        let credential = self.credential().map_err(Trouble::lasting)?;
        match (manner, credential) {
            (_, Some(Credential::Registry { token })) => Ok(Some(bearer(&token))),
            (Manner::Basic, Some(Credential::Password { user, password })) => {
                Ok(Some(basic(&user, &password)))
            }
            (Manner::Basic, Some(Credential::Identity { user, token })) if !user.is_empty() => {
                Ok(Some(basic(&user, &token)))
            }
            (Manner::Basic, _) => Ok(None),
            (Manner::Bearer(realm), credential) => {
                let token = self.token(realm, credential.as_ref(), (origin.clone(), scopes), told)?;
                Ok(token.map(|token| bearer(&token.value)))
            }
        }
    }

    /// A token that is still good, or a new one.
    fn token(
        &self,
        realm: &Realm,
        credential: Option<&Credential>,
        key: (Origin, Vec<String>),
        told: Option<&str>,
    ) -> Tried<Option<Token>> {
        let origin = &key.0;
        let good =
            |token: &&Token| token.until > Instant::now() && Some(bearer(&token.value).as_str()) != told;
        if let Some(token) = locked(&self.memory().tokens).get(&key).filter(good) {
            return Ok(Some(token.clone()));
        }
        let server = realm.url.origin();
        let hosts = &self.inner.wire.settings.hosts;
        if credential.is_some() && !realm.is_of(origin) {
            return Err(Trouble::lasting(self.another_site(origin, server)));
        }
        let guard = if server.host == origin.host { Guard::User } else { Guard::named_by(origin) };
        let way = Way { trust: hosts.trust_beside(&server.authority(), self.at), guard };
        let doing = format!("get a token from {}", server.authority());
        let token =
            realm.fetch(&self.inner.wire, &way, &key.1, credential, &doing).map_err(Trouble::elsewhere)?;
        if let Some(token) = &token {
            locked(&self.memory().tokens).insert(key, token.clone());
        }
        Ok(token)
    }

    fn another_site(&self, origin: &Origin, server: &Origin) -> Fault {
        let (origin, server) = (origin.authority(), server.authority());
        Fault::new(Kind::Denied, self.errand.doing.clone())
            .because(format!("{origin} sends us for a token to {server}, which is another site"))
            .hint(format!("credentials for {origin} are told to a token server on its own site only"))
    }

    fn credential(&self) -> Result<Option<Credential>> {
        let key = (self.at.name.clone(), self.at.path.clone());
        if let Some(found) = locked(&self.memory().found).get(&key) {
            return Ok(found.clone());
        }
        let found = self.inner.wire.settings.credentials.find(&key.0, &key.1)?;
        locked(&self.memory().found).insert(key, found.clone());
        Ok(found)
    }

    fn memory(&self) -> &Memory {
        &self.inner.memory
    }
}

/// Bearer before Basic: a token says less of us.
fn choose(challenges: &[Challenge], origin: &Origin) -> Result<Option<Manner>> {
    let of = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
    match of("bearer") {
        Some(bearer) => Realm::of(bearer, origin).map(|realm| Some(Manner::Bearer(realm))),
        None => Ok(of("basic").map(|_| Manner::Basic)),
    }
}

/// `Authorization` with a name and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// What these locks guard is whole at any moment, also if a thread has died with one.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
