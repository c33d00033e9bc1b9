//! Reads an archive member by member.

use std::io::{self, Read};

use fault::{Fault, Result, visible};

use super::entry::{Data, Entry, Kind, Segment, Time};
use super::header::{BLOCK, Header};
use super::number::{decimal, until_nul};
use super::pax::{Extended, check_global};
use super::source::Source;
use super::sparse::{self, Way};
use crate::limits;

/// An archive that is being read.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    /// Bytes taken from the source.
    at: u64,
    /// Of the member at hand: bytes not yet read, and the padding behind them.
    left: u64,
    padding: u64,
    /// Members seen.
    number: u64,
    ended: bool,
}

/// What stands in front of a member and speaks of it.
#[derive(Default)]
struct Front {
    extended: Option<Extended>,
    name: Option<Vec<u8>>,
    linkname: Option<Vec<u8>>,
}

/// Why a member is refused: a sentence, or what the source said.
enum Cause {
    Text(String),
    Io(io::Error),
}

impl From<&str> for Cause {
    fn from(text: &str) -> Cause {
        Cause::Text(text.to_string())
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Cause {
        Cause::Text(text)
    }
}

impl From<io::Error> for Cause {
    fn from(err: io::Error) -> Cause {
        match err.kind() {
            io::ErrorKind::UnexpectedEof => "the archive is truncated".into(),
            _ => Cause::Io(err),
        }
    }
}

type Read1<T> = std::result::Result<T, Cause>;

impl<S: Source> Reader<S> {
    /// From its first byte on.
    pub fn new(source: S) -> Reader<S> {
        Reader { source, at: 0, left: 0, padding: 0, number: 0, ended: false }
    }

    /// The next member; what is left of the one before is stepped over. Nothing after the last one.
    ///
    /// # Errors
    /// `Invalid` if the archive is broken, beyond a limit, or says something that readers differ about; else what
    /// the source said. The sentence has the entry's number, and its name as far as it is known.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        let mut name = Vec::new();
        self.number += 1;
        self.step(&mut name).map_err(|cause| {
            self.ended = true;
            let named = if name.is_empty() { String::new() } else { format!(" `{}`", shown(&name)) };
            let doing = format!("read entry {}{named}", self.number);
            match cause {
                Cause::Text(text) => Fault::new(fault::Kind::Invalid, doing).because(text),
                Cause::Io(err) => Fault::of(&err, doing),
            }
        })
    }

