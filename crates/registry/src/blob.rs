//! A blob that streams by, however often its connection breaks.

use std::io::{self, Read};

use fault::{Fault, Kind, Result};
use oci::image::{Descriptor, Reference};

use crate::Client;
use crate::answer::{Answer, into_ureq};
use crate::call::Call;
use crate::errand::Errand;
use crate::hosts::{Endpoint, Purpose};
use crate::refusal::{Wish, refusal};
use crate::trouble::Trouble;
use crate::wire::{Ask, Comes};

/// A blob that streams by: as many bytes as its descriptor says, or an error. Where a connection breaks, it goes on
/// from there with a new one. Whether the bytes have the digest is for the reader to say: it has them all.
///
/// An error of `read` holds a [`Fault`]; [`crate::fault_of`] takes it out.
pub struct Blob {
    client: Client,
    places: Vec<Endpoint>,
    name: Reference,
    wanted: Descriptor,
    doing: String,
    body: Option<Box<dyn Read + Send>>,
    /// Bytes that were read.
    at: u64,
    /// Tries that brought next to nothing.
    tried: u32,
    /// Where the last try that counts began.
    progress: u64,
    /// Bytes that came a second time, from servers without ranges.
    skipped: u64,
}

/// Bytes that make a try one that has brought something.
const PROGRESS: u64 = 256 << 10;

impl Client {
    /// Begins to fetch a blob; the tag and digest of `name` do not matter.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid`: it has another size; `Unavailable`: the registry does not answer.
    pub fn blob(&self, name: &Reference, wanted: &Descriptor) -> Result<Blob> {
        self.blob_from(name, wanted, 0)
    }

    /// The same from byte `at` on, if the bytes before it are here already.
    ///
    /// # Errors
    /// As [`Client::blob`].
    pub fn blob_from(&self, name: &Reference, wanted: &Descriptor, at: u64) -> Result<Blob> {
        let doing = format!("fetch blob `{}` of `{}`", wanted.digest, name.name());
        if at > wanted.size {
            let cause = format!("{at} bytes of it are here, and it has {}", wanted.size);
            return Err(Fault::new(Kind::Invalid, doing).because(cause));
        }
        let places = self.inner.wire.settings.hosts.endpoints(name, Purpose::Fetch)?;
        let mut blob = Blob {
            client: self.clone(),
            places,
            name: name.repository(),
            wanted: wanted.clone(),
            doing,
            body: None,
            at,
            tried: 0,
            progress: at,
            skipped: 0,
        };
        // Of what is here as a whole there is nothing to ask for.
        if at == 0 || at < wanted.size {
            blob.body = Some(blob.open_first()?);
        }
        Ok(blob)
    }

    /// A small blob as a whole, such as an image's config: it has the size and the digest of its descriptor.
    ///
    /// # Errors
    /// As [`Client::blob`], and `Invalid`: longer than `longest`, or not what was asked for.
    pub fn small_blob(&self, name: &Reference, wanted: &Descriptor, longest: u64) -> Result<Vec<u8>> {
        let doing = || format!("fetch blob `{}` of `{}`", wanted.digest, name.name());
        if wanted.size > longest {
            let cause = format!("it has {} bytes, and at most {longest} are read", wanted.size);
            return Err(Fault::new(Kind::Invalid, doing()).because(cause));
        }
        let mut bytes = Vec::new();
        self.blob(name, wanted)?.read_to_end(&mut bytes).map_err(|err| crate::fault_of(&err, doing()))?;
        let got = hash::of(&bytes, wanted.digest.algorithm());
        if got != wanted.digest {
            return Err(Fault::new(Kind::Invalid, doing()).because(format!("its digest is `{got}`")));
        }
        Ok(bytes)
    }
}

impl Blob {
    /// Bytes that were read so far, with those that were here before.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Bytes of the whole.
    pub fn size(&self) -> u64 {
        self.wanted.size
    }

    /// From the first place that has it.
    fn open_first(&mut self) -> Result<Box<dyn Read + Send>> {
        loop {
            let opened = self.open_at(&self.places[0].clone(), false);
            match opened {
                Err(_) if self.places.len() > 1 => self.places.remove(0),
                opened => return opened,
            };
        }
    }

    fn open_at(&mut self, at: &Endpoint, was_there: bool) -> Result<Box<dyn Read + Send>> {
        let client = self.client.clone();
        let errand = Errand::pull(self.doing.clone());
        let (name, wanted) = (self.name.clone(), self.wanted.clone());
        let wish = Wish::Blob(&name, &wanted.digest);
        let call = Call { was_there, ..Call::new(&client.inner, at, &errand, wish) };
        let target = at.target(&format!("blobs/{}", wanted.digest));
        let from = self.at;
        let answer = call.answer(&mut |origin| {
            let ask = Ask::new(ureq::http::Method::GET, origin.at(target.as_str()), Comes::Blob);
            Ok(if from > 0 { ask.header("range", format!("bytes={from}-")) } else { ask })
        })?;
        self.accept(answer, wish)
    }

