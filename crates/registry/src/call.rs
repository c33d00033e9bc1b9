//! One request to a registry until it is answered: tries, pauses, credentials and redirects.

use std::time::SystemTime;

use fault::{Fault, Kind, Result};
use ureq::http::Method;
use ureq::http::header::AUTHORIZATION;

use crate::answer::Answer;
use crate::auth::locked;
use crate::client::Inner;
use crate::errand::Errand;
use crate::hosts::{Endpoint, Schemes};
use crate::names::Guard;
use crate::patience::retry_after;
use crate::refusal::{Wish, refusal};
use crate::trouble::{Tried, Trouble};
use crate::url::{Origin, Url};
use crate::wire::{Ask, Load, Way};

/// One request to a registry until it is answered.
pub(crate) struct Call<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) at: &'a Endpoint,
    pub(crate) errand: &'a Errand,
    pub(crate) wish: Wish<'a>,
    /// It was there a moment ago, so that nobody answers may pass too.
    pub(crate) was_there: bool,
    pub(crate) tries: u32,
}

/// Redirects that one request may take.
const MOST_REDIRECTS: usize = 10;

impl<'a> Call<'a> {
    pub(crate) fn new(inner: &'a Inner, at: &'a Endpoint, errand: &'a Errand, wish: Wish<'a>) -> Call<'a> {
        let tries = inner.wire.settings.patience.tries;
        Call { inner, at, errand, wish, was_there: false, tries }
    }

    /// An answer that is neither a redirect nor something that passes. `make` gives the request for a registry that
    /// is found at an origin; it is called again for each try.
    pub(crate) fn answer<'b>(&self, make: &mut dyn FnMut(&Origin) -> Result<Ask<'b>>) -> Result<Answer> {
        for tried in 1.. {
            let (why, asked) = match self.once(make) {
                Ok(answer) if !answer.is_passing() => return Ok(answer),
                Ok(answer) => {
                    let asked = answer
                        .header("retry-after")
                        .and_then(|header| retry_after(header, SystemTime::now()));
                    (refusal(answer, self.wish, &self.errand.doing), asked)
                }
                Err(trouble) if trouble.passing && (!trouble.nobody || self.was_there) => {
                    (trouble.fault, None)
                }
                Err(trouble) => return Err(trouble.fault),
            };
            if tried >= self.tries {
                return Err(why);
            }
            self.inner.pause(why, tried, asked);
        }
        Err(Fault::new(Kind::Failed, self.errand.doing.clone()))
    }

    /// It must have worked.
    pub(crate) fn success<'b>(&self, make: &mut dyn FnMut(&Origin) -> Result<Ask<'b>>) -> Result<Answer> {
        let answer = self.answer(make)?;
        if answer.is_success() { Ok(answer) } else { Err(refusal(answer, self.wish, &self.errand.doing)) }
    }

    /// One try, with TLS or without.
    fn once<'b>(&self, make: &mut dyn FnMut(&Origin) -> Result<Ask<'b>>) -> Tried<Answer> {
        let known = locked(&self.inner.memory.tls).get(&self.at.authority).copied();
        let tls = match self.at.schemes {
            Schemes::Tls => true,
            Schemes::Plain => false,
            Schemes::Either => known.unwrap_or(true),
        };
        let tried = self.told(&self.origin(tls)?, make);
        if self.at.schemes != Schemes::Either || known.is_some() {
            return tried;
        }
        match tried {
            Err(trouble) if trouble.no_tls => {
                let plain = self.told(&self.origin(false)?, make);
                match plain {
                    Err(again) if again.no_tls => Err(if trouble.nobody { again } else { trouble }),
                    plain => self.remember(false, plain),
                }
            }
            tried => self.remember(true, tried),
        }
    }

    fn remember(&self, tls: bool, tried: Tried<Answer>) -> Tried<Answer> {
        if tried.is_ok() {
            locked(&self.inner.memory.tls).insert(self.at.authority.clone(), tls);
        }
        tried
    }

    fn origin(&self, tls: bool) -> Tried<Origin> {
        let wrong = || Fault::invalid(&self.at.authority, "not a host and a port");
        Origin::new(tls, &self.at.authority).ok_or_else(|| Trouble::lasting(wrong()))
    }

    /// With what the registry wants to be told, as often as that helps: a token may have expired, or be for less
    /// than is needed.
    fn told<'b>(&self, origin: &Origin, make: &mut dyn FnMut(&Origin) -> Result<Ask<'b>>) -> Tried<Answer> {
        let mut told = self.known_authorization(origin)?;
        for _ in 0..2 {
            let answer = self.follow(make(origin).map_err(Trouble::lasting)?, origin, told.as_deref())?;
            if answer.status != 401 || answer.url.origin() != origin {
                return Ok(answer);
            }
            match self.next_authorization(&answer, told.as_deref())? {
                Some(next) => told = Some(next),
                None => return Ok(answer),
            }
        }
        self.follow(make(origin).map_err(Trouble::lasting)?, origin, told.as_deref())
    }

    /// To where it ends. `told` is for `origin` alone, and for nobody after the first who is somebody else.
    fn follow(&self, mut ask: Ask<'_>, origin: &Origin, told: Option<&str>) -> Tried<Answer> {
        let mut told = told.filter(|_| ask.url.origin() == origin);
        let plain = ask.headers.len();
        for _ in 0..=MOST_REDIRECTS {
            ask.headers.truncate(plain);
            ask.headers.extend(told.map(|told| (AUTHORIZATION, told.to_string())));
            if ask.url.origin() == origin {
                ask.headers.extend(self.at.headers.sent(told.is_some()));
            }
            let way = self.way(&ask.url, origin);
            let sent = self.inner.wire.send(&mut ask, &way, &self.errand.doing);
            let elsewhere = ask.url.origin() != origin;
            let answer = sent.map_err(|trouble| if elsewhere { trouble.elsewhere() } else { trouble })?;
            let Some(next) = self.redirect(&answer, &ask).map_err(Trouble::lasting)? else {
                return Ok(answer);
            };
            told = told.filter(|_| next.origin() == origin);
            ask.url = next;
        }
        let cause = format!("{}: more than {MOST_REDIRECTS} redirects", origin.authority());
        Err(Trouble::lasting(Fault::new(Kind::Failed, self.errand.doing.clone()).because(cause)))
    }

    /// Where an answer leads to, if it does and may.
    fn redirect(&self, answer: &Answer, ask: &Ask<'_>) -> Result<Option<Url>> {
        let reads = ask.method == Method::GET || ask.method == Method::HEAD;
        let follows = match answer.status {
            301..=303 => reads,
            307 | 308 => reads || matches!(ask.body, Load::Nothing),
            _ => false,
        };
        let location = answer.header("location").filter(|_| follows);
        location.map(|location| self.next(&answer.url, location)).transpose()
    }

    /// An address that an answer of `from` names, if it may.
    pub(crate) fn next(&self, from: &Url, location: &str) -> Result<Url> {
        let doing = || self.errand.doing.clone();
        let next = from.join(location).map_err(|fault| fault.during(doing()))?;
        let hosts = &self.inner.wire.settings.hosts;
        if from.origin().tls && !next.origin().tls && !hosts.is_insecure(&next.origin().authority()) {
            let cause =
                format!("{} leads to `{}`, which is without TLS", from.origin().authority(), shown(&next));
            return Err(Fault::new(Kind::Denied, doing()).because(cause).hint(
                "the registry may stand behind a proxy that does not tell it of TLS (`X-Forwarded-Proto`)",
            ));
        }
        if let Some(ip) = next.origin().ip().filter(|_| next.origin().host != self.host()) {
            Guard::named_by(from.origin()).check(ip).map_err(|fault| fault.during(doing()))?;
        }
        Ok(next)
    }

    /// The host that the user has named.
    fn host(&self) -> String {
        Origin::new(true, &self.at.authority).map_or_else(String::new, |origin| origin.host)
    }

    fn way(&self, url: &Url, origin: &Origin) -> Way {
        let hosts = &self.inner.wire.settings.hosts;
        let to = url.origin();
        if to.host == origin.host && to.port == origin.port {
            return Way { trust: self.at.trust.clone(), guard: Guard::User };
        }
        let guard = if to.host == origin.host { Guard::User } else { Guard::named_by(origin) };
        Way { trust: hosts.trust_beside(&to.authority(), self.at), guard }
    }
}

/// Without the query: it may hold a signature.
fn shown(url: &Url) -> String {
    url.to_string().split('?').next().unwrap_or_default().to_string()
}