    /// The stored bytes of the member at hand, or what is left of them.
    pub fn contents(&mut self) -> Contents<'_, S> {
        Contents(self)
    }

    /// The source, wherever it is: behind the last member there may be more bytes, which count for a digest.
    pub fn into_source(self) -> S {
        self.source
    }

    fn step(&mut self, name: &mut Vec<u8>) -> Read1<Option<Entry>> {
        if self.ended {
            return Ok(None);
        }
        self.skip_rest()?;
        let mut front = Front::default();
        while let Some(header) = self.header()? {
            match header.typeflag() {
                b'x' if front.extended.is_some() => return Err("it has two extended headers".into()),
                b'x' => front.extended = Some(Extended::parse(&self.body(&header)?)?),
                b'g' => check_global(&self.body(&header)?)?,
                b'L' => long(&mut front.name, &self.body(&header)?)?,
                b'K' => long(&mut front.linkname, &self.body(&header)?)?,
                _ => {
                    *name = header.name();
                    return self.member(&header, front, name).map(Some);
                }
            }
        }
        self.ended = true;
        if front.extended.is_some() || front.name.is_some() || front.linkname.is_some() {
            return Err("the archive ends behind a header that speaks of one more".into());
        }
        Ok(None)
    }

    /// The next header, or nothing at the end: two blocks of zeroes, or no more bytes.
    fn header(&mut self) -> Read1<Option<Header>> {
        let Some(header) = self.block()? else { return Ok(None) };
        if !header.is_end() {
            let right = header.has_right_sum();
            return if right { Ok(Some(header)) } else { Err("the checksum of its header is wrong".into()) };
        }
        match self.block()? {
            Some(second) if !second.is_end() => Err("something follows a lone block of zeroes".into()),
            _ => Ok(None),
        }
    }

    fn block(&mut self) -> Read1<Option<Header>> {
        let mut block = [0; BLOCK];
        let mut have = 0;
        while have < BLOCK {
            match self.source.read(&mut block[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err("the archive is truncated".into()),
                Ok(got) => have += got,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err.into()),
            }
        }
        self.at += BLOCK as u64;
        Ok(Some(Header(block)))
    }

    /// What belongs to a header that speaks of another one. Its own size counts, whatever came before it.
    fn body(&mut self, header: &Header) -> Read1<Vec<u8>> {
        header.check_numbers()?;
        let size = header.size()?;
        if size > limits::EXTENDED_BYTES {
            return Err(format!("a header in front of it has {size} bytes").into());
        }
        let mut body = vec![0; usize::try_from(size.next_multiple_of(BLOCK as u64)).unwrap_or(0)];
        self.source.read_exact(&mut body)?;
        self.at += body.len() as u64;
        body.truncate(usize::try_from(size).unwrap_or(0));
        Ok(body)
    }

    fn skip_rest(&mut self) -> Read1<()> {
        self.source.skip(self.left)?;
        match self.source.skip(self.padding) {
            // The last member of some archives is not padded.
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => {}
            other => other?,
        }
        self.at += self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    fn member(&mut self, header: &Header, front: Front, name: &mut Vec<u8>) -> Read1<Entry> {
        if self.number > limits::ENTRIES {
            return Err(format!("there are more than {} entries", limits::ENTRIES).into());
        }
        let mut extended = front.extended.unwrap_or_default();
        let is_long = front.name.is_some();
        *name = only_one(header.name(), front.name, &mut extended.path)?;
        if let Some(own) = extended.sparse.name.take() {
            if is_long {
                return Err(TWO_NAMES.into());
            }
            *name = own;
        }
        header.check_numbers()?;
        let link = only_one(header.linkname().to_vec(), front.linkname, &mut extended.linkpath)?;
        if name.len() > limits::PATH_BYTES || link.len() > limits::PATH_BYTES {
            return Err(format!("a path has more than {} bytes", limits::PATH_BYTES).into());
        }
        let size = extended.size.map_or_else(|| header.size(), Ok)?;
        let kind = kind(header, name, link)?;
        let data = self.data(header, &kind, size, &extended)?;
        check_xattrs(&extended.xattrs)?;
        Ok(Entry {
            number: self.number,
            name: name.clone(),
            kind,
            mode: u32::try_from(header.mode()? & 0o7777).unwrap_or(0),
            uid: id(extended.uid, header.uid())?,
            gid: id(extended.gid, header.gid())?,
            mtime: time(extended.mtime, header)?,
            xattrs: extended.xattrs,
            data,
        })
    }

    fn data(&mut self, header: &Header, kind: &Kind, size: u64, extended: &Extended) -> Read1<Data> {
        let way = extended.sparse.way()?;
        match kind {
            Kind::File => {}
            // star(1) says how large the other name's file is; everybody ignores it.
            Kind::HardLink(_) => return Ok(Data::default()),
            _ if size != 0 => return Err("it has a size, and is not a file".into()),
            _ => return Ok(Data::default()),
        }
        if size > i64::MAX.unsigned_abs() - self.at {
            return Err("its size is too large".into());
        }
        let sparse = self.sparse(header, way, size)?;
        let stored = size - sparse.as_ref().map_or(0, |sparse| sparse.map_bytes);
        if let Some(sparse) = &sparse {
            sparse::check(&sparse.segments, sparse.size, stored)?;
        }
        self.left = stored;
        self.padding = stored.next_multiple_of(BLOCK as u64) - stored;
        let (size, sparse) = sparse.map_or((stored, None), |sparse| (sparse.size, Some(sparse.segments)));
        Ok(Data { offset: self.at, stored, size, sparse })
    }

    fn sparse(&mut self, header: &Header, way: Way, size: u64) -> Read1<Option<Sparse>> {
        match (header.typeflag(), way) {
            (b'S', Way::None) => self.old_map(header).map(Some),
            (b'S', _) => Err("it is sparse in two ways".into()),
            (_, Way::None) => Ok(None),
            (_, Way::Map { segments, size }) => Ok(Some(Sparse { segments, size, map_bytes: 0 })),
            (_, Way::InData { size: real }) => self.map_in_data(size, real).map(Some),
        }
    }

    fn old_map(&mut self, header: &Header) -> Read1<Sparse> {
        if !header.is_gnu() {
            return Err("it is sparse in GNU's way, but not GNU's".into());
        }
        let mut segments = Vec::new();
        let (pieces, mut more, size) = header.gnu_sparse();
        sparse::old_pieces(pieces, &mut segments)?;
        while more {
            let block = self.block()?.ok_or("the archive is truncated")?;
            sparse::old_pieces(&block.0[..504], &mut segments)?;
            more = block.0[504] != 0;
        }
        let size = u64::try_from(super::number::number(size)?).map_err(|_| "its size is negative")?;
        Ok(Sparse { segments, size, map_bytes: 0 })
    }

    /// The number of pieces, then start and length of each: decimal, a line each, padded to a block.
    fn map_in_data(&mut self, stored: u64, size: u64) -> Read1<Sparse> {
        let mut map = MapInData { reader: self, block: [0; BLOCK], used: BLOCK, taken: 0, limit: stored };
        let pieces = map.line()?;
        if pieces > limits::SEGMENTS as u64 {
            return Err(format!("it has more than {} pieces", limits::SEGMENTS).into());
        }
        let mut segments = Vec::new();
        for _ in 0..pieces {
            segments.push(Segment { start: map.line()?, length: map.line()? });
        }
        Ok(Sparse { segments, size, map_bytes: map.taken })
    }
}

