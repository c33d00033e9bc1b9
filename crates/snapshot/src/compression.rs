//! What a layer is wrapped in.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fault::{Doing, Fault, Kind, Result};
use flate2::bufread::MultiGzDecoder;
use oci::image::Compression;

use crate::limits;

/// What the first bytes say. A tar begins with a name, and no name begins like this.
fn of_first_bytes(bytes: &[u8]) -> Compression {
    match bytes {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        // A frame that is to be skipped can come first.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

fn name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "not compressed",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    }
}

/// Bytes by which it can be told what comes: the header of a zstd frame has at most 18.
const LONGEST_HEADER: usize = 18;

/// Bytes read at once.
const BUFFER: usize = 64 << 10;

/// The bytes inside: looks at the first ones of `input`, which must be what was promised, if something was. There may
/// be `most` of them, and not absurdly more than were sent; beyond, reading them fails.
///
/// # Errors
/// `Invalid` if they are not what was promised.
pub fn decompress<'a>(
    input: impl Read + 'a,
    promised: Option<Compression>,
    most: u64,
) -> Result<Box<dyn Read + 'a>> {
    let sent = Rc::new(Cell::new(0));
    let mut input = BufReader::with_capacity(BUFFER, Watched { from: input, seen: Rc::clone(&sent) });
    let first = first_bytes(&mut input).doing(|| "read its first bytes")?;
    let seen = of_first_bytes(&first);
    if let Some(promised) = promised.filter(|promised| *promised != seen) {
        return Err(Fault::new(Kind::Invalid, "decompress it").because(format!(
            "its media type says that it is {}, its bytes are {}",
            name(promised),
            name(seen)
        )));
    }
    let input = BufReader::with_capacity(BUFFER, io::Cursor::new(first).chain(input));
    let plain: Box<dyn Read + 'a> = match seen {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
        Compression::Zstd => Box::new(Zstd::new(input)?),
    };
    Ok(Box::new(Bounded { plain, inside: 0, sent, most }))
}

/// Tells how much has passed while somebody else holds the reader.
struct Watched<R> {
    from: R,
    seen: Rc<Cell<u64>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(buffer)?;
        self.seen.set(self.seen.get() + got as u64);
        Ok(got)
    }
}

/// Ends when there is more than there may be.
struct Bounded<'a> {
    plain: Box<dyn Read + 'a>,
    inside: u64,
    sent: Rc<Cell<u64>>,
    most: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.plain.read(buffer)?;
        self.inside += got as u64;
        let wrong = |cause: String| Err(io::Error::new(io::ErrorKind::InvalidData, cause));
        if self.inside > self.most {
            let most = self.most;
            return wrong(format!("no space left: it is larger than {most} bytes inside"));
        }
        if self.inside > limits::RATIO_FROM && self.inside / limits::RATIO > self.sent.get() {
            return wrong(format!("it is more than {} times as large inside", limits::RATIO));
        }
        Ok(got)
    }
}

/// Who needs a large window keeps it for himself, until he is done: layers come several at once.
static LARGE_WINDOW: Mutex<()> = Mutex::new(());

struct Zstd<'a, R: BufRead> {
    decoder: zstd::stream::read::Decoder<'a, R>,
    _alone: Option<MutexGuard<'static, ()>>,
}

impl<R: BufRead> Zstd<'_, R> {
    /// The first frame says what is needed; those behind it may ask for no more than others of its kind.
    fn new(mut input: R) -> Result<Self> {
        let doing = || "make a zstd decoder";
        let large = zstd_window(input.fill_buf().doing(doing)?) > 1 << limits::USUAL_WINDOW_LOG;
        let alone = large.then(|| LARGE_WINDOW.lock().unwrap_or_else(PoisonError::into_inner));
        let mut decoder = zstd::stream::read::Decoder::with_buffer(input).doing(doing)?;
        let log = if large { limits::ZSTD_WINDOW_LOG } else { limits::USUAL_WINDOW_LOG };
        decoder.window_log_max(log).doing(doing)?;
        Ok(Zstd { decoder, _alone: alone })
    }
}

impl<R: BufRead> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer)
    }
}

