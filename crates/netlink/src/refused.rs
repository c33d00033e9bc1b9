//! What the kernel says when it does not do what it is asked.

use std::fmt;
use std::io;

use fault::{Fault, Result};
use rustix::io::Errno;

/// The kernel said no, or did not answer.
#[derive(Debug)]
pub struct Refused {
    error: io::Error,
    /// Its own words on the matter; empty if it has none.
    said: String,
    /// Which of the requests that were sent together it is about, counted from 0.
    pub at: usize,
}

impl Refused {
    pub(crate) fn new(errno: i32, said: String, at: usize) -> Refused {
        Refused { error: io::Error::from_raw_os_error(errno), said, at }
    }

    /// The kernel's reason.
    pub fn errno(&self) -> Option<Errno> {
        self.error.raw_os_error().map(Errno::from_raw_os_error)
    }

    /// It is for this reason.
    pub fn is(&self, errno: Errno) -> bool {
        self.errno() == Some(errno)
    }

    /// With a sentence: `doing` completes "cannot ...".
    pub fn during(self, doing: impl Into<String>) -> Fault {
        let fault = Fault::of(&self.error, doing);
        if self.said.is_empty() {
            return fault;
        }
        let cause = format!("{}: {}", fault.cause().unwrap_or_default(), self.said);
        fault.because(cause)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if self.said.is_empty() { Ok(()) } else { write!(f, ": {}", self.said) }
    }
}

impl std::error::Error for Refused {}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused { error, said: String::new(), at: 0 }
    }
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Refused {
        io::Error::from(errno).into()
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> io::Error {
        refused.error
    }
}

/// Adds a sentence to what the kernel said.
pub trait Told<T> {
    /// `what` completes the sentence "cannot ..."; it runs only on failure.
    fn told<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T> Told<T> for std::result::Result<T, Refused> {
    fn told<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|refused| refused.during(what()))
    }
}
