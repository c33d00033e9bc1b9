//! Bearer tokens: who gives them, and for what.
//!
//! Sources: <https://distribution.github.io/distribution/spec/auth/token/>,
//! <https://distribution.github.io/distribution/spec/auth/oauth/>

use std::time::{Duration, Instant};

use fault::{Fault, Kind, Result};
use serde::Deserialize;
use ureq::http::Method;
use ureq::http::header::AUTHORIZATION;

use crate::auth::basic;
use crate::challenge::Challenge;
use crate::credentials::Credential;
use crate::names::Guard;
use crate::refusal::{Wish, refusal};
use crate::trouble::Trouble;
use crate::url::{Origin, Url, encoded};
use crate::wire::{Ask, Comes, Load, Way, Wire};

/// What a registry has said about its token server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Realm {
    pub(crate) url: Url,
    pub(crate) service: Option<String>,
}

/// A token, and how long it is good for.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<f64>,
}

/// Bytes of a token server's answer.
const LONGEST: u64 = 1 << 20;

/// Bytes of a token: it becomes a header.
const LONGEST_TOKEN: usize = 128 << 10;

/// How long a token is good for whose server does not say.
const USUAL: Duration = Duration::from_mins(1);

/// Clocks and connections need some time.
const MARGIN: Duration = Duration::from_secs(10);

impl Realm {
    /// Of a challenge by `origin`.
    ///
    /// # Errors
    /// `Invalid`: no address. `Denied`: without TLS although the registry has it, or an address that the registry
    /// may not lead to.
    pub(crate) fn of(challenge: &Challenge, origin: &Origin) -> Result<Realm> {
        let doing = || format!("use the token server of {}", origin.authority());
        let denied = |cause: String| Fault::new(Kind::Denied, doing()).because(cause);
        let Some(realm) = challenge.parameter("realm") else {
            return Err(
                Fault::new(Kind::Invalid, doing()).because("the registry does not say where it is (`realm`)")
            );
        };
        let url = origin.at("/").join(realm).map_err(|fault| fault.during(doing()))?;
        if origin.tls && !url.origin().tls {
            return Err(denied(format!("`{url}` is without TLS")));
        }
        if let Some(ip) = url.origin().ip() {
            Guard::named_by(origin).check(ip).map_err(|fault| fault.during(doing()))?;
        }
        Ok(Realm { url, service: challenge.parameter("service").map(str::to_string) })
    }

    /// Credentials for `origin` may go there: it is the same host, or one on the same site.
    pub(crate) fn is_of(&self, origin: &Origin) -> bool {
        let (server, registry) = (&self.url.origin().host, &origin.host);
        let below = |name: &str, site: &str| {
            name == site || name.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'))
        };
        if origin.ip().is_some() || self.url.origin().ip().is_some() {
            return server == registry || origin.is_loopback() && self.url.origin().is_loopback();
        }
        let site = registry.split_once('.').map(|(_, site)| site).filter(|site| site.contains('.'));
        below(server, registry)
            || site.is_some_and(|site| below(server, site))
            || (origin.is_loopback() && self.url.origin().is_loopback())
    }

    /// Asks for a token; nothing if there is none for those who are not known. `doing` completes the sentence "cannot ...".
    pub(crate) fn fetch(
        &self,
        wire: &Wire,
        way: &Way,
        scopes: &[String],
        credential: Option<&Credential>,
        doing: &str,
    ) -> std::result::Result<Option<Token>, Trouble> {
        let answer = match credential {
            Some(Credential::Identity { user, token }) => {
                let answer = self.post(wire, way, scopes, token, doing)?;
                match answer.status {
                    // Servers that know nothing of this way.
                    401 | 404 | 405 if !user.is_empty() => {
                        self.get(wire, way, scopes, Some(basic(user, token)), doing)?
                    }
                    _ => answer,
                }
            }
            Some(Credential::Password { user, password }) => {
                self.get(wire, way, scopes, Some(basic(user, password)), doing)?
            }
            Some(Credential::Registry { .. }) | None => self.get(wire, way, scopes, None, doing)?,
        };
        if answer.is_passing() {
            let fault = refusal(answer, Wish::LogIn, doing);
            return Err(Trouble { passing: true, ..Trouble::lasting(fault) });
        }
        if matches!(answer.status, 401 | 403) && credential.is_none() {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(Trouble::lasting(refusal(answer, Wish::LogIn, doing)));
        }
        let host = answer.url.origin().authority();
        Token::read(&answer.read(LONGEST, doing)?, Instant::now()).map(Some).map_err(|cause| {
            Trouble::lasting(Fault::new(Kind::Invalid, doing).because(format!("{host}: {cause}")))
        })
    }

