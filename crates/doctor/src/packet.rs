//! The first packet of a connection, and the answer to it. Pure.
//!
//! Sources: RFC 791, 768, 9293, 8200; RFC 1071 (checksums).

use std::net::{IpAddr, SocketAddr};

/// How the port is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// By a packet that asks for a connection.
    Tcp,
    /// By an empty datagram.
    Udp,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Somebody listens there.
    Accepted,
    /// The machine is there, and nobody listens.
    Refused,
    /// Somebody on the way does not pass it on.
    Unreachable,
    /// Nothing.
    Silence,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMP6: u8 = 58;
/// Flags of TCP.
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// Lengths of headers.
const IPV4: usize = 20;
const IPV6: usize = 40;

impl Protocol {
    fn number(self) -> u8 {
        if self == Protocol::Tcp { TCP } else { UDP }
    }
}

/// The first packet from one to another; nothing if they are not of one family.
pub(crate) fn first(protocol: Protocol, from: SocketAddr, to: SocketAddr) -> Option<Vec<u8>> {
    let segment = match protocol {
        Protocol::Tcp => tcp(from, to, 1, 0, SYN),
        Protocol::Udp => [from.port().to_be_bytes(), to.port().to_be_bytes(), [0, 8], [0, 0]].concat(),
    };
    whole(protocol, from, to, segment)
}

/// What ends a connection that was accepted, so that nobody waits for more of it.
pub(crate) fn end(from: SocketAddr, to: SocketAddr) -> Option<Vec<u8>> {
    whole(Protocol::Tcp, from, to, tcp(from, to, 2, 0, RST))
}

fn tcp(from: SocketAddr, to: SocketAddr, sequence: u32, answers: u32, flags: u8) -> Vec<u8> {
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    let numbers = [sequence.to_be_bytes(), answers.to_be_bytes()].concat();
    // Five words of header, a window of 1024 bytes, a place for the checksum.
    [ports, numbers, vec![5 << 4, flags, 4, 0, 0, 0, 0, 0]].concat()
}

fn whole(protocol: Protocol, from: SocketAddr, to: SocketAddr, mut segment: Vec<u8>) -> Option<Vec<u8>> {
    let length = u16::try_from(segment.len()).ok()?;
    let (source, target, mut header) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let (from, to) = (from.octets(), to.octets());
            let total = (length + 20).to_be_bytes();
            let mut header = vec![0x45, 0, total[0], total[1], 0, 1, 0x40, 0, 64, protocol.number(), 0, 0];
            header.extend(from);
            header.extend(to);
            let sum = checksum(&[&header]);
            header[10..12].copy_from_slice(&sum);
            (from.to_vec(), to.to_vec(), header)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let (from, to) = (from.octets(), to.octets());
            let [a, b] = length.to_be_bytes();
            let mut header = vec![0x60, 0, 0, 0, a, b, protocol.number(), 64];
            header.extend(from);
            header.extend(to);
            (from.to_vec(), to.to_vec(), header)
        }
        _ => return None,
    };
    let at = if protocol == Protocol::Tcp { 16 } else { 6 };
    let about = [&[0, protocol.number()][..], &length.to_be_bytes()].concat();
    let sum = checksum(&[&source, &target, &about, &segment]);
    segment[at..at + 2].copy_from_slice(&sum);
    header.extend(segment);
    Some(header)
}

/// Of parts that are each of an even length.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.chunks_exact(2));
    let mut sum: u32 = words.map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = !u16::try_from(sum).unwrap_or(0);
    // For UDP, zero is none.
    if sum == 0 { [0xff, 0xff] } else { sum.to_be_bytes() }
}

