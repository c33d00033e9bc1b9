//! A line of what a container has printed.

use std::borrow::Cow;

use serde::Deserialize;

/// A line, or a part of a long one.
#[derive(Debug, Default)]
pub struct Line<'a> {
    /// As it was printed, with its end.
    pub log: Cow<'a, [u8]>,
    /// `stdout` or `stderr`.
    pub stream: Cow<'a, str>,
    /// RFC 3339, with nine digits behind the second.
    pub time: Cow<'a, str>,
}

/// What Docker's json-file has.
#[derive(Deserialize)]
struct InFile<'a> {
    #[serde(borrow, default)]
    log: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Cow<'a, str>,
}

impl Line<'_> {
    /// From a file. What is no line of a log is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Line<'_>> {
        let InFile { log, stream, time } = serde_json::from_slice(bytes).ok()?;
        let log = match log {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Some(Line { log, stream, time })
    }
}
