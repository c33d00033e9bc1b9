//! Addresses of interfaces.

use std::net::IpAddr;

use crate::message::{CREATE, EXCLUSIVE, Message, attributes, number};

const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const BROADCAST: u16 = 4;
const FLAGS: u16 = 8;
/// It was set by somebody, and has no end.
const PERMANENT: u32 = 0x80;
/// It is used at once: nobody is asked whether he has it already.
const UNASKED: u32 = 0x02;
/// Length of `struct ifaddrmsg`.
const HEADER: usize = 8;

const INET: u8 = 2;
const INET6: u8 = 10;

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    family: u8,
    prefix: u8,
    /// `IFA_ADDRESS`, `IFA_LOCAL` and `IFA_BROADCAST`, as the kernel told them.
    parts: Vec<(u16, Vec<u8>)>,
}

impl Address {
    /// An answer about an address: family, length of the prefix, flags, scope, index, attributes.
    pub(super) fn lasting(answer: &[u8], index: u32) -> Option<Address> {
        let [family, prefix, flags, scope, ..] = *answer else { return None };
        if number(answer, 4)? != index || scope != 0 {
            return None;
        }
        let parts = attributes(answer.get(HEADER..)?);
        let long = parts.iter().find(|(kind, _)| *kind == FLAGS).and_then(|(_, value)| number(value, 0));
        if long.unwrap_or(u32::from(flags)) & PERMANENT == 0 {
            return None;
        }
        let kept = parts.into_iter().filter(|(kind, _)| [ADDRESS, LOCAL, BROADCAST].contains(kind));
        let parts = kept.map(|(kind, value)| (kind, value.to_vec())).collect();
        Some(Address { family, prefix, parts })
    }

    /// Another interface is to have it.
    pub(super) fn request(&self, kind: u16, flags: u16, index: u32) -> Message {
        let message = Message::new(kind, flags, &header(self.family, self.prefix, index));
        self.parts.iter().fold(message, |message, (kind, value)| message.with(*kind, value))
    }
}

/// `struct ifaddrmsg`.
fn header(family: u8, prefix: u8, index: u32) -> [u8; HEADER] {
    let [a, b, c, d] = index.to_ne_bytes();
    [family, prefix, 0, 0, a, b, c, d]
}

/// An interface is to have this address, of a network with this prefix.
pub(super) fn request(index: u32, address: IpAddr, prefix: u8) -> Message {
    let message = |family| {
        Message::new(super::NEW_ADDRESS, CREATE | EXCLUSIVE, &header(family, prefix, index))
            .number(FLAGS, UNASKED)
    };
    match address {
        IpAddr::V4(address) => {
            let bytes = address.octets();
            let broadcast = address.to_bits() | u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
            message(INET).with(LOCAL, &bytes).with(ADDRESS, &bytes).with(BROADCAST, &broadcast.to_be_bytes())
        }
        IpAddr::V6(address) => message(INET6).with(LOCAL, &address.octets()).with(ADDRESS, &address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_for_everywhere_and_for_ever_are_taken_along() {
        let address = |index: u32, scope: u8, flags: u32| {
            let [a, b, c, d] = index.to_ne_bytes();
            let message = Message::new(20, 0, &[2, 24, 0, scope, a, b, c, d]);
            let message = message.with(LOCAL, &[10, 0, 0, 1]).with(3, b"label\0").number(FLAGS, flags);
            message.finish(0)[16..].to_vec()
        };
        let expected = Address { family: 2, prefix: 24, parts: vec![(LOCAL, vec![10, 0, 0, 1])] };
        assert_eq!(Address::lasting(&address(7, 0, PERMANENT), 7), Some(expected));
        assert_eq!(Address::lasting(&address(8, 0, PERMANENT), 7), None, "another interface's");
        assert_eq!(Address::lasting(&address(7, 253, PERMANENT), 7), None, "only for its link");
        assert_eq!(Address::lasting(&address(7, 0, 0), 7), None, "for a while");
        assert_eq!(Address::lasting(&[2, 24], 7), None);
    }
}
