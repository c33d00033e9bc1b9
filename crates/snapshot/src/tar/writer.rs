//! Writes an archive: POSIX headers, and extended fields only for what does not fit into them. The same members
//! give the same bytes, on any machine.

use std::io::{self, Read, Write};

use super::entry::{Entry, Kind, Time};
use super::header::BLOCK;
use super::number::put_octal;

/// An archive that is being written.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Writes there.
    pub fn new(to: W) -> Writer<W> {
        Writer { to }
    }

    /// Writes a member with its bytes, which must be `data.size` many. `number` and the rest of `data` say
    /// nothing here: holes are written as zeroes.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are fewer bytes; `InvalidInput` for a link that is longer than a path can be.
    pub fn member(&mut self, entry: &Entry, bytes: impl Read) -> io::Result<()> {
        let size = if entry.kind == Kind::File { entry.data.size } else { 0 };
        let (header, extended) = headers(entry, size);
        if !extended.is_empty() {
            let front =
                Front { typeflag: b'x', name: &extended_name(&entry.name), size: extended.len() as u64 };
            self.to.write_all(&front.block())?;
            self.padded(&extended[..], extended.len() as u64)?;
        }
        self.to.write_all(&header)?;
        self.padded(bytes, size)
    }

    fn padded(&mut self, bytes: impl Read, size: u64) -> io::Result<()> {
        if io::copy(&mut bytes.take(size), &mut self.to)? != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let padding = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0);
        self.to.write_all(&[0; BLOCK][..padding])
    }

    /// Ends the archive: two blocks of zeroes.
    ///
    /// # Errors
    /// What the target says.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.write_all(&[0; 2 * BLOCK])?;
        Ok(self.to)
    }
}

/// The header, and the extended fields that stand in front of it.
fn headers(entry: &Entry, size: u64) -> ([u8; BLOCK], Vec<u8>) {
    let mut more = Extended::default();
    let link = match &entry.kind {
        Kind::HardLink(link) | Kind::Symlink(link) => &link[..],
        _ => &[],
    };
    let mut block = Front { typeflag: typeflag(&entry.kind), name: &[], size: 0 }.block();
    more.text("path", &mut block[..100], &entry.name);
    more.text("linkpath", &mut block[157..257], link);
    put_octal(&mut block[100..108], u64::from(entry.mode));
    more.number("uid", &mut block[108..116], u64::from(entry.uid));
    more.number("gid", &mut block[116..124], u64::from(entry.gid));
    more.number("size", &mut block[124..136], size);
    more.time(&mut block[136..148], entry.mtime);
    if let Kind::Char(major, minor) | Kind::Block(major, minor) = entry.kind {
        put_octal(&mut block[329..337], u64::from(major));
        put_octal(&mut block[337..345], u64::from(minor));
    }
    for (name, value) in &entry.xattrs {
        more.record(&[b"SCHILY.xattr.", &name[..]].concat(), value);
    }
    put_sum(&mut block);
    (block, more.finish())
}

fn typeflag(kind: &Kind) -> u8 {
    match kind {
        Kind::File => b'0',
        Kind::HardLink(_) => b'1',
        Kind::Symlink(_) => b'2',
        Kind::Char(..) => b'3',
        Kind::Block(..) => b'4',
        Kind::Folder => b'5',
        Kind::Fifo => b'6',
    }
}

/// What every header has.
struct Front<'a> {
    typeflag: u8,
    name: &'a [u8],
    size: u64,
}

impl Front<'_> {
    fn block(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..self.name.len()].copy_from_slice(self.name);
        for field in [100..108, 108..116, 116..124, 136..148] {
            put_octal(&mut block[field], 0);
        }
        put_octal(&mut block[124..136], self.size);
        block[156] = self.typeflag;
        block[257..265].copy_from_slice(b"ustar\x0000");
        for field in [329..337, 337..345] {
            put_octal(&mut block[field], 0);
        }
        put_sum(&mut block);
        block
    }
}

