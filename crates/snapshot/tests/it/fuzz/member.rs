//! One member of an archive, and the many ways to write it down.

use super::dice::Dice;
use crate::smith::{Header, Smith};

/// What is to be told of a file.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) kind: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) holes: Option<Holes>,
    pub(crate) mode: u64,
    pub(crate) ids: (i64, i64),
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    pub(crate) xattrs: Vec<(String, Vec<u8>)>,
    pub(crate) device: (i64, i64),
}

/// Which pieces of a file its body is, and how large the file is.
#[derive(Clone)]
pub(crate) struct Holes {
    pub(crate) pieces: Vec<(usize, usize)>,
    pub(crate) size: usize,
}

impl Member {
    /// With an owner, a mode and a time of some kind.
    pub(crate) fn new(kind: u8, name: &[u8], dice: &mut Dice) -> Member {
        let mode =
            if kind == b'5' { *dice.pick(&[0o755, 0o1777, 0o2750]) } else { *dice.pick(&[0o644, 0o4755, 0]) };
        Member {
            kind,
            name: name.to_vec(),
            link: Vec::new(),
            body: Vec::new(),
            holes: None,
            mode,
            ids: *dice.pick(&[(0, 0), (0, 0), (33, 44), (70_000, 1), (2_500_000, 2_000_000_000)]),
            seconds: *dice.pick(&[1_700_000_000, 1_700_000_000, 0, 1, -1, -86_400, 4_294_967_296]),
            nanos: *dice.pick(&[0, 0, 500_000_000, 123_456_789]),
            xattrs: Vec::new(),
            device: (0, 0),
        }
    }

    /// Takes over what both names of one file have.
    pub(crate) fn like(&mut self, other: &Member) {
        (self.mode, self.ids) = (other.mode, other.ids);
        (self.seconds, self.nanos) = (other.seconds, other.nanos);
    }

    /// Writes it in one of the ways that mean the same; also in those that only GNU has, if they may be `old`.
    pub(crate) fn write(&self, tar: Smith, old: bool, dice: &mut Dice) -> Smith {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        if self.nanos > 0 {
            fields.push(("mtime".to_string(), self.time().into_bytes()));
        }
        for (name, value) in &self.xattrs {
            fields.push((format!("SCHILY.xattr.{name}"), value.clone()));
        }
        let (mut header, mut body) = (Header::new(self.kind, b""), self.body.clone());
        let mut name = self.name.clone();
        match self.holes.as_ref().map(|holes| (holes, if old { dice.below(4) } else { 1 + dice.below(3) })) {
            None => {}
            Some((holes, 0)) => header = holes.old(header),
            // Python has no map without pieces.
            Some((holes, 2)) if holes.pieces.is_empty() => {
                fields.extend(holes.fields(1, &mut name, &mut body));
            }
            Some((holes, way)) => fields.extend(holes.fields(way, &mut name, &mut body)),
        }
        let long = name.len() > 100 || self.link.len() > 100;
        let (tar, header) = match dice.below(3) {
            // Readers differ about a sparse file's own name and another one.
            _ if name != self.name => (tar, header),
            0 => (self.gnu(tar, &name), header),
            _ if long || dice.one_in(4) => {
                fields.push(("path".to_string(), name.clone()));
                if !self.link.is_empty() {
                    fields.push(("linkpath".to_string(), self.link.clone()));
                }
                (tar, header)
            }
            _ => (tar, header),
        };
        let tar = if fields.is_empty() { tar } else { tar.pax(&by_ref(&fields)) };
        let header =
            header.put(0, &name[..name.len().min(100)]).put(157, &self.link[..self.link.len().min(100)]);
        tar.raw(self.numbers(header.size(body.len()), dice), &body)
    }

    /// GNU's headers for long names.
    fn gnu(&self, tar: Smith, name: &[u8]) -> Smith {
        [(b'L', name), (b'K', &self.link[..])].into_iter().fold(tar, |tar, (kind, text)| {
            let text = [text, b"\0"].concat();
            if text.len() == 1 {
                tar
            } else {
                tar.raw(Header::new(kind, b"././@LongLink").size(text.len()), &text)
            }
        })
    }

