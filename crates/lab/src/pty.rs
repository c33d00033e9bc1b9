//! A terminal, and someone in front of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetwinsize, tcsetwinsize};

use crate::call::readable;

/// How long to wait for something to appear on the screen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The master's end of a terminal.
pub struct Pty {
    master: File,
    screen: String,
}

impl Pty {
    /// A new pair. The other end is for a command: `call.stdin(end)`, and under `setsid --ctty` it is that
    /// command's controlling terminal.
    pub fn open() -> (Pty, OwnedFd) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).expect("a terminal of ours");
        unlockpt(&master).expect("a terminal that can be opened");
        let end = ioctl_tiocgptpeer(&master, flags).expect("its other end");
        (Pty::from(master), end)
    }

    /// Types.
    pub fn write(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("typing");
    }

    /// Waits until `words` are on the screen, and returns all that is.
    #[track_caller]
    pub fn read_until(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while !self.screen.contains(words) && Instant::now() < end && self.read_some() {}
        assert!(self.screen.contains(words), "no `{words}` on the screen: {:?}", self.screen);
        self.screen.clone()
    }

    /// Everything until the last user of the other end has gone.
    pub fn read_all(&mut self) -> String {
        while self.read_some() {}
        self.screen.clone()
    }

    /// A master whose other end was closed gives EIO.
    fn read_some(&mut self) -> bool {
        let mut buffer = [0; 4096];
        if !readable(&self.master, PATIENCE) {
            return false;
        }
        let count = self.master.read(&mut buffer).unwrap_or(0);
        self.screen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        count > 0
    }

    /// Changes the size; the kernel tells the foreground processes.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).expect("resizing");
    }

    /// Rows and columns.
    pub fn size(&self) -> (u16, u16) {
        let size = tcgetwinsize(&self.master).expect("the size");
        (size.ws_row, size.ws_col)
    }
}

impl From<OwnedFd> for Pty {
    fn from(master: OwnedFd) -> Pty {
        Pty { master: File::from(master), screen: String::new() }
    }
}