/// Six digits, NUL, space: as it always was.
fn put_sum(block: &mut [u8; BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    put_octal(&mut block[148..155], sum);
}

/// A name for the extended header itself, which only old programs see.
fn extended_name(name: &[u8]) -> Vec<u8> {
    let base = name.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or(b"root");
    [b"PaxHeaders/", &base[..base.len().min(80)]].concat()
}

/// Extended fields, sorted by their keys.
#[derive(Default)]
struct Extended(Vec<Vec<u8>>);

impl Extended {
    fn text(&mut self, key: &str, field: &mut [u8], text: &[u8]) {
        let fits = text.len().min(field.len());
        field[..fits].copy_from_slice(&text[..fits]);
        if fits < text.len() {
            self.record(key.as_bytes(), text);
        }
    }

    fn number(&mut self, key: &str, field: &mut [u8], number: u64) {
        if !put_octal(field, number) {
            self.record(key.as_bytes(), number.to_string().as_bytes());
        }
    }

    fn time(&mut self, field: &mut [u8], time: Time) {
        let fits = u64::try_from(time.seconds).is_ok_and(|seconds| put_octal(field, seconds));
        if !fits || time.nanos != 0 {
            self.record(b"mtime", decimal_time(time).as_bytes());
        }
    }

    /// The length counts itself.
    fn record(&mut self, key: &[u8], value: &[u8]) {
        let rest = [b" ", key, b"=", value, b"\n"].concat();
        let mut length = rest.len() + 1;
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        self.0.push([length.to_string().as_bytes(), &rest].concat());
    }

    fn finish(mut self) -> Vec<u8> {
        let key =
            |record: &Vec<u8>| record.iter().skip_while(|byte| **byte != b' ').copied().collect::<Vec<_>>();
        self.0.sort_by_cached_key(key);
        self.0.concat()
    }
}

fn decimal_time(time: Time) -> String {
    let (sign, seconds, nanos) = match (time.seconds, time.nanos) {
        (0.., nanos) => ("", time.seconds, nanos),
        (_, 0) => ("", time.seconds, 0),
        (_, nanos) => ("-", -(time.seconds + 1), 1_000_000_000 - nanos),
    };
    let text = format!("{sign}{seconds}.{nanos:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{Data, Reader, Stream};
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let entry = |kind: Kind, name: &str| Entry {
            number: 0,
            name: name.into(),
            kind,
            mode: 0o4755,
            uid: 3_000_000_000,
            gid: 7,
            mtime: Time { seconds: -2, nanos: 5 },
            xattrs: vec![(b"user.a".to_vec(), b"\0\n=".to_vec()), (b"user.b".to_vec(), vec![])],
            data: Data::default(),
        };
        let mut all = vec![
            entry(Kind::Folder, "a/"),
            entry(Kind::Symlink(vec![b't'; 300]), "a/link"),
            entry(Kind::HardLink(b"a/f".to_vec()), &"long".repeat(60)),
            entry(Kind::Char(5, 1), "c"),
            entry(Kind::Block(4095, 1_048_575), "b"),
            entry(Kind::Fifo, "p"),
            entry(Kind::File, "f"),
        ];
        all[6].data.size = 700;
        let mut writer = Writer::new(Vec::new());
        for entry in &all {
            writer.member(entry, io::repeat(7)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut reader = Reader::new(Stream(&bytes[..]));
        for (at, entry) in all.iter_mut().enumerate() {
            let read = reader.next_entry().unwrap().unwrap();
            entry.number = at as u64 + 1;
            entry.data = read.data.clone();
            assert_eq!(read, *entry);
        }
        let offset = usize::try_from(all[6].data.offset).unwrap();
        assert_eq!(&bytes[offset..offset + 700], &[7; 700]);
        assert_eq!(reader.next_entry().unwrap(), None);
    }

    #[test]
    fn times_before_1970() {
        let text = |seconds, nanos| decimal_time(Time { seconds, nanos });
        assert_eq!(text(5, 250_000_000), "5.25");
        assert_eq!(text(-1, 750_000_000), "-0.25");
        assert_eq!(text(-10, 0), "-10");
        assert_eq!(text(100, 0), "100");
    }
}
