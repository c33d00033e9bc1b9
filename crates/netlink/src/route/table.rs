//! Routes.

use std::net::IpAddr;

use crate::message::{ACK, CREATE, EXCLUSIVE, Message, attributes, find, number};

const DESTINATION: u16 = 1;
const INTERFACE: u16 = 4;
const GATEWAY: u16 = 5;
/// Length of `struct rtmsg`.
const HEADER: usize = 12;
/// `RT_TABLE_MAIN`, `RTPROT_BOOT`, `RTN_UNICAST`.
const MAIN: u8 = 254;
const BOOT: u8 = 3;
const UNICAST: u8 = 1;
/// `NLM_F_REPLACE`.
const REPLACE: u16 = 0x100;

/// A route to somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteEntry {
    /// The first address.
    pub destination: IpAddr,
    /// Bits that all have in common.
    pub prefix: u8,
    /// The number of the interface that it leads through.
    pub interface: Option<u32>,
}

impl RouteEntry {
    pub(super) fn read(answer: &[u8]) -> Option<RouteEntry> {
        let [_, prefix, _, _, table, _, _, kind, ..] = *answer else { return None };
        let all = attributes(answer.get(HEADER..)?);
        let destination = find(&all, DESTINATION)?;
        let destination = match destination.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(destination).ok()?),
            16 => IpAddr::from(<[u8; 16]>::try_from(destination).ok()?),
            _ => return None,
        };
        let interface = find(&all, INTERFACE).and_then(|value| number(value, 0));
        (table == MAIN && kind == UNICAST && prefix > 0).then_some(RouteEntry {
            destination,
            prefix,
            interface,
        })
    }
}

fn default(index: u32, gateway: IpAddr, flags: u16) -> Message {
    let family = if gateway.is_ipv4() { 2 } else { 10 };
    let header = [family, 0, 0, 0, MAIN, BOOT, 0, UNICAST, 0, 0, 0, 0];
    let message = Message::new(super::NEW_ROUTE, flags, &header).number(INTERFACE, index);
    match gateway {
        IpAddr::V4(address) => message.with(GATEWAY, &address.octets()),
        IpAddr::V6(address) => message.with(GATEWAY, &address.octets()),
    }
}

/// What is for nowhere else goes to this gateway.
pub(super) fn default_route(index: u32, gateway: IpAddr) -> Message {
    default(index, gateway, CREATE | EXCLUSIVE)
}

/// The same, in the place of what there is.
pub(super) fn replace_default(index: u32, gateway: IpAddr) -> Message {
    default(index, gateway, ACK | CREATE | REPLACE)
}