/// Bytes of memory that the frame at the beginning asks for; 0 if it does not say.
///
/// Source: RFC 8878, "Frame Header".
fn zstd_window(frame: &[u8]) -> u64 {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = frame else { return 0 };
    if descriptor & 0x20 == 0 {
        // No single segment: exponent and mantissa stand here.
        let Some(window) = rest.first().map(|byte| u64::from(*byte)) else { return 0 };
        let base = 1_u64 << (10 + (window >> 3));
        return base + base / 8 * (window & 7);
    }
    let skip = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = rest.get(skip..skip + length).unwrap_or_default();
    size.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte))
}

fn first_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(LONGEST_HEADER);
    input.take(LONGEST_HEADER as u64).read_to_end(&mut first)?;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        decompress(bytes, None, u64::MAX)
            .map_err(|fault| io::Error::other(fault.sentence()))?
            .read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn members_and_frames_are_one_stream() {
        let (one, two) = (b"one".repeat(1000), b"two".repeat(1000));
        let both = [&one[..], &two].concat();
        assert_eq!(all(&[gzip(&one), gzip(&two)].concat()).unwrap(), both);
        let frame = |bytes: &[u8]| zstd::bulk::compress(bytes, 1).unwrap();
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        assert_eq!(all(&[skipped, frame(&one), frame(&two)].concat()).unwrap(), both);
        assert_eq!(all(&one).unwrap(), one);
        assert_eq!(all(b"").unwrap(), b"");
    }

    #[test]
    fn broken_wherever_it_is_cut() {
        let plain: Vec<u8> = (0..40_000_u32).flat_map(|at| (at * at).to_le_bytes()).collect();
        for whole in [gzip(&plain), zstd::bulk::compress(&plain, 1).unwrap()] {
            assert_eq!(all(&whole).unwrap(), plain, "the control: uncut");
            for end in (5..whole.len()).step_by(997).chain([whole.len() - 1]) {
                assert!(all(&whole[..end]).is_err(), "cut at {end}");
            }
            let junk = [&whole[..], b"junk behind it"].concat();
            assert!(all(&junk).is_err());
        }
        let mut wrong_sum = gzip(&plain);
        let sum = wrong_sum.len() - 6;
        wrong_sum[sum] ^= 1;
        assert!(all(&wrong_sum).is_err());
    }

    #[test]
    fn bytes_must_be_what_the_media_type_says() {
        let gzipped = gzip(b"x");
        for (promised, good) in
            [(Compression::Gzip, true), (Compression::Zstd, false), (Compression::None, false)]
        {
            assert_eq!(decompress(&gzipped[..], Some(promised), u64::MAX).is_ok(), good);
        }
    }

    #[test]
    fn a_window_beyond_the_limit_is_refused() {
        let windowed = |log: u32| {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(b"x").unwrap();
            encoder.finish().unwrap()
        };
        assert!(all(&windowed(27)).is_ok());
        assert!(all(&windowed(28)).is_err());
        // A large one must be said by the first frame.
        assert!(all(&[windowed(25), windowed(25)].concat()).is_ok());
        assert!(all(&[windowed(27), windowed(10)].concat()).is_ok());
        assert!(all(&[windowed(10), windowed(27)].concat()).is_err());
        for log in [10, 25, 27] {
            assert_eq!(zstd_window(&windowed(log)), 1 << log);
        }
        let known = zstd::bulk::compress(&vec![7; 100_000], 1).unwrap();
        assert_eq!(zstd_window(&known), 100_000);
    }

    #[test]
    fn what_is_too_large_inside_is_no_more_read() {
        let bomb = zstd::stream::encode_all(io::repeat(0).take(256 << 20), 1).unwrap();
        let read = |bytes: &[u8], most| {
            let mut inside = decompress(bytes, None, most).unwrap();
            io::copy(&mut inside, &mut io::sink()).map_err(|err| err.to_string())
        };
        assert!(read(&bomb, u64::MAX).unwrap_err().contains("200 times"));
        assert!(read(&[7; 1000], 999).unwrap_err().contains("larger than 999 bytes"));
        assert_eq!(read(&[7; 1000], 1000), Ok(1000));
    }
}
