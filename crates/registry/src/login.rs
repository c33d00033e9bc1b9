//! Whether a registry knows somebody.

use fault::{Fault, Kind, Result};

use crate::call::Call;
use crate::errand::Errand;
use crate::refusal::{Wish, refusal};
use crate::wire::Ask;
use crate::{Client, Credential, Settings};

impl Client {
    /// Whether a registry takes a credential; `domain` is its name: `docker.io`, `localhost:5000`. Nothing is kept:
    /// that is for [`crate::Credentials::keep`].
    ///
    /// # Errors
    /// `Denied`: it does not take it. `Unavailable`: it does not answer. `Invalid`: it is no registry.
    pub fn log_in(settings: &Settings, domain: &str, credential: &Credential) -> Result<()> {
        let mut settings = settings.clone();
        settings.credentials.given = Some((domain.to_string(), credential.clone()));
        let client = Client::new(settings);
        let at = client.inner.wire.settings.hosts.registry(domain);
        let errand = Errand::pull(format!("log in to {domain}"));
        let call = Call::new(&client.inner, &at, &errand, Wish::LogIn);
        let answer = call.answer(&mut |origin| Ok(Ask::get(origin.at("/v2/"))))?;
        match answer.status {
            200 => Ok(()),
            404 => {
                let cause = format!("{} does not answer at `/v2/` as a registry does", at.authority);
                Err(Fault::new(Kind::Invalid, errand.doing.clone()).because(cause).hint("check the address"))
            }
            _ => Err(refusal(answer, Wish::LogIn, &errand.doing)),
        }
    }
}
