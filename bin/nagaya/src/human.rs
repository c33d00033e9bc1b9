//! Sizes and times as people like to read them, in Docker's words. Source: docker/go-units, size.go, duration.go.

use std::fmt::Write as _;

/// Bytes with three digits that count, in powers of 1000: `5.58MB`.
pub(crate) fn size(bytes: u64) -> String {
    with_digits(bytes, 3)
}

/// Bytes with four digits that count: `5.584MB`.
pub(crate) fn size_in_full(bytes: u64) -> String {
    with_digits(bytes, 4)
}

/// As `%.3g` and `%.4g` print it.
fn with_digits(bytes: u64, digits: usize) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 {
        size /= 1000.0;
        unit += 1;
    }
    // A number that would be rounded up to one more digit has one decimal less.
    let decimals = (0..digits)
        .rev()
        .find(|decimals| {
            let whole = digits - decimals;
            format!("{size:.decimals$}").split('.').next().is_some_and(|text| text.len() <= whole)
        })
        .unwrap_or(0);
    let text = format!("{size:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", UNITS[unit])
}

/// Bytes with four digits that count, in powers of 1024: `23.54GiB`. Source: docker/go-units, `BytesSize`.
pub(crate) fn memory(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    #[expect(clippy::cast_precision_loss, reason = "four digits of it are shown")]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let decimals = match size {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    };
    let digits = format!("{size:.decimals$}");
    let digits = if decimals > 0 { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{digits}{}", UNITS[unit])
}

/// How long: `About a minute`, `3 weeks`.
pub(crate) fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match () {
        () if seconds < 1 => "Less than a second".to_string(),
        () if seconds == 1 => "1 second".to_string(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_string(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_string(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        () if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// How long ago that was, in seconds since 1970.
pub(crate) fn ago(then: i64) -> String {
    format!("{} ago", since(then))
}

/// The time since then, in seconds since 1970.
pub(crate) fn since(then: i64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
    duration(now.saturating_sub(u64::try_from(then).unwrap_or(0)))
}

/// A text in double quotes, as Go writes it in its programs.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            sign if sign.is_ascii_control() => drop(write!(quoted, "\\x{:02x}", sign as u32)),
            sign if sign.is_control() => drop(write!(quoted, "\\u{:04x}", sign as u32)),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

/// The beginning of a text, with a sign that there is more; `most` signs in all.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most.saturating_sub(1)).chain(['\u{2026}']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1kB"),
            (5_584_000, "5.58MB"),
            (72_800_000, "72.8MB"),
            (134_400_000, "134MB"),
            (99_960_000, "100MB"),
            (1_100_000_000, "1.1GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!((size_in_full(1_984_132), size_in_full(0)), ("1.984MB".to_string(), "0B".to_string()));
        assert_eq!(size_in_full(134_449_000), "134.4MB");
    }

    #[test]
    fn texts_that_are_long_or_strange() {
        assert_eq!(beginning("sh -c 'echo out; sleep'", 20), "sh -c 'echo out; sl\u{2026}");
        assert_eq!(beginning("sleep", 5), "sleep");
        assert_eq!(quoted("a \"b\"\n\u{1b}\u{e4}"), r#""a \"b\"\n\x1b\u{e4}""#.replace("\\u{e4}", "\u{e4}"));
    }

    #[test]
    fn times_in_words() {
        for (seconds, text) in [
            (0, "Less than a second"),
            (59, "59 seconds"),
            (61, "About a minute"),
            (3599, "59 minutes"),
            (3600, "About an hour"),
            (86_400, "24 hours"),
            (86_400 * 3, "3 days"),
            (86_400 * 20, "2 weeks"),
            (86_400 * 100, "3 months"),
            (86_400 * 800, "2 years"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn memory_has_four_digits() {
        for (bytes, text) in [
            (0, "0B"),
            (512 << 10, "512KiB"),
            (25_276_000_000, "23.54GiB"),
            (1_572_864, "1.5MiB"),
            (1023 << 10, "1023KiB"),
        ] {
            assert_eq!(memory(bytes), text);
        }
    }
}
