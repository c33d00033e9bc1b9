//! Questions to name servers and their answers, as bytes.
//!
//! Source: RFC 1035, section 4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Kind {
    V4 = 1,
    V6 = 28,
}

/// What a name server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The addresses; none if the name has none of this kind.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    NoSuchName,
    /// It did not fit in: TCP has it.
    Cut,
    /// The server cannot or does not want to.
    Failed,
}

const INTERNET: u16 = 1;

/// A question for the addresses of a name; nothing if it cannot be a name.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > 253 {
        return None;
    }
    // One question, with the wish that the server asks on.
    let mut bytes = [id.to_be_bytes(), [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]].concat();
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        bytes.push(length);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&(kind as u16).to_be_bytes());
    bytes.extend_from_slice(&INTERNET.to_be_bytes());
    Some(bytes)
}

/// What an answer to `question` says; nothing if it is not one.
pub(super) fn answer(question: &[u8], bytes: &[u8]) -> Option<Said> {
    let flags = bytes.get(2..4)?;
    let is_answer = flags[0] & 0x80 != 0 && bytes.get(..2) == question.get(..2);
    let asked = bytes.get(12..question.len())?;
    if !is_answer || number(bytes, 4)? != 1 || !asked.eq_ignore_ascii_case(&question[12..]) {
        return None;
    }
    Some(match flags[1] & 0x0f {
        _ if flags[0] & 0x02 != 0 => Said::Cut,
        0 => Said::Addresses(addresses(bytes, question.len())?),
        3 => Said::NoSuchName,
        _ => Said::Failed,
    })
}

/// All addresses in the answers, whatever name they are under: aliases lead there.
fn addresses(bytes: &[u8], mut at: usize) -> Option<Vec<IpAddr>> {
    let mut found = Vec::new();
    for _ in 0..number(bytes, 6)? {
        at = after_name(bytes, at)?;
        let (kind, class, length) = (number(bytes, at)?, number(bytes, at + 2)?, number(bytes, at + 8)?);
        let data = bytes.get(at + 10..at + 10 + usize::from(length))?;
        at += 10 + data.len();
        if class == INTERNET {
            found.extend(address(kind, data));
        }
    }
    Some(found)
}

fn address(kind: u16, data: &[u8]) -> Option<IpAddr> {
    match kind {
        1 => <[u8; 4]>::try_from(data).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        28 => <[u8; 16]>::try_from(data).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// Where a name ends: at an empty label, or at a pointer to the rest of it.
fn after_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An answer with these records: kind and data.
    pub(in crate::names) fn reply(question: &[u8], code: u8, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[3] = 0x80 | code;
        bytes[7] = u8::try_from(records.len()).unwrap();
        for (kind, data) in records {
            bytes.extend_from_slice(&[0xc0, 12]);
            bytes.extend_from_slice(&kind.to_be_bytes());
            bytes.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
            bytes.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(data);
        }
        bytes
    }

    #[test]
    fn a_question_is_as_the_standard_has_it() {
        let bytes = question(0x1234, "a.example.", Kind::V6).unwrap();
        let expected: &[u8] =
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x1c\x00\x01";
        assert_eq!(bytes, expected);
        for bad in ["", ".", "a..b", ".a", &"x".repeat(64), &"abc.".repeat(80)] {
            assert_eq!(question(1, bad, Kind::V4), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_taken_and_aliases_passed_by() {
        let asked = question(7, "A.example", Kind::V4).unwrap();
        let records: [(u16, &[u8]); 4] =
            [(5, b"\x01b\xc0\x0e"), (1, &[192, 0, 2, 1]), (1, &[1, 2, 3]), (28, &[0x20; 16])];
        let said = answer(&asked, &reply(&asked, 0, &records)).unwrap();
        let Said::Addresses(found) = said else { panic!("{said:?}") };
        assert_eq!(found, ["192.0.2.1".parse::<IpAddr>().unwrap(), IpAddr::V6(Ipv6Addr::from([0x20; 16]))]);
        assert_eq!(answer(&asked, &reply(&asked, 0, &[])), Some(Said::Addresses(vec![])));
        assert_eq!(answer(&asked, &reply(&asked, 3, &[])), Some(Said::NoSuchName));
        assert_eq!(answer(&asked, &reply(&asked, 2, &[])), Some(Said::Failed));
        let mut cut = reply(&asked, 0, &[]);
        cut[2] |= 2;
        assert_eq!(answer(&asked, &cut), Some(Said::Cut));
    }

    #[test]
    fn what_is_no_answer_to_this_question_is_none() {
        let asked = question(7, "a.example", Kind::V4).unwrap();
        let good = reply(&asked, 0, &[(1, &[192, 0, 2, 1])]);
        assert!(answer(&asked, &good).is_some());
        for other in [
            question(8, "a.example", Kind::V4),
            question(7, "b.example", Kind::V4),
            question(7, "a.example", Kind::V6),
        ] {
            assert_eq!(answer(&asked, &reply(&other.unwrap(), 0, &[])), None);
        }
        assert_eq!(answer(&asked, &asked), None, "a question is no answer");
        for end in 0..good.len() {
            assert_eq!(answer(&asked, &good[..end]), None, "cut at {end}");
        }
        // Whatever a byte is, nothing falls over.
        for at in 0..good.len() {
            for byte in [0, 1, 0x3f, 0xc0, 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                let _ = answer(&asked, &bad);
            }
        }
    }
}
