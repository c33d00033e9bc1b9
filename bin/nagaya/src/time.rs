//! Points in time, as images have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oci::image::Config;

/// The last moment that is shown: years have four digits.
const END: Duration = Duration::new(253_402_300_799, 999_999_999);

/// When an image was made, in seconds since 1970; nothing if it does not say, or says nonsense.
pub(crate) fn created(config: &Config) -> Option<i64> {
    config.created.as_deref().and_then(seconds)
}

/// Seconds since 1970 of a date as RFC 3339 has it, with an offset or without; or of a number of them.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    let (date, offset) = match text.rfind(['+', '-']).filter(|at| *at > 10) {
        Some(at) => (format!("{}Z", &text[..at]), minutes(&text[at..])?),
        None => (text.to_string(), 0),
    };
    let time = humantime::parse_rfc3339_weak(&date).ok()?;
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    Some(seconds - offset * 60)
}

/// A point in time as docker takes it: a date, a number of seconds since 1970, or how long ago, as Go has durations.
pub(crate) fn moment(text: &str) -> Option<SystemTime> {
    if let Some(ago) = duration(text) {
        return SystemTime::now().checked_sub(ago);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if let (Ok(whole), true) = (whole.parse::<u64>(), part.bytes().all(|byte| byte.is_ascii_digit())) {
        let nanos = format!("{part:0<9}").get(..9)?.parse().ok()?;
        return UNIX_EPOCH.checked_add(Duration::new(whole, nanos));
    }
    let (date, offset) = match text.rfind(['+', '-']).filter(|at| *at > 10) {
        Some(at) => (&text[..at], minutes(&text[at..])?),
        None => (text.trim_end_matches('Z'), 0),
    };
    // What is left out of a time of day is nothing.
    let rest = "0000-01-01T00:00:00".get(date.len()..).filter(|_| date.len() >= 10).unwrap_or_default();
    let time = humantime::parse_rfc3339_weak(&format!("{date}{rest}Z")).ok()?;
    let shift = Duration::from_secs(offset.unsigned_abs() * 60);
    if offset < 0 { time.checked_add(shift) } else { time.checked_sub(shift) }
}

/// `1h30m`, `1.5s`, `300ms`, as Go's time.ParseDuration has it, for what lies behind us.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut all = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit =
            rest[digits..].find(|sign: char| sign.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let seconds = match &rest[digits..unit] {
            "ns" => 1e-9,
            "us" | "\u{b5}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        all = all.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(all)
}

/// RFC 3339 in UTC with nine digits behind the second: such texts have the order of their times.
pub(crate) fn nanos(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(time.clamp(UNIX_EPOCH, UNIX_EPOCH + END)).to_string()
}

/// `+02:00` in minutes.
fn minutes(offset: &str) -> Option<i64> {
    let (hours, minutes) = offset[1..].split_once(':')?;
    let minutes = i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes.parse::<u8>().ok()?);
    Some(if offset.starts_with('-') { -minutes } else { minutes })
}

/// As Go prints it; in UTC, whatever the machine's zone is.
pub(crate) fn local(seconds: i64) -> String {
    let text = rfc3339(seconds);
    format!("{} {} +0000 UTC", &text[..10], &text[11..19])
}

/// As RFC 3339 has it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(END);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_as_people_type_them() {
        for (typed, expected) in [
            ("1970-01-02", "1970-01-02T00:00:00.000000000Z"),
            ("1970-01-02T03:04", "1970-01-02T03:04:00.000000000Z"),
            ("1970-01-02T03:04:05.5+01:00", "1970-01-02T02:04:05.500000000Z"),
            ("86400.000000001", "1970-01-02T00:00:00.000000001Z"),
        ] {
            assert_eq!(moment(typed).map(nanos).as_deref(), Some(expected), "{typed}");
        }
        assert_eq!(duration("1h30m1.5s"), Some(Duration::from_millis(5_401_500)));
        assert!(moment("10m").is_some_and(|time| time < SystemTime::now()));
        for bad in ["", "x", "1x", "10mm", "m", "1970-13-01"] {
            assert!(moment(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn moments_that_nobody_lives_to_see_are_shown_as_the_last_one() {
        let last = "9999-12-31T23:59:59";
        for far in ["253402300800", "99999999999999", "9223372036854775807"] {
            assert!(moment(far).map(nanos).unwrap().starts_with(last), "{far}");
            assert_eq!(rfc3339(seconds(far).unwrap()), format!("{last}Z"), "{far}");
        }
        assert_eq!(rfc3339(-1), "1970-01-01T00:00:00Z");
        assert!(local(i64::MIN).starts_with("1970-01-01 "));
        for odd in ["2020-01-01T00:00:00+9223372036854775807:00", "2020-01-01T00:00:00-00:99999999999", ""] {
            assert_eq!((seconds(odd), moment(odd)), (None, None), "{odd}");
        }
    }

    #[test]
    fn dates_with_and_without_an_offset() {
        assert_eq!(seconds("1970-01-02T00:00:00Z"), Some(86_400));
        assert_eq!(seconds("1970-01-02T02:00:00.123456789+02:00"), Some(86_400));
        assert_eq!(seconds("1970-01-01T22:30:00-01:30"), Some(86_400));
        assert_eq!(seconds("1700000000"), Some(1_700_000_000));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(local(86_400), "1970-01-02 00:00:00 +0000 UTC");
    }
}