    /// Checks what the answer says of itself, and skips what is here already.
    fn accept(&mut self, answer: Answer, wish: Wish<'_>) -> Result<Box<dyn Read + Send>> {
        let size = self.wanted.size;
        let host = answer.url.origin().authority();
        let wrong = |cause: String| {
            Err(Fault::new(Kind::Invalid, self.doing.clone()).because(format!("{host}: {cause}")))
        };
        if let Some(encoding) = answer.header("content-encoding").filter(|encoding| *encoding != "identity") {
            return wrong(format!("it is sent as `{}`, which was not asked for", fault::visible(encoding)));
        }
        let starts = match answer.status {
            200 => 0,
            206 => match answer.header("content-range").and_then(range) {
                Some((start, end, whole))
                    if start == self.at && end < size && whole.is_none_or(|whole| whole == size) =>
                {
                    start
                }
                _ => return wrong(format!("it sent another part than that from byte {} of {size}", self.at)),
            },
            _ => return Err(refusal(answer, wish, &self.doing)),
        };
        if let Some(length) = answer.length().filter(|length| starts + length != size) {
            return wrong(format!("it has {} bytes, expected {size}", starts + length));
        }
        let mut body: Box<dyn Read + Send> = Box::new(answer.into_reader());
        if starts < self.at {
            self.skip(&mut body, &host)?;
        }
        Ok(body)
    }

    /// A server without ranges begins at the beginning. What comes twice is at most the blob once more.
    fn skip(&mut self, body: &mut Box<dyn Read + Send>, host: &str) -> Result<()> {
        if self.skipped + self.at > self.wanted.size {
            let cause =
                format!("{host}: the connection breaks again and again, and it cannot go on where it broke");
            return Err(Fault::new(Kind::Unavailable, self.doing.clone()).because(cause));
        }
        self.skipped += self.at;
        let skipped = io::copy(&mut body.take(self.at), &mut io::sink());
        match skipped {
            Ok(skipped) if skipped == self.at => Ok(()),
            Ok(_) => Err(self.broken("the connection was closed")),
            Err(err) => Err(Trouble::of(&into_ureq(err), host, &self.doing).fault),
        }
    }

    fn broken(&self, cause: &str) -> Fault {
        let (at, size) = (self.at, self.wanted.size);
        Fault::new(Kind::Unavailable, self.doing.clone())
            .because(format!("{cause} after {at} of {size} bytes"))
    }

    /// Opens it again after `why`, with pauses; gives up a place when that brings nothing, and then goes to the next.
    fn reopen(&mut self, why: Fault) -> Result<()> {
        if self.at - self.progress >= PROGRESS {
            (self.tried, self.progress) = (0, self.at);
        }
        self.tried += 1;
        let opened = if self.tried >= self.client.inner.wire.settings.patience.tries {
            Err(why)
        } else {
            self.client.inner.pause(why, self.tried, None);
            self.open_at(&self.places[0].clone(), true)
        };
        self.body = Some(match opened {
            Err(_) if self.places.len() > 1 => {
                self.places.remove(0);
                self.tried = 0;
                self.open_first()?
            }
            opened => opened?,
        });
        Ok(())
    }

    /// More of it; nothing at its end.
    fn more(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.wanted.size - self.at;
        loop {
            let Some(body) = &mut self.body else { return Ok(0) };
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            // One byte more than there should be shows whether there is one.
            let mut beyond = [0];
            let read = if left == 0 { body.read(&mut beyond) } else { body.read(&mut buffer[..most]) };
            let why = match read {
                Ok(0) if left == 0 => {
                    self.body = None;
                    return Ok(0);
                }
                Ok(0) => self.broken("the connection was closed"),
                Ok(_) if left == 0 => {
                    let cause =
                        format!("it is longer than the {} bytes that were announced", self.wanted.size);
                    return Err(Fault::new(Kind::Invalid, self.doing.clone()).because(cause));
                }
                Ok(read) => {
                    self.at += read as u64;
                    return Ok(read);
                }
                // All of it is here; how the connection ends does not matter.
                Err(_) if left == 0 => {
                    self.body = None;
                    return Ok(0);
                }
                Err(err) => {
                    let trouble = Trouble::of(&into_ureq(err), self.name.domain(), &self.doing);
                    if !trouble.passing {
                        return Err(trouble.fault);
                    }
                    trouble.fault
                }
            };
            self.body = None;
            self.reopen(why)?;
        }
    }
}

impl Read for Blob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.more(buffer).map_err(io::Error::other)
    }
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blob").field("wanted", &self.wanted).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Of `Content-Range`: the first byte, the last, and how many the whole has.
///
/// Source: RFC 9110, section 14.4.
fn range(header: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, whole) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    let whole = if whole == "*" { None } else { Some(whole.parse().ok()?) };
    (start <= end).then_some((start, end, whole))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_part_says_which_it_is() {
        assert_eq!(range("bytes 5-9/10"), Some((5, 9, Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((5, 9, None)));
        for bad in ["", "5-9/10", "bytes */10", "bytes 9-5/10", "bytes -5-9/10", "bytes 5-9", "bytes 5-9/ten"]
        {
            assert_eq!(range(bad), None, "{bad}");
        }
    }
}
