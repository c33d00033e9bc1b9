//! One blob's bytes, however often the connection breaks.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs>

use std::io::{self, Read};

use fault::{Fault, Kind, Result};
use oci::image::Descriptor;
use ureq::http::Method;
use ureq::http::header::CONTENT_RANGE;

use crate::answer::Answer;
use crate::call::Call;
use crate::push::{Push, Source};
use crate::refusal::{Wish, refusal};
use crate::url::Url;
use crate::wire::{Ask, Comes, Load};

/// An upload that has begun.
struct Upload<'a> {
    push: &'a Push<'a>,
    blob: &'a Descriptor,
    source: &'a Source<'a>,
    /// Where the next bytes go. The registry names another place after each piece.
    place: Url,
    /// Bytes that the registry has.
    at: u64,
}

/// What became of a piece.
enum Sent {
    /// The registry has the blob.
    All,
    /// It has a part, and wants more.
    More,
    /// It has another part than we think.
    Elsewhere(Fault),
}

/// Sends all of it in one piece, or in pieces where a connection breaks.
pub(crate) fn upload(push: &Push<'_>, blob: &Descriptor, source: &Source<'_>) -> Result<()> {
    let patience = &push.client.inner.wire.settings.patience;
    let mut upload = Upload::begin(push, blob, source)?;
    let mut tried = 0;
    loop {
        let before = upload.at;
        let why = match upload.send_next() {
            Ok(Sent::All) => return Ok(()),
            Ok(Sent::More) if upload.at > before => {
                tried = 0;
                continue;
            }
            Ok(Sent::More) => push.fault("the registry has got nothing of it".to_string()),
            Ok(Sent::Elsewhere(why)) => why,
            Err(fault) if fault.kind() == Kind::Unavailable => fault,
            Err(fault) => return Err(fault),
        };
        tried += 1;
        if tried >= patience.tries {
            return Err(why);
        }
        push.client.inner.pause(why, tried, None);
        match upload.ask_where() {
            Some(at) => upload.at = at,
            None => upload = Upload::begin(push, blob, source)?,
        }
    }
}

impl<'a> Upload<'a> {
    fn begin(push: &'a Push<'a>, blob: &'a Descriptor, source: &'a Source<'a>) -> Result<Upload<'a>> {
        let target = push.target("blobs/uploads/");
        let call = push.call();
        let answer = call
            .success(&mut |origin| Ok(Ask::new(Method::POST, origin.at(target.as_str()), Comes::Receipt)))?;
        let place = place(&call, &answer)?
            .ok_or_else(|| push.fault("the registry does not say where to (`Location`)"))?;
        Ok(Upload { push, blob, source, place, at: 0 })
    }

    /// The whole, if nothing is there yet and no size of pieces is set; else a piece, and at last the end.
    fn send_next(&mut self) -> Result<Sent> {
        let left = self.blob.size - self.at;
        let piece = self.push.client.inner.wire.settings.patience.piece;
        match (self.at, left) {
            (0, _) if piece.is_none_or(|piece| left <= piece) => self.put(left),
            (_, 0) => self.put(0),
            _ => self.patch(piece.unwrap_or(left).min(left)),
        }
    }

    /// The end of it, with the last `size` bytes.
    fn put(&mut self, size: u64) -> Result<Sent> {
        let url = self.place.clone().with("digest", self.blob.digest.as_str());
        let answer = self.send(&Method::PUT, &url, size, None)?;
        match answer.status {
            201 | 204 | 200 => Ok(Sent::All),
            _ => self.not_taken(answer),
        }
    }

    /// A piece.
    fn patch(&mut self, size: u64) -> Result<Sent> {
        let (start, end) = (self.at, self.at + size - 1);
        let answer = self.send(&Method::PATCH, &self.place, size, Some(&format!("{start}-{end}")))?;
        match answer.status {
            202 | 204 | 201 => {
                self.at = received(&answer).unwrap_or(end + 1).min(self.blob.size);
                self.place = place(&self.push.call(), &answer)?.unwrap_or_else(|| self.place.clone());
                Ok(Sent::More)
            }
            _ => self.not_taken(answer),
        }
    }

    /// 404: the registry has forgotten the upload. 416: it has another part.
    fn not_taken(&self, answer: Answer) -> Result<Sent> {
        let again = matches!(answer.status, 404 | 416);
        let fault = refusal(answer, Wish::Push(self.push.name), &self.push.errand.doing);
        if again { Ok(Sent::Elsewhere(fault)) } else { Err(fault) }
    }

    fn send(&self, method: &Method, url: &Url, size: u64, range: Option<&str>) -> Result<Answer> {
        // After a failure it is first asked what has come.
        let call = Call { tries: 1, was_there: true, ..self.push.call() };
        call.answer(&mut |_| {
            let ask = Ask::new(method.clone(), url.clone(), Comes::Receipt);
            let mut ask = ask.header("content-type", "application/octet-stream");
            ask.headers.extend(range.map(|range| (CONTENT_RANGE, range.to_string())));
            Ok(if size > 0 { ask.load(self.load(size)?) } else { ask })
        })
    }

    fn load(&self, size: u64) -> Result<Load<'static>> {
        let doing = self.push.errand.doing.clone();
        let bytes = (self.source)(self.at).map_err(|err| Fault::of(&err, doing.clone()))?;
        Ok(Load::Stream(Box::new(Exactly { bytes, left: size, doing }), size))
    }

    /// How much the registry has; nothing if it does not know this upload any more.
    fn ask_where(&mut self) -> Option<u64> {
        let call = Call { was_there: true, ..self.push.call() };
        let answer = call.success(&mut |_| Ok(Ask::get(self.place.clone()))).ok()?;
        self.place = place(&call, &answer).ok()?.unwrap_or_else(|| self.place.clone());
        Some(received(&answer).unwrap_or(0)).filter(|at| *at <= self.blob.size)
    }
}

impl Push<'_> {
    fn fault(&self, cause: impl std::fmt::Display) -> Fault {
        Fault::new(Kind::Failed, self.errand.doing.clone()).because(cause)
    }
}

/// Where the next bytes go.
fn place(call: &Call<'_>, answer: &Answer) -> Result<Option<Url>> {
    answer.header("location").map(|location| call.next(&answer.url, location)).transpose()
}

/// Of `Range: 0-99`: bytes that the registry has. `0-0` is said by registries that have none.
fn received(answer: &Answer) -> Option<u64> {
    let last: u64 = answer.header("range")?.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

/// As many bytes as were announced; fewer are an error, and not the network's.
struct Exactly {
    bytes: Box<dyn Read>,
    left: u64,
    doing: String,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let fault = |fault: Fault| io::Error::other(fault);
        let read = self.bytes.read(&mut buffer[..most]);
        let read = read.map_err(|err| fault(Fault::of(&err, self.doing.clone())))?;
        if read == 0 && most > 0 {
            let cause = format!("its file is {} bytes shorter than it should be", self.left);
            return Err(fault(Fault::new(Kind::Invalid, self.doing.clone()).because(cause)));
        }
        self.left -= read as u64;
        Ok(read)
    }
}
