//! Messages: a call that is sent, and what comes back.
//!
//! Source: D-Bus Specification, "Message Format".

use fault::Fault;

use crate::property::Value;
use crate::wire::{Reader, Writer};

/// Bytes of a message that tell how long it is.
const FIXED: usize = 16;
/// Bytes of the longest message that we read. The specification allows more; nothing that we ask for is near it.
const LONGEST: usize = 16 << 20;

/// Fields of a header, by their numbers.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer to a call, by that one's number.
    Reply(u32),
    /// A call, by its number, that was refused.
    Error(u32),
    /// Something that happened.
    Signal,
    /// A call to us, or something that is yet to be invented.
    Other,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The name of a signal.
    member: String,
    error: String,
    signature: String,
    body: Vec<u8>,
}

/// Whom a call is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub destination: &'static str,
    pub path: &'static str,
    pub interface: &'static str,
}

/// A call as bytes. `serial` is its number, from 1.
pub(crate) fn call(serial: u32, to: Target, member: &str, signature: &str, body: &[u8]) -> Vec<u8> {
    const METHOD_CALL: u8 = 1;
    let mut writer = Writer::default();
    writer.raw(&[b'l', METHOD_CALL, 0, 1]);
    writer.u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
    writer.u32(serial);
    let texts = [
        (PATH, "o", to.path),
        (INTERFACE, "s", to.interface),
        (MEMBER, "s", member),
        (DESTINATION, "s", to.destination),
    ];
    writer.array(8, |fields| {
        for (field, kind, text) in texts {
            fields.align(8);
            fields.byte(field);
            fields.signature(kind);
            fields.text(text);
        }
        if !signature.is_empty() {
            fields.align(8);
            fields.byte(SIGNATURE);
            fields.signature("g");
            fields.signature(signature);
        }
    });
    writer.align(8);
    writer.raw(body);
    writer.into_bytes()
}

impl Message {
    /// How many bytes the message has that begins with these; nothing yet, if they are too few to tell.
    ///
    /// # Errors
    /// It is not a message of D-Bus.
    pub fn length(bytes: &[u8]) -> Result<Option<usize>, Fault> {
        if bytes.len() < FIXED {
            return Ok(None);
        }
        // systemd and both kinds of bus send in the order of the machine, and all machines of ours have this one.
        if bytes[0] != b'l' || bytes[3] != 1 {
            return Err(not_dbus("its first bytes are of no message that we know"));
        }
        let number =
            |at: usize| Reader::new(&bytes[at..at + 4]).u32().and_then(|size| usize::try_from(size).ok());
        let (body, fields) = (number(4).unwrap_or(usize::MAX), number(12).unwrap_or(usize::MAX));
        let length = fields.saturating_add(FIXED + 7) / 8 * 8;
        let length = length.saturating_add(body);
        if length > LONGEST { Err(not_dbus("a message of it is too long")) } else { Ok(Some(length)) }
    }

    /// Reads a message, all of whose bytes are there.
    ///
    /// # Errors
    /// It is not a message of D-Bus.
    pub fn parse(bytes: &[u8]) -> Result<Message, Fault> {
        Message::read(bytes).ok_or_else(|| not_dbus("a message of it cannot be read"))
    }

    fn read(bytes: &[u8]) -> Option<Message> {
        let mut reader = Reader::new(bytes);
        let (kind, body) = (*bytes.get(1)?, usize::try_from(Reader::new(bytes.get(4..8)?).u32()?).ok()?);
        reader.u32()?;
        reader.u32()?;
        reader.u32()?;
        let fields = usize::try_from(reader.u32()?).ok()?;
        let mut fields = Reader::new(bytes.get(..FIXED.checked_add(fields)?)?);
        (0..4).try_for_each(|_| fields.u32().map(drop))?;
        let mut message = Message {
            kind: Kind::Other,
            member: String::new(),
            error: String::new(),
            signature: String::new(),
            body: bytes.get(bytes.len().checked_sub(body)?..)?.to_vec(),
        };
        let mut answers = 0;
        while !fields.is_at_end() {
            fields.align(8);
            let field = fields.byte()?;
            match (fields.signature()?, field) {
                ("s", MEMBER) => message.member = fields.text()?.to_string(),
                ("s", ERROR_NAME) => message.error = fields.text()?.to_string(),
                ("g", SIGNATURE) => message.signature = fields.signature()?.to_string(),
                ("u", REPLY_SERIAL) => answers = fields.u32()?,
                ("s" | "o", _) => drop(fields.text()?),
                ("u", _) => drop(fields.u32()?),
                ("g", _) => drop(fields.signature()?),
                _ => return None,
            }
        }
        message.kind = match kind {
            2 => Kind::Reply(answers),
            3 => Kind::Error(answers),
            4 => Kind::Signal,
            _ => Kind::Other,
        };
        Some(message)
    }

