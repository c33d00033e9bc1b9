//! Bytes to a registry.

use std::io::{self, Read};

use fault::{Fault, Kind, Result};
use oci::image::{Algorithm, Descriptor, Digest, MediaType, Reference};
use ureq::http::Method;

use crate::Client;
use crate::call::Call;
use crate::errand::{Access, Errand};
use crate::hosts::Endpoint;
use crate::refusal::{Wish, refusal};
use crate::url::Origin;
use crate::wire::{Ask, Comes, Load};

/// How a blob got into the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was sent.
    Sent,
    /// It was in the repository already.
    WasThere,
    /// The registry has it from another repository.
    Mounted,
}

/// The bytes of a blob from a place in it on. It is called again when a connection breaks.
pub type Source<'a> = dyn Fn(u64) -> io::Result<Box<dyn Read>> + 'a;

impl Client {
    /// Whether a repository has a blob.
    ///
    /// # Errors
    /// `Denied`; `Unavailable`: the registry does not answer.
    pub fn has_blob(&self, name: &Reference, blob: &Descriptor) -> Result<bool> {
        let doing = format!("look for blob `{}` in `{}`", blob.digest, name.name());
        let push = Push::new(self, name, doing)?;
        push.has(blob)
    }

    /// Puts a blob into a repository, unless it is there. `from` are repositories that may have it; of those in the
    /// same registry it is taken, if the registry can do that.
    ///
    /// # Errors
    /// `Denied`; `Invalid`: the registry has got something else; `Unavailable`: it does not answer; what the source says.
    pub fn push_blob(
        &self,
        name: &Reference,
        blob: &Descriptor,
        from: &[Reference],
        source: &Source<'_>,
    ) -> Result<Pushed> {
        let doing = format!("push blob `{}` to `{}`", blob.digest, name.name());
        let push = Push::new(self, name, doing)?;
        if push.has(blob)? {
            return Ok(Pushed::WasThere);
        }
        for other in
            from.iter().filter(|other| other.domain() == name.domain() && other.path() != name.path())
        {
            if push.mount(blob, other)? {
                return Ok(Pushed::Mounted);
            }
        }
        crate::upload::upload(&push, blob, source).map(|()| Pushed::Sent)
    }

    /// Puts a document into a repository, under the tag of `name`, or under its digest if it has no tag. All that
    /// the document names must be there.
    ///
    /// # Errors
    /// `Denied`; `Failed`: the registry does not take it; `Unavailable`: it does not answer.
    pub fn push_manifest(&self, name: &Reference, media_type: &MediaType, bytes: &[u8]) -> Result<Digest> {
        let digest = hash::of(bytes, name.digest().map_or(Algorithm::Sha256, Digest::algorithm));
        let under = name.tag().map_or_else(|| digest.to_string(), str::to_string);
        let push = Push::new(self, name, format!("push manifest of `{name}`"))?;
        let target = push.target(&format!("manifests/{under}"));
        let answer = push.call().success(&mut |origin| {
            let ask = Ask::new(Method::PUT, origin.at(target.as_str()), Comes::Receipt);
            Ok(ask.header("content-type", media_type.as_str()).load(Load::Bytes(bytes.into())))
        })?;
        match answer.header("docker-content-digest") {
            Some(said) if said != digest.as_str() => {
                let cause = format!("the registry has got `{}`, sent was `{digest}`", fault::visible(said));
                Err(Fault::new(Kind::Invalid, push.errand.doing).because(cause))
            }
            _ => Ok(digest),
        }
    }
}

/// What is pushed to one repository.
pub(crate) struct Push<'a> {
    pub(crate) client: &'a Client,
    pub(crate) name: &'a Reference,
    at: Endpoint,
    pub(crate) errand: Errand,
}

impl<'a> Push<'a> {
    fn new(client: &'a Client, name: &'a Reference, doing: String) -> Result<Push<'a>> {
        let at = client.inner.wire.settings.hosts.origin(name)?;
        let errand = Errand { access: Access::Push, ..Errand::pull(doing) };
        Ok(Push { client, name, at, errand })
    }

    /// A call for this repository.
    pub(crate) fn call(&self) -> Call<'_> {
        Call::new(&self.client.inner, &self.at, &self.errand, Wish::Push(self.name))
    }

    /// A path below the repository.
    pub(crate) fn target(&self, rest: &str) -> String {
        self.at.target(rest)
    }

    fn has(&self, blob: &Descriptor) -> Result<bool> {
        let target = self.target(&format!("blobs/{}", blob.digest));
        let ask = |origin: &Origin| Ok(Ask::new(Method::HEAD, origin.at(target.as_str()), Comes::Document));
        let answer = self.call().answer(&mut { ask })?;
        match answer.status {
            200 => Ok(answer.length().is_none_or(|length| length == blob.size)),
            404 => Ok(false),
            _ => Err(refusal(answer, Wish::Push(self.name), &self.errand.doing)),
        }
    }

    /// Whether the registry has taken it from there. That it does not, for whatever reason, is no error.
    fn mount(&self, blob: &Descriptor, from: &Reference) -> Result<bool> {
        let errand = Errand { also: vec![from.path().to_string()], ..self.errand.clone() };
        let call = Call { errand: &errand, ..self.call() };
        let target = self.target("blobs/uploads/");
        let answer = call.answer(&mut |origin| {
            let url =
                origin.at(target.as_str()).with("mount", blob.digest.as_str()).with("from", from.path());
            Ok(Ask::new(Method::POST, url, Comes::Receipt))
        })?;
        // 202: an upload has begun instead. It is left alone; registries remove such.
        Ok(answer.status == 201)
    }
}
