//! A layer as it was sent, to the tar inside: one pass, both digests.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use fault::{Doing, Fault, Kind, Result};
use hash::{Sum, Summed};
use oci::image::Compression;

use crate::compression::decompress;

/// Both sides of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// As it was sent: what its descriptor speaks of.
    pub sent: Sum,
    /// The tar inside, to its last byte: the image's `diff_ids` speak of it.
    pub tar: Sum,
}

/// Bytes that go from one thread to the other at once, and how many such may wait.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// Decompresses `input` into `output`, and takes the digests of both. Memory stays the same whatever their sizes:
/// one thread decompresses, another hashes and writes. Whether the digests are the right ones is the caller's
/// to say; until then nobody may see the output.
///
/// # Errors
/// `Invalid` if it is broken, is not what was `promised`, or is larger than `most` bytes inside.
pub fn expand(
    input: impl Read,
    promised: Option<Compression>,
    most: u64,
    output: &mut (impl Write + Send),
) -> Result<Expanded> {
    let mut sent = Summed::new(input);
    let (to, from) = sync_channel(WAITING);
    let (read, written) = thread::scope(|scope| {
        let writer = thread::Builder::new().spawn_scoped(scope, move || write(&from, output))?;
        // The writer ends when `to` is dropped; if it ends before, sending fails.
        let read = feed(&mut sent, promised, most, &to);
        drop(to);
        io::Result::Ok((read, writer.join()))
    })
    .doing(|| "begin a thread")?;
    let tar = written.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).doing(|| "write its tar")?;
    read?;
    Ok(Expanded { sent: sent.sum(), tar })
}

fn feed(
    sent: &mut Summed<impl Read>,
    promised: Option<Compression>,
    most: u64,
    to: &SyncSender<Vec<u8>>,
) -> Result<()> {
    let mut plain = decompress(sent, promised, most)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        plain.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(|err| broken(&err))?;
        if piece.is_empty() {
            return Ok(());
        }
        if to.send(piece).is_err() {
            // It says itself why.
            return Ok(());
        }
    }
}

fn broken(err: &io::Error) -> Fault {
    let doing = "decompress it";
    match err.kind() {
        io::ErrorKind::UnexpectedEof => Fault::new(Kind::Invalid, doing).because("it is truncated"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Fault::new(Kind::Invalid, doing).because(err)
        }
        _ => Fault::of(err, doing),
    }
}

fn write(from: &Receiver<Vec<u8>>, output: &mut impl Write) -> io::Result<Sum> {
    let mut output = Summed::new(output);
    for piece in from {
        output.write_all(&piece)?;
    }
    output.flush()?;
    Ok(output.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(bytes: &[u8]) -> Sum {
        Sum { digest: hash::sha256(bytes), bytes: bytes.len() as u64 }
    }

    #[test]
    fn both_digests_are_of_all_bytes() {
        let plain: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
        let sent = zstd::bulk::compress(&plain, 1).unwrap();
        let mut tar = Vec::new();
        let expanded = expand(&sent[..], Some(Compression::Zstd), u64::MAX, &mut tar).unwrap();
        assert_eq!(tar, plain);
        assert_eq!(expanded, Expanded { sent: sum(&sent), tar: sum(&plain) });
    }

    #[test]
    fn what_is_too_large_ends_early() {
        let plain = vec![7; 3 * PIECE];
        let most = plain.len() as u64;
        assert!(expand(&plain[..], None, most, &mut Vec::new()).is_ok());
        let mut written = Vec::new();
        let fault = expand(&plain[..], None, most - 1, &mut written).unwrap_err();
        assert_eq!(fault.kind(), Kind::Invalid);
        assert!(written.len() < plain.len());
    }

    #[test]
    fn a_bomb_stops_at_the_ratio() {
        let bomb = zstd::stream::encode_all(io::repeat(0).take(256 << 20), 1).unwrap();
        let mut written = 0;
        let fault = expand(&bomb[..], None, u64::MAX, &mut Sink(&mut written)).unwrap_err();
        assert!(fault.sentence().contains("200 times"), "{fault}");
        assert!(written <= crate::limits::RATIO_FROM + PIECE as u64 * 8);
        let whole = io::copy(&mut zstd::stream::read::Decoder::new(&bomb[..]).unwrap(), &mut io::sink());
        assert_eq!(whole.unwrap(), 256 << 20, "the control: without the limit it is as large as it says");
    }

    struct Sink<'a>(&'a mut u64);

    impl Write for Sink<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            *self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_is_full_is_said() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(28))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let fault = expand(io::repeat(7).take(64 << 20), None, u64::MAX, &mut Full).unwrap_err();
        assert_eq!(fault.errno(), Some(28));
    }
}
