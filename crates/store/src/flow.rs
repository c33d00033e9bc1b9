//! Large files on their way to the disk, which is to be at work from the beginning.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::fd::AsFd;

use rustix::fs::Advice;

/// Writes a file so that little is left to do when it is synced at the end.
#[derive(Debug)]
pub struct Flow<'a> {
    file: &'a File,
    written: u64,
    /// Up to here the disk has been asked to begin.
    begun: u64,
    /// It is read again soon.
    stays: bool,
}

/// So much is handed to the disk at once.
const STEP: u64 = 8 << 20;

impl<'a> Flow<'a> {
    /// A file that will soon be read again.
    pub fn new(file: &'a File) -> Flow<'a> {
        Flow { file, written: 0, begun: 0, stays: true }
    }

    /// One that nobody is about to read: it does not push other files out of memory.
    pub fn away(file: &'a File) -> Flow<'a> {
        Flow { stays: false, ..Flow::new(file) }
    }

    /// That the kernel does not do so is no failure: it is asked to hurry, and syncs tell what has failed.
    fn begin(&mut self) {
        if self.stays {
            let _ = sys::writeback::begin(self.file.as_fd(), self.begun, self.written - self.begun);
        } else {
            // What is on the disk by now goes from memory; the rest is begun. Source: posix_fadvise(2).
            let from = self.begun.saturating_sub(3 * STEP);
            let length = NonZeroU64::new(self.written - from);
            let _ = rustix::fs::fadvise(self.file, from, length, Advice::DontNeed);
        }
        self.begun = self.written;
    }
}

impl Write for Flow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        if self.written - self.begun >= STEP {
            self.begin();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
