//! Network interfaces, by messages to the kernel: the few that it takes to move one.
//!
//! Source: netlink(7), rtnetlink(7), linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h. All numbers are in
//! the machine's own byte order, all parts begin at multiples of four.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const REQUEST: u16 = 0x1;
const ACK: u16 = 0x4;
const DUMP: u16 = 0x300;
const CREATE_NEW: u16 = 0x600;

const LINK_NAME: u16 = 3;
const LINK_NAMESPACE_FD: u16 = 28;
const UP: u32 = 1;

const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const BROADCAST: u16 = 4;
const FLAGS: u16 = 8;
/// It was set by somebody, and has no end.
const PERMANENT: u32 = 0x80;
/// Lengths of `nlmsghdr`, `ifinfomsg`, `ifaddrmsg`.
const HEADER: usize = 16;
const LINK: usize = 16;
const ADDRESS_LINE: usize = 8;

/// A connection to the kernel about one network namespace: the one that its maker was in.
#[derive(Debug)]
pub(crate) struct Netlink(OwnedFd);

/// A network interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    pub(crate) up: bool,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    family: u8,
    prefix: u8,
    /// `IFA_ADDRESS`, `IFA_LOCAL` and `IFA_BROADCAST`, as the kernel told them.
    parts: Vec<(u16, Vec<u8>)>,
}

impl Netlink {
    pub(crate) fn open() -> io::Result<Netlink> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        Ok(Netlink(socket))
    }

    /// An interface by its name.
    ///
    /// # Errors
    /// - `ENODEV`: there is none of this name.
    pub(crate) fn find(&self, name: &str) -> io::Result<Interface> {
        let mut body = link(0, 0, 0);
        attribute(&mut body, LINK_NAME, &zero_ended(name));
        let answers = self.ask(GET_LINK, REQUEST | ACK, &body)?;
        let found = |answer: &Vec<u8>| {
            Some(Interface { index: number(answer, 4)?, up: number(answer, 8)? & UP != 0 })
        };
        answers.first().and_then(found).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    pub(crate) fn set_up(&self, index: u32, up: bool) -> io::Result<()> {
        self.ask(NEW_LINK, REQUEST | ACK, &link(index, if up { UP } else { 0 }, UP)).map(drop)
    }

    /// Its addresses that mean the same everywhere and have no end.
    pub(crate) fn addresses(&self, index: u32) -> io::Result<Vec<Address>> {
        let answers = self.ask(GET_ADDRESS, REQUEST | DUMP, &[0; ADDRESS_LINE])?;
        Ok(answers.iter().filter_map(|answer| lasting_address(answer, index)).collect())
    }

    pub(crate) fn add_address(&self, index: u32, address: &Address) -> io::Result<()> {
        let mut body = vec![address.family, address.prefix, 0, 0];
        body.extend(index.to_ne_bytes());
        for (kind, value) in &address.parts {
            attribute(&mut body, *kind, value);
        }
        self.ask(NEW_ADDRESS, REQUEST | ACK | CREATE_NEW, &body).map(drop)
    }

    /// Moves an interface into another network namespace, under another name there: its own name need not be free
    /// on the other side. The new one must be: the kernel finds that out only when it has moved.
    ///
    /// # Errors
    /// - `EINVAL`: it can be in no other, such as `lo`.
    pub(crate) fn move_to(&self, index: u32, new_name: &str, namespace: BorrowedFd<'_>) -> io::Result<()> {
        let mut body = link(index, 0, 0);
        attribute(&mut body, LINK_NAME, &zero_ended(new_name));
        attribute(&mut body, LINK_NAMESPACE_FD, &namespace.as_raw_fd().to_ne_bytes());
        self.ask(NEW_LINK, REQUEST | ACK, &body).map(drop)
    }

    /// Sends one request, and gives the bodies of its answers.
    fn ask(&self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        send(&self.0, &message(kind, flags, body), SendFlags::empty())?;
        let mut answers = Vec::new();
        // The kernel's own limit for one read of a list.
        let mut bytes = vec![0; 32 << 10];
        loop {
            let (read, _) = recv(&self.0, bytes.as_mut_slice(), RecvFlags::empty())?;
            if take(&bytes[..read], &mut answers)? {
                return Ok(answers);
            }
        }
    }
}

