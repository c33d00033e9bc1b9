//! Where an archive comes from: something that flows, or a file in which one can step over what is not needed.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Bytes in order, some of which nobody wants to see.
pub trait Source: Read {
    /// Steps over bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are fewer.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// Something that flows: what is stepped over is read all the same.
#[derive(Debug)]
pub struct Stream<R>(pub R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Stream<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.0.by_ref().take(bytes), &mut io::sink())?;
        if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Bytes read at once. Headers of small files lie close to each other; large ones are stepped over.
const AHEAD: usize = 32 << 10;

/// A file, without its own position: several can read it at once.
#[derive(Debug)]
pub struct OnDisk<'a> {
    file: &'a File,
    size: u64,
    at: u64,
    ahead: Vec<u8>,
    /// Where `ahead` is in the file.
    ahead_at: u64,
}

impl<'a> OnDisk<'a> {
    /// From the file's first byte on.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn new(file: &'a File) -> io::Result<OnDisk<'a>> {
        let size = file.metadata()?.len();
        Ok(OnDisk { file, size, at: 0, ahead: Vec::new(), ahead_at: 0 })
    }

    fn seen(&self) -> &[u8] {
        let skip = usize::try_from(self.at - self.ahead_at).unwrap_or(usize::MAX);
        self.ahead.get(skip..).unwrap_or_default()
    }
}

impl Read for OnDisk<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.seen().is_empty() {
            self.ahead.resize(AHEAD, 0);
            self.ahead_at = self.at;
            let got = self.file.read_at(&mut self.ahead, self.at)?;
            self.ahead.truncate(got);
        }
        let seen = self.seen();
        let length = seen.len().min(buffer.len());
        buffer[..length].copy_from_slice(&seen[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Source for OnDisk<'_> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        match self.at.checked_add(bytes) {
            Some(at) if at <= self.size => {
                self.at = at;
                Ok(())
            }
            _ => {
                self.at = self.size;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}
