//! The bytes of a request: a header, and attributes that may nest.

/// Length of `struct nlmsghdr`.
pub(crate) const HEADER: usize = 16;
/// It has attributes in it.
const NESTED: u16 = 0x8000;
/// What of a type is not a flag.
const TYPE: u16 = 0x3fff;

/// Flags of requests.
pub(crate) const REQUEST: u16 = 0x1;
pub(crate) const ACK: u16 = 0x4;
pub(crate) const DUMP: u16 = 0x300;
pub(crate) const EXCLUSIVE: u16 = 0x200;
pub(crate) const CREATE: u16 = 0x400;
pub(crate) const APPEND: u16 = 0x800;

/// One request, while it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Of this type, with these flags besides `NLM_F_REQUEST`, and the header that its family has.
    pub fn new(kind: u16, flags: u16, family: &[u8]) -> Message {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | REQUEST).to_ne_bytes());
        bytes.extend(family);
        let mut message = Message { bytes };
        message.pad();
        message
    }

    /// An attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Message {
        self.put(kind, value);
        self
    }

    /// A text, with the zero that the kernel wants behind it.
    #[must_use]
    pub fn text(self, kind: u16, text: &str) -> Message {
        self.with(kind, &zero_ended(text))
    }

    /// A number of 32 bits, as the machine has it.
    #[must_use]
    pub fn number(self, kind: u16, number: u32) -> Message {
        self.with(kind, &number.to_ne_bytes())
    }

    /// A number of 32 bits, the highest byte first, as nftables has them.
    #[must_use]
    pub fn big(self, kind: u16, number: u32) -> Message {
        self.with(kind, &number.to_be_bytes())
    }

    /// Attributes in an attribute.
    #[must_use]
    pub fn nest(mut self, kind: u16, fill: impl FnOnce(Message) -> Message) -> Message {
        let at = self.bytes.len();
        self.put(kind | NESTED, &[]);
        let mut message = fill(self);
        let length = u16::try_from(message.bytes.len() - at).unwrap_or(u16::MAX);
        message.bytes[at..at + 2].copy_from_slice(&length.to_ne_bytes());
        message
    }

    /// Bytes that stand as they are: a header within.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Message {
        self.bytes.extend(bytes);
        self.pad();
        self
    }

    /// The same with another flag.
    #[must_use]
    pub fn flagged(mut self, flags: u16) -> Message {
        let before = u16::from_ne_bytes([self.bytes[6], self.bytes[7]]);
        self.bytes[6..8].copy_from_slice(&(before | flags).to_ne_bytes());
        self
    }

    /// No request: attributes that will stand in one.
    pub(crate) fn bare() -> Message {
        Message { bytes: Vec::new() }
    }

    /// What was put into a bare one.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    fn put(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// As it is sent, under this number.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// The attributes in some bytes, by their types. What is cut off is left out.
pub fn attributes(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut all = Vec::new();
    while let [a, b, c, d, ..] = *bytes {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let Some(value) = bytes.get(4..length) else { break };
        all.push((u16::from_ne_bytes([c, d]) & TYPE, value));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

/// The value of the first attribute of this type.
pub(crate) fn find<'a>(all: &[(u16, &'a [u8])], kind: u16) -> Option<&'a [u8]> {
    all.iter().find(|(other, _)| *other == kind).map(|(_, value)| *value)
}

/// A number of 32 bits at this place.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A text, without the zero behind it.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

pub(crate) fn zero_ended(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let message =
            Message::new(7, ACK, &[1, 2]).text(3, "eth0").nest(18, |inner| inner.number(1, 5).with(2, &[9]));
        let bytes = message.finish(77);
        assert_eq!(number(&bytes, 0), Some(u32::try_from(bytes.len()).unwrap()));
        assert_eq!(number(&bytes, 8), Some(77));
        let all = attributes(&bytes[HEADER + 4..]);
        assert_eq!(text(find(&all, 3).unwrap()), "eth0");
        let inner = attributes(find(&all, 18).unwrap());
        assert_eq!(inner, [(1, &5_u32.to_ne_bytes()[..]), (2, &[9][..])]);
    }

    #[test]
    fn what_is_cut_off_is_no_attribute() {
        let bytes = Message::new(7, 0, &[]).text(3, "eth0").finish(0);
        for length in HEADER..bytes.len() - 4 {
            assert_eq!(attributes(&bytes[HEADER..length]), [], "{length}");
        }
        assert_eq!(attributes(&[2, 0, 0, 0, 1]), []);
    }
}
