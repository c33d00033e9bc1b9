//! What a command and a monitor say to each other: a byte for the kind, four for the length, little end first, and that
//! many bytes.

use fault::{Fault, Kind, Result};
use serde::{Deserialize, Serialize};

/// One thing said.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// To the monitor: pass on what the program prints, until it ends.
    Attach(Attach),
    /// To the monitor: for the program to read.
    Input(Vec<u8>),
    /// To the monitor: there is no more to read.
    InputEnds,
    /// To the monitor: rows and columns of the terminal.
    Size(u16, u16),
    /// To the monitor: a signal for the first process.
    Signal(i32),
    /// To the monitor: somebody has asked for the container to stay stopped; do not wait for the next start.
    Stay,
    /// To the monitor: the container has other networks now. The answer is `Up`, or `Failed`.
    Networks,
    /// From the monitor: the program runs.
    Up(Box<Up>),
    /// From the monitor: it could not be started.
    Failed(Box<Fault>),
    /// From the monitor: what the program printed.
    Out(Vec<u8>),
    /// From the monitor: what it printed to its standard error.
    Err(Vec<u8>),
    /// From the monitor: it has ended. The last word.
    Exit(Exit),
}

/// What is to be passed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attach {
    /// The program's output.
    pub stdout: bool,
    /// Its standard error.
    pub stderr: bool,
    /// Its input comes from here; it ends when this client goes, unless others may attach later.
    pub stdin: bool,
    /// The steps of the start, with [`Up`].
    pub trace: bool,
}

/// The program runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Up {
    /// What could not be had, a sentence each.
    pub warnings: Vec<String>,
    /// The steps, as `--trace` prints them, for who has asked.
    pub trace: Vec<String>,
    /// Microseconds in all.
    pub whole: u64,
}

/// The program has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its own, or 128 and the number of a signal.
    pub code: u8,
    /// What else is to be said.
    pub error: String,
}

/// No frame is longer: whoever sends one is not one of us.
const LONGEST: usize = 4 << 20;
/// Bytes before what is said.
const HEADER: usize = 5;

impl Frame {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
        let (kind, bytes) = match self {
            Frame::Attach(attach) => (b'a', json(serde_json::to_vec(attach))),
            Frame::Input(bytes) => (b'i', bytes.clone()),
            Frame::InputEnds => (b'c', Vec::new()),
            Frame::Size(rows, columns) => (b'w', [rows.to_le_bytes(), columns.to_le_bytes()].concat()),
            Frame::Signal(number) => (b's', number.to_le_bytes().to_vec()),
            Frame::Stay => (b'q', Vec::new()),
            Frame::Networks => (b'n', Vec::new()),
            Frame::Up(up) => (b'u', json(serde_json::to_vec(up))),
            Frame::Failed(fault) => (b'f', json(serde_json::to_vec(fault))),
            Frame::Out(bytes) => (b'o', bytes.clone()),
            Frame::Err(bytes) => (b'e', bytes.clone()),
            Frame::Exit(exit) => (b'x', json(serde_json::to_vec(exit))),
        };
        let mut frame = header(kind, bytes.len()).to_vec();
        frame.extend(bytes);
        frame
    }

    fn decode(kind: u8, bytes: &[u8]) -> Result<Frame> {
        let wrong =
            |cause: String| Fault::new(Kind::Failed, "understand what the other side says").because(cause);
        let json = |err: serde_json::Error| wrong(err.to_string());
        let short = || wrong(format!("a frame `{}` of {} bytes", char::from(kind), bytes.len()));
        Ok(match kind {
            b'a' => Frame::Attach(serde_json::from_slice(bytes).map_err(json)?),
            b'i' => Frame::Input(bytes.to_vec()),
            b'c' => Frame::InputEnds,
            b'w' => match *bytes {
                [a, b, c, d] => Frame::Size(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
                _ => return Err(short()),
            },
            b's' => Frame::Signal(i32::from_le_bytes(bytes.try_into().map_err(|_| short())?)),
            b'q' => Frame::Stay,
            b'n' => Frame::Networks,
            b'u' => Frame::Up(serde_json::from_slice(bytes).map_err(json)?),
            b'f' => Frame::Failed(serde_json::from_slice(bytes).map_err(json)?),
            b'o' => Frame::Out(bytes.to_vec()),
            b'e' => Frame::Err(bytes.to_vec()),
            b'x' => Frame::Exit(serde_json::from_slice(bytes).map_err(json)?),
            _ => return Err(short()),
        })
    }
}

/// What stands before `length` bytes of this kind.
#[expect(clippy::cast_possible_truncation, reason = "no frame of ours is longer than 4 MiB")]
fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = (length as u32).to_le_bytes();
    [kind, a, b, c, d]
}

/// Bytes as they come, until they are frames.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it is complete.
    ///
    /// # Errors
    /// What came is no frame of ours.
    pub fn next_frame(&mut self) -> Result<Option<Frame>> {
        let [kind, a, b, c, d, rest @ ..] = self.bytes.as_slice() else { return Ok(None) };
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        if length > LONGEST {
            return Err(Fault::new(Kind::Failed, "understand what the other side says")
                .because(format!("a frame of {length} bytes")));
        }
        let Some(bytes) = rest.get(..length) else { return Ok(None) };
        let frame = Frame::decode(*kind, bytes)?;
        self.bytes.drain(..HEADER + length);
        if self.bytes.is_empty() {
            // Memory that one long frame took is not kept.
            self.bytes.shrink_to(1024);
        }
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_however_it_is_cut() {
        let said = [
            Frame::Attach(Attach { stdout: true, ..Attach::default() }),
            Frame::Input(b"abc".to_vec()),
            Frame::InputEnds,
            Frame::Size(24, 80),
            Frame::Signal(15),
            Frame::Stay,
            Frame::Up(Box::default()),
            Frame::Failed(Box::new(Fault::new(Kind::Failed, "x"))),
            Frame::Out(vec![0; 70_000]),
            Frame::Err(Vec::new()),
            Frame::Exit(Exit { code: 137, error: String::new() }),
        ];
        let bytes: Vec<u8> = said.iter().flat_map(Frame::encode).collect();
        for size in [1, 7, 4096, bytes.len()] {
            let mut decoder = Decoder::default();
            let mut heard = Vec::new();
            for part in bytes.chunks(size) {
                decoder.push(part);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    heard.push(frame);
                }
            }
            assert_eq!(heard, said);
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for bytes in [[b'?', 0, 0, 0, 0], [b'w', 0, 0, 0, 0], [b'o', 255, 255, 255, 255], [b'a', 0, 0, 0, 0]]
        {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            assert!(decoder.next_frame().is_err(), "{bytes:?}");
        }
    }
}
