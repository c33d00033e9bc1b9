//! The journal's export format: fields one after the other, and an empty line behind each entry.
//!
//! ```text
//! __CURSOR=s=5ad8...;i=7ae;...\n
//! MESSAGE\n  length, 8 bytes  any bytes\n
//! \n
//! ```
//!
//! Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/>.

use std::borrow::Cow;

use fault::{Fault, Kind, Result};

use crate::logs::Line;

/// A line, and where it is.
pub(super) struct Entry {
    pub(super) line: Line<'static>,
    pub(super) cursor: String,
}

/// What is at the beginning of `bytes`, and how long it is; nothing if it is not whole yet.
///
/// # Errors
/// It is none: it does not say where it is.
pub(super) fn entry(bytes: &[u8]) -> Result<Option<(Entry, usize)>> {
    let mut rest = bytes;
    let mut fields = Vec::new();
    loop {
        let Some((line, behind)) = split_line(rest) else { return Ok(None) };
        rest = behind;
        if line.is_empty() {
            return Ok(Some((understand(&fields)?, bytes.len() - rest.len())));
        }
        if let Some(at) = line.iter().position(|byte| *byte == b'=') {
            fields.push((&line[..at], &line[at + 1..]));
        } else {
            let Some((value, behind)) = split_counted(rest) else { return Ok(None) };
            fields.push((line, value));
            rest = behind;
        }
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Eight bytes say how long it is, and a line's end is behind it.
fn split_counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((value, rest.get(1..)?))
}

fn understand(fields: &[(&[u8], &[u8])]) -> Result<Entry> {
    let value = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| *name == wanted.as_bytes());
        found.map(|(_, value)| *value)
    };
    let text = |wanted: &str| value(wanted).and_then(|value| std::str::from_utf8(value).ok());
    let cursor = text("__CURSOR").ok_or_else(|| {
        Fault::new(Kind::Invalid, "read the journal").because("`journalctl` has said what is no entry")
    })?;
    let mut log = value("MESSAGE").map(<[u8]>::to_vec).unwrap_or_default();
    if value("MESSAGE").is_some() && text("CONTAINER_PARTIAL_MESSAGE") != Some("true") {
        log.push(b'\n');
    }
    let sent = text("_SOURCE_REALTIME_TIMESTAMP").or_else(|| text("__REALTIME_TIMESTAMP"));
    let time = container::at_micros(sent.and_then(|micros| micros.parse().ok()).unwrap_or(0));
    let stream = if text("PRIORITY") == Some("3") { "stderr" } else { "stdout" };
    let line = Line { log: Cow::Owned(log), stream: Cow::Borrowed(stream), time: Cow::Owned(time) };
    Ok(Entry { line, cursor: cursor.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1000001\nPRIORITY=3\nMESSAGE=a=b\n\n\
        __CURSOR=s=1;i=3\n_SOURCE_REALTIME_TIMESTAMP=2\n__REALTIME_TIMESTAMP=9\nCONTAINER_PARTIAL_MESSAGE=true\n\
        MESSAGE\n\x05\0\0\0\0\0\0\0\n\nX=\xff\n\n__CURSOR=forged\n";

    #[test]
    fn entries_are_what_journalctl_says() {
        let (first, length) = entry(TWO).unwrap().unwrap();
        assert_eq!((&*first.line.log, &*first.line.stream), (b"a=b\n".as_slice(), "stderr"));
        assert_eq!((&*first.cursor, &*first.line.time), ("s=1;i=2", "1970-01-01T00:00:01.000001000Z"));
        let (second, end) = entry(&TWO[length..]).unwrap().unwrap();
        // What is in a counted field is no field, and no end.
        assert_eq!((&*second.line.log, &*second.line.stream), (b"\n\nX=\xff".as_slice(), "stdout"));
        assert_eq!((&*second.cursor, &*second.line.time), ("s=1;i=3", "1970-01-01T00:00:00.000002000Z"));
        assert_eq!(&TWO[length + end..], b"__CURSOR=forged\n");
    }

    #[test]
    fn what_is_not_whole_is_waited_for() {
        let (_, first) = entry(TWO).unwrap().unwrap();
        let (_, second) = entry(&TWO[first..]).unwrap().unwrap();
        for end in 0..second {
            assert!(entry(&TWO[first..first + end]).unwrap().is_none(), "{end}");
        }
        for bad in [b"\n".as_slice(), b"MESSAGE=x\n\n"] {
            assert!(entry(bad).is_err());
        }
        assert!(entry(b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff").unwrap().is_none());
    }
}