    fn numbers(&self, header: Header, dice: &mut Dice) -> Header {
        let header = number(header.mode(self.mode), 108..116, self.ids.0, dice);
        let header = number(header, 116..124, self.ids.1, dice);
        let header = number(header, 136..148, self.seconds, dice);
        let header = number(header, 329..337, self.device.0, dice);
        number(header, 337..345, self.device.1, dice)
    }

    /// Seconds and nanoseconds as decimal text; before 1970 the fraction counts backwards.
    fn time(&self) -> String {
        let (seconds, nanos) = (self.seconds, self.nanos);
        if seconds >= 0 {
            format!("{seconds}.{nanos:09}")
        } else {
            format!("-{}.{:09}", -seconds - 1, 1_000_000_000 - nanos)
        }
    }
}

impl Holes {
    /// In GNU's own header: four pieces at most.
    fn old(&self, header: Header) -> Header {
        let header = header.put(156, b"S").put(257, b"ustar  \0").octal(483..495, self.size as u64);
        (0..).zip(self.pieces.iter().take(4)).fold(header, |header, (at, (start, length))| {
            let at = 386 + 24 * at;
            header.octal(at..at + 12, *start as u64).octal(at + 12..at + 24, *length as u64)
        })
    }

    /// As fields in front: 0.0, 0.1, or 1.0 with the map in front of the data.
    fn fields(&self, way: usize, name: &mut Vec<u8>, body: &mut Vec<u8>) -> Vec<(String, Vec<u8>)> {
        let numbers: Vec<_> =
            self.pieces.iter().flat_map(|(start, length)| [start.to_string(), length.to_string()]).collect();
        let field = |key: &str, value: String| (format!("GNU.sparse.{key}"), value.into_bytes());
        let mut fields = vec![field(if way == 3 { "realsize" } else { "size" }, self.size.to_string())];
        match way {
            1 => {
                fields.push(field("numblocks", self.pieces.len().to_string()));
                let keys = ["offset", "numbytes"].into_iter().cycle();
                fields.extend(numbers.into_iter().zip(keys).map(|(number, key)| field(key, number)));
            }
            2 => {
                fields.push(field("numblocks", self.pieces.len().to_string()));
                fields.push(field("map", numbers.join(",")));
            }
            _ => {
                fields.extend([field("major", "1".to_string()), field("minor", "0".to_string())]);
                fields.push((
                    "GNU.sparse.name".to_string(),
                    std::mem::replace(name, b"GNUSparseFile.0/x".to_vec()),
                ));
                let map = std::iter::once(self.pieces.len().to_string()).chain(numbers);
                let mut map: Vec<u8> = map.flat_map(|number| format!("{number}\n").into_bytes()).collect();
                map.resize(map.len().next_multiple_of(512), 0);
                *body = [map, std::mem::take(body)].concat();
            }
        }
        fields
    }
}

fn by_ref(fields: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    fields.iter().map(|(key, value)| (key.as_str(), &value[..])).collect()
}

/// Octal as long as that is possible, or in base 256.
fn number(header: Header, field: std::ops::Range<usize>, value: i64, dice: &mut Dice) -> Header {
    let digits = field.len() - 1;
    match u64::try_from(value) {
        Ok(value) if value < 1 << (3 * digits) && !dice.one_in(4) => {
            if dice.one_in(4) {
                let text = format!("{value:digits$o} ");
                return header.put(field.start, text.as_bytes());
            }
            header.octal(field, value)
        }
        _ => {
            let mut bytes = vec![if value < 0 { 0xff } else { 0 }; field.len()];
            let (low, length) = (value.to_be_bytes(), field.len().min(8));
            let end = bytes.len();
            bytes[end - length..].copy_from_slice(&low[8 - length..]);
            bytes[0] = if value < 0 { 0xff } else { 0x80 };
            header.put(field.start, &bytes)
        }
    }
}
