//! What a server said no to, in words.

use fault::{Fault, Kind};
use oci::image::{Digest, Reference};
use serde::Deserialize;

use crate::answer::Answer;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish<'a> {
    /// A document by its name.
    Manifest(&'a Reference),
    /// A blob.
    Blob(&'a Reference, &'a Digest),
    /// To take something in.
    Push(&'a Reference),
    /// To be known.
    LogIn,
}

/// The body of an error.
///
/// Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes>
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<One>,
    /// Token servers have it instead.
    #[serde(default)]
    details: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

#[derive(Default, Deserialize)]
struct One {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Errors of one answer that are shown.
const MOST: usize = 3;

/// Characters of the server's own words.
const LONGEST: usize = 300;

/// Who said no, to what, and what to try. The words that scripts look for are Docker's.
pub(crate) fn refusal(answer: Answer, wish: Wish<'_>, doing: &str) -> Fault {
    let (status, host) = (answer.status, answer.url.origin().authority());
    let said = Said::of(&answer.read_refusal());
    let kind = match status {
        401 | 403 => Kind::Denied,
        404 => Kind::NotFound,
        400 | 405 | 413 | 416 => Kind::Failed,
        _ => Kind::Unavailable,
    };
    let tail = format!("{} ({host} answered {status})", said.text(status));
    let fault = |cause: String| Fault::new(kind, doing).because(cause);
    let log_in = |name: &Reference| match name.domain() {
        oci::image::DOCKER_HUB => "check the name; if the repository is private, `nagaya login`".to_string(),
        domain => format!("check the name; if the repository is private, `nagaya login {domain}`"),
    };
    match (wish, status) {
        (Wish::Manifest(name) | Wish::Blob(name, _), 401 | 403) => {
            let name_only = name.familiar_name();
            let cause = format!(
                "pull access denied for {name_only}, repository does not exist or may require 'docker login': {tail}"
            );
            fault(cause).hint(log_in(name))
        }
        (Wish::Manifest(name), 404) if said.has("NAME_UNKNOWN") => {
            fault(format!("repository {} not found: {tail}", name.familiar_name())).hint("check the name")
        }
        (Wish::Manifest(name), 404) => {
            let unknown = if said.has("MANIFEST_UNKNOWN") { "" } else { "manifest unknown: " };
            fault(format!("manifest for {} not found: {unknown}{tail}", name.familiar()))
                .hint("check the name and the tag")
        }
        (Wish::Blob(_, digest), 404) => fault(format!("blob `{digest}` not found: {tail}")),
        (Wish::Push(name), 401 | 403) => fault(format!("push access denied: {tail}")).hint(log_in(name)),
        (Wish::LogIn, 401 | 403) => fault(format!("unauthorized: incorrect username or password: {tail}")),
        (_, 429) => fault(tail).hint("wait, or log in: who is known may ask more often"),
        _ => fault(tail),
    }
}

/// What the server gave for reasons.
struct Said {
    codes: Vec<String>,
    words: Option<String>,
}

impl Said {
    fn of(body: &[u8]) -> Said {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let words: Vec<String> = body.errors.iter().take(MOST).map(One::words).collect();
        let other = [body.details, body.error_description, body.error];
        let other = other.into_iter().find(|words| !words.is_empty());
        let words = if words.is_empty() { other } else { Some(words.join("; ")) };
        let short = |words: String| words.chars().take(LONGEST).collect();
        Said { codes: body.errors.into_iter().map(|one| one.code).collect(), words: words.map(short) }
    }

    fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known == code)
    }

    fn text(&self, status: u16) -> &str {
        let usual = match status {
            401 => "unauthorized: authentication required",
            403 => "denied: requested access to the resource is denied",
            404 => "not found",
            429 => "toomanyrequests: too many requests",
            _ => "it gave no reason",
        };
        self.words.as_deref().unwrap_or(usual)
    }
}

impl One {
    /// As Docker writes it: `MANIFEST_UNKNOWN` is `manifest unknown`.
    fn words(&self) -> String {
        let code = self.code.to_lowercase().replace('_', " ");
        match (code.is_empty(), self.message.is_empty()) {
            (_, true) => code,
            (true, _) => self.message.clone(),
            _ => format!("{code}: {}", self.message),
        }
    }
}
