//! Interfaces: what is asked for, and what is told of them.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::Mac;
use crate::message::{ACK, CREATE, EXCLUSIVE, Message, attributes, find, number, text};

pub(super) const NAME: u16 = 3;
const HARDWARE: u16 = 1;
const MTU: u16 = 4;
const PARENT: u16 = 5;
const MASTER: u16 = 10;
const INFO: u16 = 18;
const NAMESPACE_PID: u16 = 19;
const NAMESPACE_FD: u16 = 28;
/// Inside `INFO`.
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const INFO_PORT_KIND: u16 = 4;
const INFO_PORT_DATA: u16 = 5;
/// Inside its data: of a veth; of a port of a bridge; of a macvlan and an ipvlan.
const PEER: u16 = 1;
const ISOLATED: u16 = 33;
const MACVLAN_MODE: u16 = 1;
const IPVLAN_MODE: u16 = 1;
/// `IFF_UP`.
pub(super) const UP: u32 = 1;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// It works.
    pub up: bool,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// The number of the bridge that it is a port of.
    pub master: Option<u32>,
    /// The number of its other end or of what it is made from, in whatever namespace that is.
    pub peer: Option<u32>,
}

impl Interface {
    pub(super) fn read(answer: &[u8]) -> Option<Interface> {
        let all = attributes(answer.get(16..)?);
        let figure = |kind| find(&all, kind).and_then(|value| number(value, 0));
        Some(Interface {
            index: number(answer, 4)?,
            name: text(find(&all, NAME)?),
            up: number(answer, 8)? & UP != 0,
            mtu: figure(MTU).unwrap_or(0),
            master: figure(MASTER),
            peer: figure(PARENT),
        })
    }
}

/// `struct ifinfomsg`.
pub(super) fn header(index: u32, flags: u32, change: u32) -> [u8; 16] {
    let mut body = [0; 16];
    for (part, number) in body[4..].chunks_exact_mut(4).zip([index, flags, change]) {
        part.copy_from_slice(&number.to_ne_bytes());
    }
    body
}

pub(super) fn by_name(kind: u16, flags: u16, name: &str) -> Message {
    Message::new(kind, flags, &header(0, 0, 0)).text(NAME, name)
}

/// A bridge that is to be made.
#[derive(Debug, Clone)]
pub struct Bridge<'a> {
    /// Its name: fifteen bytes at most.
    pub name: &'a str,
    /// Its own, so that it does not change with its ports.
    pub mac: Mac,
    /// Bytes of the largest packet.
    pub mtu: u32,
}

impl Bridge<'_> {
    pub(super) fn request(&self) -> Message {
        Message::new(super::NEW_LINK, ACK | CREATE | EXCLUSIVE, &header(0, 0, 0))
            .text(NAME, self.name)
            .number(MTU, self.mtu)
            .with(HARDWARE, &self.mac.0)
            .nest(INFO, |info| info.text(INFO_KIND, "bridge"))
    }
}

/// A network namespace, as the kernel is told of it.
#[derive(Debug, Clone, Copy)]
pub enum Namespace<'a> {
    /// That of a process.
    Pid(i32),
    /// One that is open.
    Fd(BorrowedFd<'a>),
}

impl Namespace<'_> {
    pub(super) fn put(self, message: Message) -> Message {
        match self {
            Namespace::Pid(pid) => message.number(NAMESPACE_PID, pid.cast_unsigned()),
            Namespace::Fd(fd) => message.number(NAMESPACE_FD, fd.as_raw_fd().cast_unsigned()),
        }
    }
}

/// What an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of a pair; the other is a port of the bridge with this number.
    Veth(u32),
    /// With a hardware address of its own on the interface with this number, in this mode.
    Macvlan(u32, u32),
    /// With the hardware address of the interface with this number, in this mode.
    Ipvlan(u32, u16),
}

/// An interface that is to be made in another network namespace.
#[derive(Debug, Clone)]
pub struct Plug<'a> {
    /// What it is.
    pub kind: Kind,
    /// Name of its end on this side, where it has one.
    pub outside: &'a str,
    /// Its name in there.
    pub inside: &'a str,
    /// In there.
    pub mac: Option<Mac>,
    /// Bytes of the largest packet; nothing means what its parent has.
    pub mtu: Option<u32>,
    /// It reaches no other isolated port of its bridge.
    pub isolated: bool,
    /// Where it goes.
    pub namespace: Namespace<'a>,
}

impl Plug<'_> {
    pub(super) fn request(&self) -> Message {
        let flags = ACK | CREATE | EXCLUSIVE;
        match self.kind {
            Kind::Veth(bridge) => {
                let message = Message::new(super::NEW_LINK, flags, &header(0, UP, UP))
                    .text(NAME, self.outside)
                    .number(MASTER, bridge);
                self.sized(message).nest(INFO, |info| {
                    info.text(INFO_KIND, "veth").nest(INFO_DATA, |data| {
                        data.nest(PEER, |peer| self.inner(peer.raw(&header(0, 0, 0))))
                    })
                })
            }
            Kind::Macvlan(parent, mode) => self
                .inner(Message::new(super::NEW_LINK, flags, &header(0, 0, 0)).number(PARENT, parent))
                .nest(INFO, |info| {
                    info.text(INFO_KIND, "macvlan").nest(INFO_DATA, |data| data.number(MACVLAN_MODE, mode))
                }),
            Kind::Ipvlan(parent, mode) => self
                .inner(Message::new(super::NEW_LINK, flags, &header(0, 0, 0)).number(PARENT, parent))
                .nest(INFO, |info| {
                    let mode = mode.to_ne_bytes();
                    info.text(INFO_KIND, "ipvlan").nest(INFO_DATA, |data| data.with(IPVLAN_MODE, &mode))
                }),
        }
    }

    /// What is said of the end in the other namespace.
    fn inner(&self, message: Message) -> Message {
        let message = self.namespace.put(self.sized(message).text(NAME, self.inside));
        match self.mac.filter(|_| !matches!(self.kind, Kind::Ipvlan(..))) {
            Some(mac) => message.with(HARDWARE, &mac.0),
            None => message,
        }
    }

    fn sized(&self, message: Message) -> Message {
        match self.mtu {
            Some(mtu) => message.number(MTU, mtu),
            None => message,
        }
    }
}

/// Keeps a port of a bridge from others that are isolated.
pub(super) fn isolate(index: u32) -> Message {
    Message::new(super::NEW_LINK, ACK, &header(index, 0, 0)).nest(INFO, |info| {
        info.text(INFO_PORT_KIND, "bridge").nest(INFO_PORT_DATA, |data| data.with(ISOLATED, &[1]))
    })
}
