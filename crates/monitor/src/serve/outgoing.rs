//! What is on its way to somebody who may be slow: a little in memory, the rest in a file without a name. So nobody who
//! stalls holds anybody else up, and nothing gets lost.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

/// More than this is not kept in memory.
const IN_MEMORY: usize = 128 << 10;
/// Read back from the file at once.
const PART: usize = 64 << 10;

/// What is on its way to somebody.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    memory: Vec<u8>,
    /// Bytes of it that were sent.
    sent: usize,
    spilled: Option<Spilled>,
}

#[derive(Debug)]
struct Spilled {
    file: File,
    read: u64,
    written: u64,
}

impl Outgoing {
    pub(crate) fn is_empty(&self) -> bool {
        self.sent == self.memory.len() && self.spilled.is_none()
    }

    /// Puts bytes at the end. `folder`: where a file can be, if one is needed.
    pub(crate) fn push(&mut self, bytes: &[u8], folder: &Path) -> io::Result<()> {
        if self.spilled.is_none() && self.memory.len() - self.sent + bytes.len() <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => none.insert(Spilled { file: unnamed(folder)?, read: 0, written: 0 }),
        };
        spilled.file.write_all_at(bytes, spilled.written)?;
        spilled.written += bytes.len() as u64;
        Ok(())
    }

    /// Sends as much as the other side takes now.
    pub(crate) fn flush(&mut self, to: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            while self.sent < self.memory.len() {
                match send(to, &self.memory[self.sent..], SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                    Ok(sent) => self.sent += sent,
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => return Ok(()),
                    Err(err) => return Err(err.into()),
                }
            }
            (self.sent, self.memory) = (0, Vec::new());
            if !self.take_back()? {
                return Ok(());
            }
        }
    }

    /// Takes the next part of what was spilled into memory. False if there is none.
    fn take_back(&mut self) -> io::Result<bool> {
        let Some(spilled) = &mut self.spilled else { return Ok(false) };
        let left = spilled.written - spilled.read;
        let mut part = vec![0; PART.min(usize::try_from(left).unwrap_or(PART))];
        spilled.file.read_exact_at(&mut part, spilled.read)?;
        spilled.read += part.len() as u64;
        if spilled.read == spilled.written {
            self.spilled = None;
        }
        self.memory = part;
        Ok(true)
    }
}

/// A file that goes when it is closed; among the temporary ones once the container's folder is gone.
fn unnamed(folder: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let open = |folder: &Path| rustix::fs::openat(CWD, folder, flags, Mode::from_raw_mode(0o600));
    Ok(File::from(open(folder).or_else(|_| open(&std::env::temp_dir()))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::os::fd::AsFd;

    #[test]
    fn who_stalls_gets_everything_later() {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        let all: Vec<u8> = (0..4_000_000_u32).map(|number| (number % 251) as u8).collect();
        let mut outgoing = Outgoing::default();
        for part in all.chunks(10_000) {
            outgoing.push(part, &std::env::temp_dir()).unwrap();
            outgoing.flush(ours.as_fd()).unwrap();
        }
        assert!(outgoing.memory.len() <= IN_MEMORY && outgoing.spilled.is_some());
        let mut heard = Vec::new();
        let mut bytes = vec![0; 100_000];
        while heard.len() < all.len() {
            outgoing.flush(ours.as_fd()).unwrap();
            let length = rustix::io::read(&theirs, &mut bytes).unwrap();
            heard.extend_from_slice(&bytes[..length]);
        }
        assert!(heard == all && outgoing.is_empty());
    }
}
