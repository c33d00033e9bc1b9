//! Points in time, as they are written down.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now: RFC 3339 in UTC, with nine digits behind the second.
pub fn now() -> String {
    humantime::format_rfc3339_nanos(SystemTime::now()).to_string()
}

/// So many microseconds after 1970, in the same way. What lies beyond the year 9999 is 1970.
pub fn at_micros(micros: u64) -> String {
    const END: u64 = 253_402_300_800_000_000;
    let since = Duration::from_micros(if micros < END { micros } else { 0 });
    humantime::format_rfc3339_nanos(UNIX_EPOCH + since).to_string()
}