    /// Its body, if it is of these types.
    pub(crate) fn body(&self, signature: &str) -> Option<Reader<'_>> {
        (self.signature == signature).then(|| Reader::new(&self.body))
    }

    /// It is the signal of this name.
    pub(crate) fn is_signal(&self, name: &str) -> bool {
        self.kind == Kind::Signal && self.member == name
    }

    /// Why a call was refused: systemd's name for it, and its words.
    pub fn refusal(&self) -> Refusal {
        let words = if self.signature.starts_with('s') { Reader::new(&self.body).text() } else { None };
        let name = self.error.rsplit('.').next().unwrap_or_default();
        Refusal { name: name.to_string(), words: words.unwrap_or(&self.error).to_string() }
    }
}

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The last word of the error's name: `NoSuchUnit`, `UnitExists`, `AccessDenied`.
    pub name: String,
    /// A sentence for people.
    pub words: String,
}

fn not_dbus(why: &str) -> Fault {
    Fault::new(fault::Kind::Failed, "understand systemd").because(why)
}

/// The bytes of some values, one after another.
pub(crate) fn body(values: &[Value]) -> Vec<u8> {
    let mut writer = Writer::default();
    for value in values {
        writer.value(value);
    }
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target {
        destination: "org.freedesktop.systemd1",
        path: "/org/freedesktop/systemd1",
        interface: "a.b",
    };

    /// A message of another kind with the same fields as one of ours.
    fn received(kind: u8, body: &[u8], signature: &str) -> Vec<u8> {
        let mut bytes = call(5, TARGET, "JobRemoved", signature, body);
        bytes[1] = kind;
        bytes
    }

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let bytes = received(4, &body(&[Value::Text("x".into())]), "s");
        assert_eq!(bytes.len() % 8, 6);
        assert_eq!(Message::length(&bytes[..16]).unwrap(), Some(bytes.len()));
        assert_eq!(Message::length(&bytes[..15]).unwrap(), None);
        let message = Message::parse(&bytes).unwrap();
        assert!(message.is_signal("JobRemoved") && !message.is_signal("JobNew"));
        assert_eq!(message.body("s").and_then(|mut body| body.text()), Some("x"));
        assert!(message.body("u").is_none());
    }

    #[test]
    fn an_answer_names_the_call_and_an_error_says_why() {
        let mut writer = Writer::default();
        writer.raw(&[b'l', 3, 1, 1]);
        let words = body(&[Value::Text("Unit x.scope not loaded.".into())]);
        writer.u32(u32::try_from(words.len()).unwrap());
        writer.u32(9);
        writer.array(8, |fields| {
            fields.byte(ERROR_NAME);
            fields.signature("s");
            fields.text("org.freedesktop.systemd1.NoSuchUnit");
            fields.align(8);
            fields.byte(REPLY_SERIAL);
            fields.signature("u");
            fields.u32(7);
            fields.align(8);
            fields.byte(SIGNATURE);
            fields.signature("g");
            fields.signature("s");
        });
        writer.align(8);
        writer.raw(&words);
        let message = Message::parse(&writer.into_bytes()).unwrap();
        assert_eq!(message.kind, Kind::Error(7));
        let refusal = Refusal { name: "NoSuchUnit".into(), words: "Unit x.scope not loaded.".into() };
        assert_eq!(message.refusal(), refusal);
    }

    #[test]
    fn nonsense_is_refused_wherever_it_is_cut_or_changed() {
        let bytes = received(2, &body(&[Value::Text("x".into())]), "s");
        assert!(Message::length(&[b'B'; 16]).is_err());
        let mut long = bytes.clone();
        long[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Message::length(&long).is_err());
        for at in 0..bytes.len() {
            let _ = Message::parse(&bytes[..at]);
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = Message::parse(&changed);
            }
        }
        assert!(Message::parse(&bytes[..40]).is_err());
    }
}
