//! The one error type. Programs branch on [`Kind`]; people read the sentence.
//!
//! A fault says what we were doing, why it did not work and what to try:
//!
//! ```text
//! error: cannot mount proc on `/proc`: Operation not permitted (os error 1)
//! hint: a new proc needs a pid namespace of its own
//! ```
//!
//! It travels between our two processes as JSON, so it holds text, not other errors.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// What a caller can do something about. Everything else is `Failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A thing that was named is not there.
    NotFound,
    /// A name is taken.
    Exists,
    /// The container is not in a state in which this can be done.
    WrongState,
    /// What was asked for makes no sense, or is not well-formed.
    Invalid,
    /// The kernel or a rule said no.
    Denied,
    /// We do not do this.
    Unsupported,
    /// Something that should answer did not.
    Unavailable,
    /// It did not work.
    Failed,
}

/// What we were doing, why it did not work, and what to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    kind: Kind,
    doing: String,
    cause: Option<String>,
    hint: Option<String>,
    /// Number of the kernel's error, where the kernel was the cause.
    errno: Option<i32>,
}

/// A result that fails with a [`Fault`].
pub type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// `doing` completes the sentence "cannot ...".
    pub fn new(kind: Kind, doing: impl Into<String>) -> Fault {
        Fault { kind, doing: doing.into(), cause: None, hint: None, errno: None }
    }

    /// Something in the input is wrong: `field` names it, `cause` says what was expected and what was there.
    pub fn invalid(field: impl fmt::Display, cause: impl fmt::Display) -> Fault {
        Fault::new(Kind::Invalid, format!("use `{field}`")).because(cause)
    }

    /// The kernel said no: `doing` completes the sentence "cannot ...".
    pub fn of(err: &std::io::Error, doing: impl Into<String>) -> Fault {
        let mut fault = Fault::new(kind_of(err), doing).because(describe(err));
        fault.errno = err.raw_os_error();
        fault
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Fault {
        self.cause = Some(cause.to_string());
        self
    }

    /// Says what to try. One line, no full stop.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to try, unless something closer to the cause has said so already.
    #[must_use]
    pub fn or_hint(mut self, hint: Option<String>) -> Fault {
        self.hint = self.hint.or(hint);
        self
    }

    /// Puts the sentence of a whole step in front of a fault that happened inside it.
    #[must_use]
    pub fn during(mut self, doing: impl Into<String>) -> Fault {
        let inner = std::mem::replace(&mut self.doing, doing.into());
        if inner != self.doing {
            self.cause = Some(match self.cause {
                Some(cause) => format!("cannot {inner}: {cause}"),
                None => format!("cannot {inner}"),
            });
        }
        self
    }

    /// The same with texts of a size that fits a message.
    #[must_use]
    pub fn shortened(mut self) -> Fault {
        let texts = [Some(&mut self.doing), self.cause.as_mut(), self.hint.as_mut()];
        for text in texts.into_iter().flatten() {
            if text.len() > LONGEST {
                *text = without_middle(text, LONGEST);
            }
        }
        self
    }

    /// What a caller can branch on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Why it did not work, if we know.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Number of the kernel's error, where the kernel was the cause.
    pub fn errno(&self) -> Option<i32> {
        self.errno
    }

    /// What to try, if we know.
    pub fn to_try(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The sentence without the hint, for logs of one line.
    pub fn sentence(&self) -> String {
        let cause = self.cause.iter().fold(String::new(), |_, cause| format!(": {cause}"));
        visible(&format!("cannot {}{cause}", self.doing))
    }
}

/// The sentence, and the hint on a line of its own.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", visible(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// Longest text of a fault that is passed on, in bytes. Names in it can come from anywhere.
const LONGEST: usize = 1024;

/// Longest line that is shown, in bytes: with what is put in front of it, half a kilobyte.
const SHOWN: usize = 480;

/// Text as it may be shown on a terminal: no control characters, and not endless. What is left out is in the middle:
/// what was done stands at the beginning, and the cause at the end.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_control()
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c) =>
            {
                let _ = write!(shown, "{}", c.escape_default());
            }
            _ => shown.push(c),
        }
    }
    if shown.len() > SHOWN { without_middle(&shown, SHOWN) } else { shown }
}

fn without_middle(text: &str, length: usize) -> String {
    let end = text.floor_char_boundary(length / 2);
    let from = text.ceil_char_boundary(text.len() - length / 2);
    format!("{}…{}", &text[..end], &text[from..])
}

/// Adds the sentence to any error: `fs::read(&path).doing(|| format!("read `{path}`"))?`.
pub trait Doing<T> {
    /// `what` completes the sentence "cannot ..."; it runs only on failure.
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Doing<T> for std::result::Result<T, E> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|err| Fault::of(&err.into(), what()))
    }
}

/// The kernel's words in the spelling that callers of runc match ("no such file or directory").
fn describe(err: &std::io::Error) -> String {
    let text = err.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn kind_of(err: &std::io::Error) -> Kind {
    use std::io::ErrorKind;
    match err.kind() {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::AlreadyExists => Kind::Exists,
        ErrorKind::PermissionDenied => Kind::Denied,
        ErrorKind::InvalidInput => Kind::Invalid,
        _ => Kind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_a_sentence_with_a_hint() {
        let fault = std::fs::read("/nowhere").doing(|| "read `/nowhere`").unwrap_err().hint("look elsewhere");
        assert_eq!(
            fault.to_string(),
            "cannot read `/nowhere`: no such file or directory\nhint: look elsewhere"
        );
        assert_eq!((fault.kind(), fault.errno()), (Kind::NotFound, Some(2)));
    }

    #[test]
    fn a_step_that_failed_inside_is_named_once() {
        let inner = Fault::new(Kind::Failed, "open `/a`").because("no");
        assert_eq!(inner.clone().during("mount x").sentence(), "cannot mount x: cannot open `/a`: no");
        assert_eq!(inner.during("open `/a`").sentence(), "cannot open `/a`: no");
    }

    #[test]
    fn what_is_passed_on_keeps_its_end() {
        let fault = Fault::new(Kind::Failed, "x".repeat(9000)).because(format!("{}end", "y".repeat(9000)));
        let sentence = fault.shortened().sentence();
        assert!(sentence.starts_with("cannot x") && sentence.ends_with("yend"), "{sentence}");
    }

    #[test]
    fn hostile_names_do_not_reach_the_terminal() {
        let fault = Fault::new(Kind::NotFound, "find `\u{1b}[2J\n\u{202e}`");
        assert_eq!(fault.sentence(), "cannot find `\\u{1b}[2J\\n\\u{202e}`");
        let long = Fault::new(Kind::Failed, "ä".repeat(9000)).because("the cause").sentence();
        assert!(long.len() < 512 && long.starts_with("cannot ä") && long.ends_with("ä: the cause"), "{long}");
    }
}
