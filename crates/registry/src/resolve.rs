//! A name to a document.

use fault::{Fault, Kind, Result};
use oci::image::{Algorithm, Digest, Document, LONGEST_MANIFEST, MediaType, Reference};
use ureq::http::Method;

use crate::Client;
use crate::answer::Answer;
use crate::call::Call;
use crate::errand::Errand;
use crate::hosts::{Endpoint, Purpose};
use crate::refusal::{Wish, refusal};
use crate::trouble::Trouble;
use crate::wire::{Ask, Comes};

/// What a name stands for: a manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What it is: what the registry, the document and its form say is the same.
    pub media_type: MediaType,
    /// Its digest: computed, and compared with what was asked for and with what the registry says.
    pub digest: Digest,
    /// The document, byte for byte.
    pub bytes: Vec<u8>,
}

/// Documents of Docker's schema 1.
const SCHEMA_1: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// Types that servers give to what they do not know: they say nothing.
const ANYTHING: [&str; 4] = ["", "application/json", "application/octet-stream", "text/plain"];

impl Client {
    /// The document that a name stands for, by its digest if it has one, else by its tag, else `latest`.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Unsupported` for Docker's schema 1; `Invalid`: it is not what was asked for, longer
    /// than 4 MiB, or no manifest; `Unavailable`: the registry does not answer.
    pub fn resolve(&self, name: &Reference) -> Result<Resolved> {
        let doing = format!("fetch manifest of `{name}`");
        self.first_of(name, &doing, |at| {
            let answer = self.manifest_call(name, &Method::GET, at, &doing)?;
            read(answer, name, &doing)
        })
    }

    /// The digest that a tag stands for, without the document where the registry can do that.
    ///
    /// # Errors
    /// As [`Client::resolve`].
    pub fn digest(&self, name: &Reference) -> Result<Digest> {
        let doing = format!("look up `{name}`");
        self.first_of(name, &doing, |at| {
            let answer = self.manifest_call(name, &Method::HEAD, at, &doing)?;
            let said = answer.header("docker-content-digest").and_then(|digest| digest.parse().ok());
            match (answer.status, said) {
                (200, Some(digest)) => Ok(digest),
                (401 | 403, _) => Err(refusal(answer, Wish::Manifest(name), &doing)),
                // An answer to HEAD has no text, and some registries have no HEAD.
                _ => {
                    let answer = self.manifest_call(name, &Method::GET, at, &doing)?;
                    read(answer, name, &doing).map(|resolved| resolved.digest)
                }
            }
        })
    }

    /// The first place that has it; if there is none, why the registry itself has it not.
    pub(crate) fn first_of<T>(
        &self,
        name: &Reference,
        doing: &str,
        ask: impl Fn(&Endpoint) -> Result<T>,
    ) -> Result<T> {
        let purpose = if name.digest().is_some() { Purpose::Fetch } else { Purpose::Resolve };
        let places = self.inner.wire.settings.hosts.endpoints(name, purpose)?;
        let mut last = Err(Fault::new(Kind::NotFound, doing));
        for at in &places {
            last = ask(at);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    fn manifest_call(&self, name: &Reference, method: &Method, at: &Endpoint, doing: &str) -> Result<Answer> {
        let errand = Errand::pull(doing);
        let call = Call::new(&self.inner, at, &errand, Wish::Manifest(name));
        let target = at.target(&format!("manifests/{}", wanted(name)));
        call.answer(&mut |origin| {
            let ask = Ask::new(method.clone(), origin.at(target.as_str()), Comes::Document);
            Ok(ask.header("accept", accept()))
        })
    }
}

/// What a name is asked for by.
pub(crate) fn wanted(name: &Reference) -> String {
    let name = name.clone().or_latest();
    let tag = || name.tag().unwrap_or_default().to_string();
    name.digest().map_or_else(tag, Digest::to_string)
}

fn accept() -> String {
    let types = MediaType::documents();
    types.iter().map(MediaType::as_str).collect::<Vec<_>>().join(", ")
}

fn read(answer: Answer, name: &Reference, doing: &str) -> Result<Resolved> {
    if !answer.is_success() {
        return Err(refusal(answer, Wish::Manifest(name), doing));
    }
    let said = answer.header("content-type").unwrap_or_default().to_string();
    let media_type = check_type(&said, &answer, doing)?;
    let said_digest = answer.header("docker-content-digest").map(str::to_string);
    let bytes = answer.read(LONGEST_MANIFEST, doing).map_err(|trouble: Trouble| trouble.fault)?;
    let digest = check_digest(&bytes, name, said_digest.as_deref(), doing)?;
    let by: Vec<(&str, &MediaType)> = media_type.iter().map(|said| ("registry", said)).collect();
    let document = Document::parse(&bytes, &by).map_err(|fault| fault.during(doing))?;
    Ok(Resolved { media_type: document.media_type(), digest, bytes })
}

/// The type that the registry gives; nothing if it says nothing.
fn check_type(said: &str, answer: &Answer, doing: &str) -> Result<Option<MediaType>> {
    let media_type = MediaType::of_content_type(said);
    if SCHEMA_1.contains(&media_type.as_str()) {
        return Err(Fault::new(Kind::Unsupported, doing)
            .because("the registry has it only in Docker's schema 1, which is no longer read by anybody")
            .hint("push the image again with a newer client"));
    }
    if ANYTHING.contains(&media_type.as_str()) {
        return Ok(None);
    }
    if !MediaType::documents().contains(&media_type) {
        let host = answer.url.origin().authority();
        let cause = format!("{host} answered with `{}`, which is not a manifest", fault::visible(said));
        return Err(Fault::new(Kind::Invalid, doing)
            .because(cause)
            .hint("check that this is the address of a registry"));
    }
    Ok(Some(media_type))
}

/// What was asked for by its digest must have it, and what the registry says must be true.
fn check_digest(bytes: &[u8], name: &Reference, said: Option<&str>, doing: &str) -> Result<Digest> {
    let wrong = |who: &str, expected: &Digest, got: &Digest| {
        let cause = format!("{who} `{expected}`, but what came is `{got}`");
        Err(Fault::new(Kind::Invalid, doing).because(cause))
    };
    if let Some(expected) = name.digest() {
        let got = hash::of(bytes, expected.algorithm());
        return if got == *expected { Ok(got) } else { wrong("it must be", expected, &got) };
    }
    let said = said.map(str::parse::<Digest>).transpose().map_err(|fault| fault.during(doing))?;
    let got = hash::of(bytes, said.as_ref().map_or(Algorithm::Sha256, Digest::algorithm));
    match said {
        Some(said) if said != got => wrong("the registry calls it", &said, &got),
        _ => Ok(got),
    }
}