/// Takes the messages of one read apart. True, if the last one was there.
fn take(mut bytes: &[u8], answers: &mut Vec<Vec<u8>>) -> io::Result<bool> {
    while let Some(length) = number(bytes, 0).and_then(|length| usize::try_from(length).ok()) {
        let cut = || io::Error::from(io::ErrorKind::InvalidData);
        let body = bytes.get(HEADER..length).ok_or_else(cut)?;
        match u16::from_ne_bytes([bytes[4], bytes[5]]) {
            DONE => return Ok(true),
            ERROR => {
                let number = number(body, 0).ok_or_else(cut)?.cast_signed();
                return if number == 0 { Ok(true) } else { Err(io::Error::from_raw_os_error(-number)) };
            }
            _ => answers.push(body.to_vec()),
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // Number of the request, and who asks: there is one request at a time, and the kernel knows us.
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// `struct ifinfomsg`.
fn link(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut body = vec![0; 4];
    for number in [index, flags, change] {
        body.extend(number.to_ne_bytes());
    }
    debug_assert_eq!(body.len(), LINK);
    body
}

/// `struct rtattr`.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// An answer about an address: family, length of the prefix, flags, scope, index, attributes.
fn lasting_address(answer: &[u8], index: u32) -> Option<Address> {
    let [family, prefix, flags, scope, ..] = *answer else { return None };
    if number(answer, 4)? != index || scope != 0 {
        return None;
    }
    let parts = attributes(answer.get(ADDRESS_LINE..)?);
    let long = parts.iter().find(|(kind, _)| *kind == FLAGS).and_then(|(_, value)| number(value, 0));
    if long.unwrap_or(u32::from(flags)) & PERMANENT == 0 {
        return None;
    }
    let parts = parts.into_iter().filter(|(kind, _)| [ADDRESS, LOCAL, BROADCAST].contains(kind)).collect();
    Some(Address { family, prefix, parts })
}

fn attributes(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    while let [a, b, c, d, ..] = *bytes {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let Some(value) = bytes.get(4..length) else { break };
        all.push((u16::from_ne_bytes([c, d]), value.to_vec()));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn zero_ended(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_every_machine_has_is_found_and_another_is_not() {
        let kernel = Netlink::open().unwrap();
        assert_eq!(kernel.find("lo").unwrap().index, 1);
        let missing = kernel.find("nowhere0").unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(rustix::io::Errno::NODEV.raw_os_error()));
        // All that `lo` has is for this machine alone.
        assert_eq!(kernel.addresses(1).unwrap(), []);
    }

    #[test]
    fn an_answer_is_cut_where_it_says() {
        let mut bytes = message(NEW_ADDRESS, 0, &[1, 2, 3]);
        bytes.push(0);
        bytes.extend(message(DONE, 0, &[0; 4]));
        let mut answers = Vec::new();
        assert!(take(&bytes, &mut answers).unwrap());
        assert_eq!(answers, [[1, 2, 3]]);
        assert!(take(&bytes[..18], &mut answers).is_err());
    }

    #[test]
    fn only_addresses_for_everywhere_and_for_ever_are_taken_along() {
        let address = |index: u32, scope: u8, flags: u32| {
            let mut body = vec![2, 24, 0, scope];
            body.extend(index.to_ne_bytes());
            attribute(&mut body, LOCAL, &[10, 0, 0, 1]);
            attribute(&mut body, 3, b"label\0");
            attribute(&mut body, FLAGS, &flags.to_ne_bytes());
            body
        };
        let expected = Address { family: 2, prefix: 24, parts: vec![(LOCAL, vec![10, 0, 0, 1])] };
        assert_eq!(lasting_address(&address(7, 0, PERMANENT), 7), Some(expected));
        assert_eq!(lasting_address(&address(8, 0, PERMANENT), 7), None, "another interface's");
        assert_eq!(lasting_address(&address(7, 253, PERMANENT), 7), None, "only for its link");
        assert_eq!(lasting_address(&address(7, 0, 0), 7), None, "for a while");
        assert_eq!(lasting_address(&[2, 24], 7), None);
    }
}
