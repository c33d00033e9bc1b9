//! What a [`crate::LyingRegistry`] answers.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::Asked;

/// An answer.
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    framing: Framing,
    /// Bytes of the body after which the connection breaks.
    pub(crate) cut: Option<usize>,
}

/// How the end of the body is said.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
    /// The body again and again, until the other side has had enough.
    Endless,
    /// The body is all that is sent: not even a head.
    Raw,
}

impl Reply {
    /// With a body.
    pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        let body = body.into();
        Reply { status, headers: Vec::new(), framing: Framing::Length(body.len()), body, cut: None }
    }

    /// Without one.
    pub fn status(status: u16) -> Reply {
        Reply::of(status, "")
    }

    /// Bytes that need not be HTTP; the connection ends after them.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply { framing: Framing::Raw, cut: Some(0), ..Reply::of(0, bytes) }
    }

    /// To somewhere else.
    pub fn redirect(to: &str) -> Reply {
        Reply::status(307).header("location", to)
    }

    /// A part of `whole`, if that was asked for, as a good server gives it.
    pub fn part(asked: &Asked, whole: &[u8]) -> Reply {
        let from = asked
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        match from {
            Some(from) if from < whole.len() => {
                let range = format!("bytes {from}-{}/{}", whole.len() - 1, whole.len());
                Reply::of(206, &whole[from..]).header("content-range", &range)
            }
            _ => Reply::of(200, whole),
        }
    }

    /// With another value of a header.
    pub fn instead(mut self, name: &str, value: &str) -> Reply {
        self.headers.retain(|(known, _)| known != name);
        self.header(name, value)
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// With a length that is said, whatever it really is.
    pub fn length(mut self, length: usize) -> Reply {
        self.framing = Framing::Length(length);
        self
    }

    /// In chunks, so that its length is not said.
    pub fn chunked(mut self) -> Reply {
        self.framing = Framing::Chunked;
        self
    }

    /// The body again and again.
    pub fn endless(mut self) -> Reply {
        self.framing = Framing::Endless;
        self
    }

    /// The connection breaks after so many bytes of the body.
    pub fn cut(mut self, after: usize) -> Reply {
        self.cut = Some(after);
        self
    }

    /// Sends it.
    pub(crate) fn write(&self, to: &mut impl Write, with_body: bool) -> io::Result<()> {
        if let Framing::Raw = self.framing {
            return to.write_all(&self.body);
        }
        let mut head = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        match self.framing {
            Framing::Length(length) => {
                let _ = write!(head, "content-length: {length}\r\n");
            }
            Framing::Chunked | Framing::Endless => head += "transfer-encoding: chunked\r\n",
            Framing::Raw => {}
        }
        to.write_all(format!("{head}\r\n").as_bytes())?;
        if !with_body {
            return Ok(());
        }
        match self.framing {
            Framing::Length(_) => to.write_all(&self.body[..self.cut.unwrap_or(self.body.len())])?,
            Framing::Chunked => {
                chunk(to, &self.body[..self.cut.unwrap_or(self.body.len())])?;
                if self.cut.is_none() {
                    chunk(to, b"")?;
                }
            }
            Framing::Endless => loop {
                chunk(to, &self.body)?;
            },
            Framing::Raw => {}
        }
        Ok(())
    }
}

fn chunk(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
    to.write_all(bytes)?;
    to.write_all(b"\r\n")
}
