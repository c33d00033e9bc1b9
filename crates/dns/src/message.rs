//! From the bytes of a question to what is to be done about it. Pure.
//!
//! Sources: RFC 1035, section 4; RFC 6891 (sizes); moby, `libnetwork/resolver.go` (what Docker answers).

use std::net::IpAddr;

use simple_dns::rdata::{A, AAAA, OPT, PTR, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};

use crate::name::{reverse, text};

/// Who knows the names of containers.
pub trait Names {
    /// The addresses of a name (lower case, letters, digits, `-`, `_` and dots); nothing if it is none of ours.
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>>;
    /// The name for an address; nothing if it is none of ours.
    fn name(&self, address: IpAddr) -> Option<String>;
}

/// How a question has come, and its answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A datagram: what is too long is cut, and marked so.
    Udp,
    /// A stream.
    Tcp,
}

/// What is to be done about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// This is the answer.
    Answer(Vec<u8>),
    /// Another server is to be asked. The question itself ends at this byte.
    Forward(usize),
    /// It is no question: to answer one could answer an answer, for ever.
    Nothing,
}

/// Seconds that an answer may be remembered: containers come back with other addresses.
const TTL: u32 = 10;
/// Bytes of a header.
const HEADER: usize = 12;
/// Bytes of an answer that everybody takes, and the most that we send in one datagram.
const SMALLEST: u16 = 512;
const LARGEST: u16 = 4096;
/// Records that stand behind a question at most: sizes, a signature.
const MOST_EXTRAS: u8 = 4;

/// What is to be done about a question.
pub fn answer(question: &[u8], way: Way, names: &dyn Names) -> Said {
    let Some(header) = question.first_chunk::<HEADER>() else { return Said::Nothing };
    if header[2] & 0x80 != 0 {
        return Said::Nothing;
    }
    let end = match header {
        // Nobody asks two questions at once, and a question brings no answers.
        [_, _, _, _, 0, 1, 0, 0, 0, 0, 0, extras] if *extras <= MOST_EXTRAS => question_end(question),
        _ => None,
    };
    let Some(end) = end else { return failed(question, RCODE::FormatError) };
    // What the library does not know may still be a question for others.
    let Ok(packet) = Packet::parse(question) else { return Said::Forward(end) };
    if packet.opcode() != OPCODE::StandardQuery {
        return failed(question, RCODE::NotImplemented);
    }
    if packet.opt().is_some_and(|opt| opt.version != 0) {
        return reply(&packet, Vec::new(), RCODE::BADVERS, way);
    }
    match records(&packet, names) {
        Some(records) => reply(&packet, records, RCODE::NoError, way),
        None => Said::Forward(end),
    }
}

/// An answer that says no more than that it did not work: nothing if the question has no header.
pub fn failure(question: &[u8]) -> Option<Vec<u8>> {
    match failed(question, RCODE::ServerFailure) {
        Said::Answer(bytes) => Some(bytes),
        _ => None,
    }
}

/// Where the only question ends: labels, type and class. Pointers have nowhere to lead in it.
fn question_end(bytes: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => break,
            length @ 1..64 => at += 1 + length,
            _ => return None,
        }
    }
    let end = at + 5;
    (at < HEADER + 255 && end <= bytes.len()).then_some(end)
}

/// The records that answer a question; nothing if it is about none of ours. A name of ours has no others than addresses:
/// nobody else is asked for those, who would say that the name does not exist.
fn records<'a>(packet: &Packet<'a>, names: &dyn Names) -> Option<Vec<ResourceRecord<'a>>> {
    let question = packet.questions.first()?;
    if !matches!(question.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY) {
        return None;
    }
    let name = text(&question.qname)?;
    let record = |data| ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL, data);
    if let Some(address) = reverse(&name) {
        let found = names.name(address)?;
        let wanted = matches!(question.qtype, QTYPE::TYPE(TYPE::PTR) | QTYPE::ANY);
        let target = Name::new(&found).ok()?.into_owned();
        return Some(wanted.then(|| record(RData::PTR(PTR(target)))).into_iter().collect());
    }
    let mut addresses = names.addresses(&name)?;
    // Each in its turn is the first: many take that one.
    let turn = usize::from(packet.id()) % addresses.len().max(1);
    addresses.rotate_left(turn);
    let data = |address: IpAddr| match (address, question.qtype) {
        (IpAddr::V4(v4), QTYPE::TYPE(TYPE::A) | QTYPE::ANY) => Some(RData::A(A { address: v4.to_bits() })),
        (IpAddr::V6(v6), QTYPE::TYPE(TYPE::AAAA) | QTYPE::ANY) => {
            Some(RData::AAAA(AAAA { address: v6.to_bits() }))
        }
        _ => None,
    };
    Some(addresses.into_iter().filter_map(data).map(record).collect())
}

