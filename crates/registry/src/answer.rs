//! What a server answered.

use std::io::{self, Read};

use fault::{Fault, Kind};
use ureq::http::HeaderMap;

use crate::trouble::Trouble;
use crate::url::Url;

/// What a server answered. The body is still on its way.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: ureq::Body,
    /// Who answered: not who was asked first, if there was a redirect.
    pub(crate) url: Url,
}

impl Answer {
    pub(crate) fn new(response: ureq::http::Response<ureq::Body>, url: Url) -> Answer {
        let (head, body) = response.into_parts();
        Answer { status: head.status.as_u16(), headers: head.headers, body, url }
    }

    /// A header, if it is there once and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers of this name.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// It worked.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Another try may work.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
    }

    /// Bytes of the body, if it says so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// The body, a piece at a time.
    pub(crate) fn into_reader(self) -> impl Read + Send {
        self.body.into_with_config().limit(u64::MAX).reader()
    }

    /// All of the body; `doing` completes the sentence "cannot ...".
    pub(crate) fn read(self, longest: u64, doing: &str) -> Result<Vec<u8>, Trouble> {
        let host = self.url.origin().authority();
        let too_long = || {
            let cause = format!("{host}: its answer is longer than {longest} bytes");
            Trouble::lasting(Fault::new(Kind::Invalid, doing).because(cause))
        };
        if self.length().is_some_and(|length| length > longest) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        let read = self.into_reader().take(longest + 1).read_to_end(&mut bytes);
        read.map_err(|err| Trouble::of(&into_ureq(err), &host, doing))?;
        if bytes.len() as u64 > longest { Err(too_long()) } else { Ok(bytes) }
    }

    /// What the server says about its refusal; nothing if that cannot be read either.
    pub(crate) fn read_refusal(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.into_reader().take(LONGEST_REFUSAL).read_to_end(&mut bytes);
        bytes
    }
}

/// Bytes of an error that are looked at.
const LONGEST_REFUSAL: u64 = 64 << 10;

/// Errors of reading a body are ureq's, in a wrapper.
pub(crate) fn into_ureq(err: io::Error) -> ureq::Error {
    ureq::Error::from(err)
}
