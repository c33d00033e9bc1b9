//! Values as bytes: each begins at a multiple of its size, counted from the message's first byte.
//!
//! Source: D-Bus Specification, "Marshaling (Wire Format)".

use crate::property::{Property, Value};

/// Writes values. Little-endian, whatever the machine is: a message says so itself.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.align(4);
        self.raw(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.align(8);
        self.raw(&number.to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.u32(length(text.len()));
        self.raw(text.as_bytes());
        self.byte(0);
    }

    pub(crate) fn signature(&mut self, signature: &str) {
        // A signature is one of ours, and short.
        self.byte(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.raw(signature.as_bytes());
        self.byte(0);
    }

    /// An array: its length in bytes, from where its first element begins.
    pub(crate) fn array(&mut self, element: usize, write: impl FnOnce(&mut Writer)) {
        self.align(4);
        let at = self.bytes.len();
        self.u32(0);
        self.align(element);
        let first = self.bytes.len();
        write(self);
        let size = length(self.bytes.len() - first);
        self.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Flag(yes) => self.u32(u32::from(*yes)),
            Value::Signed(number) => self.u32(number.cast_unsigned()),
            Value::Small(number) => self.u32(*number),
            Value::Number(number) => self.u64(*number),
            Value::Text(text) => self.text(text),
            Value::Texts(texts) => self.array(4, |all| texts.iter().for_each(|text| all.text(text))),
            Value::Numbers(numbers) => self.array(4, |all| numbers.iter().for_each(|one| all.u32(*one))),
            Value::Bytes(bytes) => self.array(1, |all| all.raw(bytes)),
        }
    }

    /// `v`: a value that says its own type.
    pub(crate) fn variant(&mut self, value: &Value) {
        self.signature(value.signature());
        self.value(value);
    }

    /// `a(sv)`.
    pub(crate) fn properties(&mut self, properties: &[Property]) {
        self.array(8, |all| {
            for property in properties {
                all.align(8);
                all.text(&property.name);
                all.variant(&property.value);
            }
        });
    }
}

fn length(bytes: usize) -> u32 {
    // A message of that size is refused before it is sent; nothing of ours is near it.
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Reads values; nothing at all where there is not what was expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From a byte that alignment counts from.
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.align(4);
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// `s` and `o`.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()?;
        self.zero_ended(length)
    }

    /// `g`.
    pub(crate) fn signature(&mut self) -> Option<&'a str> {
        let length = self.byte()?;
        self.zero_ended(length.into())
    }

    fn zero_ended(&mut self, length: u32) -> Option<&'a str> {
        let bytes = self.take(usize::try_from(length).ok()?)?;
        (self.byte()? == 0).then(|| std::str::from_utf8(bytes).ok()).flatten()
    }

    /// `v` with a text in it.
    pub(crate) fn text_variant(&mut self) -> Option<&'a str> {
        matches!(self.signature()?, "s" | "o").then(|| self.text()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_where_their_size_says() {
        let mut writer = Writer::default();
        writer.byte(1);
        writer.text("ab");
        writer.properties(&[
            Property::new("A", Value::Number(2)),
            Property::new("B", Value::Texts(vec!["x".into()])),
            Property::new("C", Value::Flag(true)),
        ]);
        let bytes = writer.into_bytes();
        assert_eq!(bytes[..12], [1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b', 0, 0]);
        // The array's length stands at 12, and its elements begin at multiples of 8.
        assert_eq!(bytes[16..25], [1, 0, 0, 0, b'A', 0, 1, b't', 0]);
        assert_eq!(bytes[32..40], [2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[40..48], [1, 0, 0, 0, b'B', 0, 2, b'a']);
        assert_eq!(bytes[48..62], [b's', 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, b'x', 0]);
        assert_eq!(bytes[64..], [1, 0, 0, 0, b'C', 0, 1, b'b', 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[12..16], [64, 0, 0, 0]);
    }

    #[test]
    fn what_was_written_is_read_and_what_is_cut_off_is_nothing() {
        let mut writer = Writer::default();
        writer.u32(7);
        writer.text("abc");
        writer.variant(&Value::Text("x".into()));
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!((reader.u32(), reader.text(), reader.text_variant()), (Some(7), Some("abc"), Some("x")));
        assert!(reader.is_at_end());
        for end in 0..bytes.len() {
            let mut reader = Reader::new(&bytes[..end]);
            let all = (reader.u32(), reader.text(), reader.text_variant());
            assert!(all != (Some(7), Some("abc"), Some("x")), "{end}");
        }
    }
}