fn reply(asked: &Packet<'_>, records: Vec<ResourceRecord<'_>>, code: RCODE, way: Way) -> Said {
    let mut reply = Packet::new_reply(asked.id());
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if asked.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    *reply.rcode_mut() = code;
    reply.questions.clone_from(&asked.questions);
    reply.answers = records;
    *reply.opt_mut() =
        asked.opt().map(|_| OPT { opt_codes: Vec::new(), udp_packet_size: LARGEST, version: 0 });
    let size = asked.opt().map_or(SMALLEST, |opt| opt.udp_packet_size.clamp(SMALLEST, LARGEST));
    let room = if way == Way::Tcp { usize::from(u16::MAX) } else { size.into() };
    loop {
        let Ok(bytes) = reply.build_bytes_vec_compressed() else { return Said::Nothing };
        if bytes.len() <= room || reply.answers.is_empty() {
            return Said::Answer(bytes);
        }
        // As many as fit; by TCP all can be had.
        let kept = reply.answers.len() * room / bytes.len();
        reply.answers.truncate(kept.min(reply.answers.len() - 1));
        reply.set_flags(PacketFlag::TRUNCATION);
    }
}

/// The header alone, and the question if it is one.
fn failed(question: &[u8], code: RCODE) -> Said {
    let Some(header) = question.first_chunk::<HEADER>() else { return Said::Nothing };
    let end = question_end(question).filter(|_| header[4..6] == [0, 1]);
    let mut bytes = question[..end.unwrap_or(HEADER)].to_vec();
    // It is an answer; what was asked for, and whether to ask on, stay. Recursion is available.
    bytes[2] = header[2] & 0x79 | 0x80;
    bytes[3] = 0x80 | (code as u16 & 0xf) as u8;
    bytes[4..HEADER].fill(0);
    bytes[5] = u8::from(end.is_some());
    Said::Answer(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use simple_dns::Question;

    /// A few names.
    pub(crate) struct Few;

    impl Names for Few {
        fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
            let list = |text: &str| text.split(' ').map(|one| one.parse().unwrap()).collect();
            match name {
                "web" | "web.net" => Some(list("10.0.0.2 fd00::2")),
                "v4" => Some(list("10.0.0.3")),
                "many" => Some((0..100).map(|last| IpAddr::from([10, 0, 1, last])).collect()),
                _ => None,
            }
        }

        fn name(&self, address: IpAddr) -> Option<String> {
            (address == IpAddr::from([10, 0, 0, 2])).then(|| "web.net".to_string())
        }
    }

    pub(crate) fn question(id: u16, name: &str, kind: QTYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(Name::new_unchecked(name), kind, CLASS::IN.into(), false));
        packet.build_bytes_vec().unwrap()
    }

    /// Code, whether it was cut, and the answers as text.
    pub(crate) fn read(bytes: &[u8]) -> (RCODE, bool, Vec<String>) {
        let packet = Packet::parse(bytes).unwrap();
        assert!(packet.has_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_AVAILABLE));
        let record = |record: &ResourceRecord<'_>| match &record.rdata {
            RData::A(a) => std::net::Ipv4Addr::from_bits(a.address).to_string(),
            RData::AAAA(a) => std::net::Ipv6Addr::from_bits(a.address).to_string(),
            RData::PTR(name) => name.0.to_string(),
            other => format!("{other:?}"),
        };
        let cut = packet.has_flags(PacketFlag::TRUNCATION);
        (packet.rcode(), cut, packet.answers.iter().map(record).collect())
    }

    fn ask(name: &str, kind: impl Into<QTYPE>) -> Option<Vec<String>> {
        match answer(&question(0, name, kind.into()), Way::Udp, &Few) {
            Said::Answer(bytes) => {
                let (code, cut, found) = read(&bytes);
                assert_eq!((code, cut), (RCODE::NoError, false));
                Some(found)
            }
            _ => None,
        }
    }

    #[test]
    fn names_of_containers_are_answered_and_others_passed_on() {
        assert_eq!(ask("web", TYPE::A).unwrap(), ["10.0.0.2"]);
        assert_eq!(ask("WeB.Net", TYPE::AAAA).unwrap(), ["fd00::2"]);
        assert_eq!(ask("web", QTYPE::ANY).unwrap(), ["10.0.0.2", "fd00::2"]);
        assert_eq!(ask("2.0.0.10.in-addr.arpa", TYPE::PTR).unwrap(), ["web.net"]);
        for other in ["example.com", "webb", "3.0.0.10.in-addr.arpa", ".", "a/b"] {
            assert_eq!(ask(other, TYPE::A), None, "{other}");
        }
    }

    /// A resolver that hears `no such name` for the one kind does not ask for the other.
    #[test]
    fn a_name_without_such_a_record_exists() {
        for kind in [TYPE::AAAA, TYPE::MX, TYPE::TXT, TYPE::HTTPS] {
            assert_eq!(ask("v4", kind).unwrap(), Vec::<String>::new(), "{kind:?}");
        }
    }

    #[test]
    fn each_address_is_the_first_in_its_turn() {
        let first = |id| match answer(&question(id, "many", TYPE::A.into()), Way::Tcp, &Few) {
            Said::Answer(bytes) => read(&bytes).2[0].clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!([first(0), first(1), first(101)], ["10.0.1.0", "10.0.1.1", "10.0.1.1"]);
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        let ask = |size: Option<u16>, way| {
            let mut packet = Packet::new_query(0);
            packet.questions.push(Question::new(
                Name::new_unchecked("many"),
                TYPE::A.into(),
                CLASS::IN.into(),
                false,
            ));
            *packet.opt_mut() =
                size.map(|udp_packet_size| OPT { opt_codes: Vec::new(), udp_packet_size, version: 0 });
            match answer(&packet.build_bytes_vec().unwrap(), way, &Few) {
                Said::Answer(bytes) => (bytes.len(), read(&bytes)),
                other => panic!("{other:?}"),
            }
        };
        let (length, (_, cut, found)) = ask(None, Way::Udp);
        assert!(cut && length <= 512 && found.len() > 20, "{length} {}", found.len());
        let (length, (_, cut, found)) = ask(Some(1232), Way::Udp);
        assert!(cut && length <= 1232 && found.len() > 60, "{length} {}", found.len());
        // The controls: with room for it nothing is cut.
        for (size, way) in [(Some(4096), Way::Udp), (None, Way::Tcp)] {
            let (_, (_, cut, found)) = ask(size, way);
            assert!(!cut && found.len() == 100);
        }
    }

    #[test]
    fn what_is_no_question_is_not_answered_like_one() {
        let good = question(7, "web", TYPE::A.into());
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            answer(&bytes, Way::Udp, &Few)
        };
        assert_eq!(changed(|bytes| bytes[2] |= 0x80), Said::Nothing, "an answer");
        assert_eq!(changed(|bytes| bytes.truncate(11)), Said::Nothing);
        let code = |said| match said {
            Said::Answer(bytes) => {
                assert_eq!(bytes[..2], [0, 7]);
                bytes[3] & 0xf
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(code(changed(|bytes| bytes[5] = 2)), 1, "two questions");
        assert_eq!(code(changed(|bytes| bytes[7] = 1)), 1, "a question with an answer");
        assert_eq!(code(changed(|bytes| bytes.truncate(14))), 1, "half a question");
        assert_eq!(code(changed(|bytes| bytes[12] = 0xc0)), 1, "a pointer");
        assert_eq!(code(changed(|bytes| bytes[2] |= 0x28)), 4, "an update");
        // A kind that nobody knows is a question for others.
        assert_eq!(changed(|bytes| bytes[17] = 0xfe), Said::Forward(good.len()));
    }

    #[test]
    fn a_failure_repeats_the_question() {
        let asked = question(7, "other", TYPE::A.into());
        let said = failure(&asked).unwrap();
        assert_eq!(said[HEADER..], asked[HEADER..]);
        assert_eq!(read(&said), (RCODE::ServerFailure, false, vec![]));
        assert_eq!(failure(&asked[..5]), None);
    }

    /// Whatever comes, we are still there.
    #[test]
    fn nothing_that_is_sent_ends_us() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let mut seed = Packet::new_query(1);
        seed.questions.push(Question::new(
            Name::new_unchecked("a.web"),
            TYPE::A.into(),
            CLASS::IN.into(),
            false,
        ));
        *seed.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: 512, version: 0 });
        let seed = seed.build_bytes_vec().unwrap();
        for _ in 0..200_000 {
            let mut bytes = seed.clone();
            for _ in 0..random() % 6 {
                let at = random() as usize % bytes.len();
                bytes[at] = random().to_le_bytes()[0];
            }
            bytes.truncate(1 + random() as usize % (bytes.len() + 8));
            let _ = answer(&bytes, Way::Udp, &Few);
            let _ = failure(&bytes);
        }
    }
}
