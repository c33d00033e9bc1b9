//! All tags of a repository.

use fault::{Fault, Kind, Result};
use oci::image::Reference;
use serde::Deserialize;
use ureq::http::Method;

use crate::Client;
use crate::answer::Answer;
use crate::call::Call;
use crate::errand::Errand;
use crate::hosts::Endpoint;
use crate::refusal::{Wish, refusal};
use crate::trouble::Trouble;
use crate::url::encoded;
use crate::wire::{Ask, Comes};

/// Asked for at once. Registries give fewer where they like.
const PAGE: usize = 1000;
/// Bytes of the longest answer, and tags of one repository: more is nobody's.
const LONGEST: u64 = 4 << 20;
const MOST: usize = 100_000;

#[derive(Deserialize)]
struct Page {
    /// Registries have said `null` of a repository without any.
    tags: Option<Vec<String>>,
}

impl Client {
    /// All tags of a name, in the order in which the registry lists them. A list that comes in parts is asked for by the last tag
    /// that is known, and not by the address that an answer names.
    ///
    /// Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>
    ///
    /// # Errors
    /// As [`Client::resolve`]; `Invalid`: what it lists are no tags, or has no end.
    pub fn tags(&self, name: &Reference) -> Result<Vec<Reference>> {
        let doing = format!("list the tags of `{}`", name.familiar_name());
        let name = name.repository();
        self.first_of(&name, &doing, |at| self.tags_at(&name, at, &doing))
    }

    fn tags_at(&self, name: &Reference, at: &Endpoint, doing: &str) -> Result<Vec<Reference>> {
        let invalid = |cause: String| Fault::new(Kind::Invalid, doing).because(cause);
        let mut all: Vec<Reference> = Vec::new();
        loop {
            let last = all.last().and_then(Reference::tag);
            let answer = self.tags_call(name, at, last, doing)?;
            if !answer.is_success() {
                return Err(refusal(answer, Wish::Manifest(name), doing));
            }
            let more = answer.header("link").is_some_and(|link| link.contains("rel=\"next\""));
            let bytes = answer.read(LONGEST, doing).map_err(|trouble: Trouble| trouble.fault)?;
            let page: Page = serde_json::from_slice(&bytes)
                .map_err(|err| invalid(format!("what the registry answered is no list of tags: {err}")))?;
            let before = all.len();
            for tag in page.tags.unwrap_or_default() {
                all.push(name.clone().with_tag(&tag).map_err(|fault| fault.during(doing))?);
            }
            if !more || all.len() == before {
                return Ok(all);
            }
            if all.len() > MOST || all[..before].contains(&all[before]) {
                return Err(invalid(format!("the registry's list has no end: {} tags so far", all.len())));
            }
        }
    }

    fn tags_call(&self, name: &Reference, at: &Endpoint, last: Option<&str>, doing: &str) -> Result<Answer> {
        let errand = Errand::pull(doing);
        let call = Call::new(&self.inner, at, &errand, Wish::Manifest(name));
        let list = at.target("tags/list");
        let sign = if list.contains('?') { '&' } else { '?' };
        let from = last.map(|last| format!("&last={}", encoded(last))).unwrap_or_default();
        let target = format!("{list}{sign}n={PAGE}{from}");
        call.answer(&mut |origin| Ok(Ask::new(Method::GET, origin.at(target.as_str()), Comes::Document)))
    }
}