struct Sparse {
    segments: Vec<Segment>,
    size: u64,
    /// Bytes of the map itself, in front of the data.
    map_bytes: u64,
}

struct MapInData<'a, S> {
    reader: &'a mut Reader<S>,
    block: [u8; BLOCK],
    used: usize,
    taken: u64,
    limit: u64,
}

impl<S: Source> MapInData<'_, S> {
    fn line(&mut self) -> Read1<u64> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(decimal(&line).ok_or("a sparse file's map is not made of numbers")?),
                _ if line.len() >= 20 => return Err("a sparse file's map is not made of numbers".into()),
                byte => line.push(byte),
            }
        }
    }

    fn byte(&mut self) -> Read1<u8> {
        if self.used == BLOCK {
            self.taken += BLOCK as u64;
            if self.taken > self.limit {
                return Err("a sparse file's map is longer than the file".into());
            }
            self.block = self.reader.block()?.ok_or("the archive is truncated")?.0;
            self.used = 0;
        }
        self.used += 1;
        Ok(self.block[self.used - 1])
    }
}

/// The stored bytes of one member.
#[derive(Debug)]
pub struct Contents<'a, S>(&'a mut Reader<S>);

impl<S: Source> Read for Contents<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        let got = self.0.source.read(&mut buffer[..most])?;
        if got == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive is truncated"));
        }
        self.0.left -= got as u64;
        self.0.at += got as u64;
        Ok(got)
    }
}

fn long(slot: &mut Option<Vec<u8>>, body: &[u8]) -> Read1<()> {
    if slot.is_some() {
        return Err("it has two long names".into());
    }
    match until_nul(body) {
        [] => Err("it has a long name that is empty".into()),
        name => {
            *slot = Some(name.to_vec());
            Ok(())
        }
    }
}

const TWO_NAMES: &str = "it has a long name of two kinds";

/// A name can be in the header, in GNU's header in front of it or in an extended field; in both of the latter
/// it is a riddle.
fn only_one(plain: Vec<u8>, gnu: Option<Vec<u8>>, extended: &mut Option<Vec<u8>>) -> Read1<Vec<u8>> {
    match (gnu, extended.take()) {
        (Some(_), Some(_)) => Err(TWO_NAMES.into()),
        (Some(name), None) | (None, Some(name)) => Ok(name),
        (None, None) => Ok(plain),
    }
}

fn kind(header: &Header, name: &[u8], link: Vec<u8>) -> Read1<Kind> {
    let slash = name.ends_with(b"/");
    let device = || -> Read1<(u32, u32)> {
        let (major, minor) = header.device()?;
        match (u32::try_from(major), u32::try_from(minor)) {
            (Ok(major), Ok(minor)) if major < 1 << 12 && minor < 1 << 20 => Ok((major, minor)),
            _ => Err(format!("no device can have the numbers {major}:{minor}").into()),
        }
    };
    Ok(match header.typeflag() {
        // Before POSIX, a folder was a file whose name ends so.
        0 if slash => Kind::Folder,
        b'0' | b'7' | b'S' if slash => return Err("it is a file whose name ends in `/`".into()),
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' | b'2' if link.is_empty() => return Err("it is a link to nothing".into()),
        b'1' => Kind::HardLink(link),
        b'2' => Kind::Symlink(link),
        b'3' => device().map(|(major, minor)| Kind::Char(major, minor))?,
        b'4' => device().map(|(major, minor)| Kind::Block(major, minor))?,
        b'5' => Kind::Folder,
        b'6' => Kind::Fifo,
        other => {
            return Err(format!("it is of a type that we do not know: `{}`", other.escape_ascii()).into());
        }
    })
}

/// `u32::MAX` means "leave it" to chown(2).
fn id(extended: Option<u64>, plain: std::result::Result<i64, &'static str>) -> Read1<u32> {
    let value = match extended {
        Some(value) => i64::try_from(value).unwrap_or(i64::MAX),
        None => plain?,
    };
    match u32::try_from(value) {
        Ok(id) if id != u32::MAX => Ok(id),
        _ => Err(format!("nobody can have the user or group number {value}").into()),
    }
}

fn time(extended: Option<Time>, header: &Header) -> Read1<Time> {
    match extended {
        Some(time) => Ok(time),
        None => Ok(Time { seconds: header.mtime()?, nanos: 0 }),
    }
}

fn check_xattrs(xattrs: &[(Vec<u8>, Vec<u8>)]) -> Read1<()> {
    let bytes: usize = xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::XATTR_BYTES {
        return Err(format!("its extended attributes have more than {} bytes", limits::XATTR_BYTES).into());
    }
    Ok(())
}

fn shown(name: &[u8]) -> String {
    visible(&String::from_utf8_lossy(name))
}
