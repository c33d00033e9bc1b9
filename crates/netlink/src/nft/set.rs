//! Sets, maps, and what is in them.

use crate::message::{Message, attributes, find};

use super::{ONE, TABLE, data, header, parts};

const NAME: u16 = 2;
const FLAGS: u16 = 3;
const KEY_TYPE: u16 = 4;
const KEY_LENGTH: u16 = 5;
const DATA_TYPE: u16 = 6;
const DATA_LENGTH: u16 = 7;
const ID: u16 = 10;
/// What nft(8) wants to know, and the kernel does not: names of interfaces are not in the order of networks.
/// `NFTNL_UDATA_SET_KEYBYTEORDER`, four bytes long, `BYTEORDER_HOST_ENDIAN`.
const NOTES: u16 = 13;
const HOST_ORDER: [u8; 6] =
    if cfg!(target_endian = "little") { [0, 4, 1, 0, 0, 0] } else { [0, 4, 0, 0, 0, 1] };
/// `NFT_SET_MAP`.
const MAP: u32 = 8;

/// Attributes of a list of elements, and of an element.
const SET: u16 = 2;
const ELEMENTS: u16 = 3;
const KEY: u16 = 1;
const DATA: u16 = 2;
const VALUE: u16 = 1;

/// What a part of a key or of a value is. The numbers are those of nft(8)'s own types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `ipv4_addr`.
    Ipv4,
    /// `ipv6_addr`.
    Ipv6,
    /// `inet_proto`.
    Protocol,
    /// `inet_service`.
    Port,
    /// `ifname`.
    Interface,
}

impl Type {
    fn number(self) -> u32 {
        match self {
            Type::Ipv4 => 7,
            Type::Ipv6 => 8,
            Type::Protocol => 12,
            Type::Port => 13,
            Type::Interface => 41,
        }
    }

    /// Bytes, as registers have them: whole words.
    fn length(self) -> u32 {
        match self {
            Type::Ipv4 | Type::Protocol | Type::Port => 4,
            Type::Ipv6 | Type::Interface => 16,
        }
    }
}

/// A set, or a map if it leads to something.
#[derive(Debug, Clone, Copy)]
pub struct Set<'a> {
    /// Its name.
    pub name: &'a str,
    /// Parts of its keys.
    pub key: &'a [Type],
    /// Parts of what it leads to.
    pub leads_to: &'a [Type],
}

impl Set<'_> {
    /// `id` is one of its own in its batch.
    pub(super) fn request(&self, table: &str, id: u32) -> Message {
        let flags = if self.leads_to.is_empty() { 0 } else { MAP };
        let message = Message::new(super::NEW_SET, crate::message::CREATE, &header())
            .text(TABLE, table)
            .text(NAME, self.name)
            .big(FLAGS, flags)
            .big(KEY_TYPE, types(self.key))
            .big(KEY_LENGTH, length(self.key))
            .big(ID, id);
        let message = if self.key == [Type::Interface] { message.with(NOTES, &HOST_ORDER) } else { message };
        if self.leads_to.is_empty() {
            return message;
        }
        message.big(DATA_TYPE, types(self.leads_to)).big(DATA_LENGTH, length(self.leads_to))
    }
}

/// Six bits for each part, as nft(8) has them.
fn types(parts: &[Type]) -> u32 {
    parts.iter().fold(0, |all, part| all << 6 | part.number())
}

fn length(parts: &[Type]) -> u32 {
    // One that stands alone has its own length.
    match parts {
        [Type::Protocol] => 1,
        [Type::Port] => 2,
        parts => parts.iter().map(|part| part.length()).sum(),
    }
}

/// One key of a set, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The name of the set.
    pub set: String,
    /// All parts, each filled up to whole words.
    pub key: Vec<u8>,
    /// The same of what it leads to; nothing in a set.
    pub value: Vec<u8>,
}

/// A request about elements.
pub(super) fn elements(kind: u16, flags: u16, table: &str, set: &str, all: &[&Element]) -> Message {
    let message = Message::new(kind, flags, &header()).text(TABLE, table).text(SET, set);
    if all.is_empty() {
        return message;
    }
    message.nest(ELEMENTS, |list| {
        all.iter().fold(list, |list, element| {
            list.nest(ONE, |one| {
                let one = one.nest(KEY, |key| key.with(VALUE, &element.key));
                if element.value.is_empty() {
                    return one;
                }
                one.nest(DATA, |data| data.with(VALUE, &element.value))
            })
        })
    })
}

/// What the first element of an answer leads to.
pub(super) fn value(answer: &[u8]) -> Option<Vec<u8>> {
    let list = attributes(find(&parts(answer), ELEMENTS)?);
    let one = attributes(find(&list, ONE)?);
    data(&one, DATA).map(<[u8]>::to_vec)
}

/// All elements of an answer.
pub(super) fn read(set: &str, answer: &[u8]) -> Vec<Element> {
    let all = parts(answer);
    let list = find(&all, ELEMENTS).map(attributes).unwrap_or_default();
    let element = |(_, bytes): &(u16, &[u8])| {
        let one = attributes(bytes);
        let value = data(&one, DATA).unwrap_or_default().to_vec();
        Some(Element { set: set.to_string(), key: data(&one, KEY)?.to_vec(), value })
    };
    list.iter().filter_map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_nft() {
        assert_eq!(types(&[Type::Ipv4, Type::Protocol, Type::Port]), (7 << 12) + (12 << 6) + 13);
        assert_eq!(length(&[Type::Ipv6, Type::Port]), 20);
        assert_eq!(length(&[Type::Port]), 2);
    }
}