/// What a packet that came back means for ours; nothing if it is about something else.
pub(crate) fn answer(bytes: &[u8], protocol: Protocol, from: SocketAddr, to: SocketAddr) -> Option<Answer> {
    let (number, source, segment) = match bytes.first()? >> 4 {
        4 => {
            let length = usize::from(bytes[0] & 0xf) * 4;
            let source = IpAddr::from(<[u8; 4]>::try_from(bytes.get(12..16)?).ok()?);
            (*bytes.get(9)?, source, bytes.get(length.max(IPV4)..)?)
        }
        6 => {
            let source = IpAddr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?);
            (*bytes.get(6)?, source, bytes.get(IPV6..)?)
        }
        _ => return None,
    };
    let unreachable = matches!((number, segment.first()?), (ICMP, 3) | (ICMP6, 1));
    if unreachable {
        // No such port, said by who has the address.
        let port = matches!((number, segment.get(1)?), (ICMP, 3) | (ICMP6, 4));
        return Some(if port && source == to.ip() { Answer::Refused } else { Answer::Unreachable });
    }
    let ports = [to.port().to_be_bytes(), from.port().to_be_bytes()].concat();
    if number != protocol.number() || source != to.ip() || segment.get(..4)? != ports {
        return None;
    }
    match protocol {
        Protocol::Udp => Some(Answer::Accepted),
        Protocol::Tcp => match segment.get(13)? {
            flags if flags & RST != 0 => Some(Answer::Refused),
            flags if flags & (SYN | ACK) == SYN | ACK => Some(Answer::Accepted),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(v4: bool) -> (SocketAddr, SocketAddr) {
        let text =
            if v4 { ["192.0.2.2:40000", "10.0.0.1:80"] } else { ["[2001:db8::2]:40000", "[fd00::1]:80"] };
        (text[0].parse().unwrap(), text[1].parse().unwrap())
    }

    /// A checksum over all that it covers, itself too, is nothing.
    #[test]
    fn sums_are_right() {
        for v4 in [true, false] {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let (from, to) = pair(v4);
                let bytes = first(protocol, from, to).unwrap();
                let (header, addresses) = if v4 { (IPV4, 12..20) } else { (IPV6, 8..40) };
                if v4 {
                    assert_eq!(checksum(&[&bytes[..IPV4]]), [0xff, 0xff]);
                }
                let length = u16::try_from(bytes.len() - header).unwrap().to_be_bytes();
                let about = [0, protocol.number(), length[0], length[1]];
                assert_eq!(checksum(&[&bytes[addresses], &about, &bytes[header..]]), [0xff, 0xff]);
            }
        }
        assert_eq!(first(Protocol::Tcp, pair(true).0, pair(false).1), None);
    }

    #[test]
    fn answers_are_understood() {
        for v4 in [true, false] {
            let (from, to) = pair(v4);
            let said = |flags| whole(Protocol::Tcp, to, from, tcp(to, from, 9, 2, flags)).unwrap();
            let read = |bytes: &[u8]| answer(bytes, Protocol::Tcp, from, to);
            assert_eq!(read(&said(SYN | ACK)), Some(Answer::Accepted));
            assert_eq!(read(&said(RST | ACK)), Some(Answer::Refused));
            assert_eq!(read(&said(ACK)), None);
            let stranger = whole(Protocol::Tcp, from, to, tcp(from, to, 9, 2, RST)).unwrap();
            assert_eq!(read(&stranger), None, "our own");
            let udp = first(Protocol::Udp, to, from).unwrap();
            assert_eq!(answer(&udp, Protocol::Udp, from, to), Some(Answer::Accepted));
            for length in 0..40 {
                let _ = read(&said(SYN)[..length.min(said(SYN).len())]);
            }
        }
        let mut icmp = first(Protocol::Udp, pair(true).1, pair(true).0).unwrap();
        (icmp[9], icmp[20], icmp[21]) = (ICMP, 3, 3);
        assert_eq!(answer(&icmp, Protocol::Udp, pair(true).0, pair(true).1), Some(Answer::Refused));
        icmp[21] = 13;
        assert_eq!(answer(&icmp, Protocol::Udp, pair(true).0, pair(true).1), Some(Answer::Unreachable));
    }
}