    /// With a name and a password, or with nothing.
    fn get(
        &self,
        wire: &Wire,
        way: &Way,
        scopes: &[String],
        authorization: Option<String>,
        doing: &str,
    ) -> std::result::Result<crate::answer::Answer, Trouble> {
        let service = self.service.iter().map(|service| ("service", service));
        let parameters = service.chain(scopes.iter().map(|scope| ("scope", scope)));
        let url = parameters.fold(self.url.clone(), |url, (name, value)| url.with(name, value));
        let mut ask = Ask::get(url);
        ask.headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
        wire.send(&mut ask, way, doing)
    }

    /// With a token that gives other tokens.
    fn post(
        &self,
        wire: &Wire,
        way: &Way,
        scopes: &[String],
        token: &str,
        doing: &str,
    ) -> std::result::Result<crate::answer::Answer, Trouble> {
        let service = self.service.as_deref().unwrap_or_default();
        let form = format!(
            "grant_type=refresh_token&service={}&client_id=nagaya&scope={}&refresh_token={}",
            encoded(service),
            encoded(&scopes.join(" ")),
            encoded(token)
        );
        let ask = Ask::new(Method::POST, self.url.clone(), Comes::Document);
        let ask = ask.header("content-type", "application/x-www-form-urlencoded");
        wire.send(&mut ask.load(Load::Bytes(form.into_bytes().into())), way, doing)
    }
}

impl Token {
    /// Of a token server's answer.
    fn read(json: &[u8], now: Instant) -> std::result::Result<Token, String> {
        // The answer is a secret, so no message shows any of it.
        let answer: Answer = serde_json::from_slice(json)
            .map_err(|_| "its answer is not the JSON that is expected".to_string())?;
        let value = answer.token.into_iter().chain(answer.access_token).find(|value| !value.is_empty());
        let value = value.ok_or("there is no token in its answer")?;
        if value.len() > LONGEST_TOKEN || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its token cannot be one".to_string());
        }
        let said = answer.expires_in.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let good = said.unwrap_or(USUAL).clamp(USUAL, Duration::from_hours(24));
        Ok(Token { value, until: now + good.saturating_sub(MARGIN) })
    }
}

/// Never the secret.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_on_the_same_site() {
        let is_of = |server: &str, registry: &str| {
            let url = Url::parse(&format!("https://{server}/token")).unwrap();
            Realm { url, service: None }.is_of(&Origin::new(true, registry).unwrap())
        };
        for (server, registry) in [
            ("auth.docker.io", "registry-1.docker.io"),
            ("gitlab.com", "registry.gitlab.com"),
            ("ghcr.io", "ghcr.io"),
            ("auth.quay.io", "quay.io"),
            ("git.example.co.uk:8443", "registry.example.co.uk:5050"),
            ("10.0.0.1:5001", "10.0.0.1:5000"),
            ("127.0.0.1:5001", "localhost:5000"),
            ("localhost:1", "localhost:2"),
        ] {
            assert!(is_of(server, registry), "{server} for {registry}");
        }
        for (server, registry) in [
            ("docker.io.evil.example", "registry-1.docker.io"),
            ("evildocker.io", "registry-1.docker.io"),
            ("evil.io", "quay.io"),
            ("io", "quay.io"),
            ("example.com", "docker.example.org"),
            ("10.0.0.2", "10.0.0.1"),
            ("10.0.0.1", "a.example"),
            ("0.0.1", "10.0.0.1"),
            ("localhost", "a.example"),
        ] {
            assert!(!is_of(server, registry), "{server} for {registry}");
        }
    }

    #[test]
    fn a_token_is_good_as_long_as_it_says_but_for_a_margin() {
        let now = Instant::now();
        let good =
            |json: &str| Token::read(json.as_bytes(), now).unwrap().until.duration_since(now).as_secs();
        assert_eq!(good(r#"{"token":"a"}"#), 50);
        assert_eq!(good(r#"{"token":"a","expires_in":300}"#), 290);
        assert_eq!(good(r#"{"token":"a","expires_in":1}"#), 50);
        for mad in ["-5", "0", "1e300", "-1e300"] {
            let seconds = good(&format!(r#"{{"token":"a","expires_in":{mad}}}"#));
            assert!((50..=24 * 3600).contains(&seconds), "{mad}: {seconds}");
        }
    }
}
