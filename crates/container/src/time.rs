//! Points in time, as they are written down.

use std::time::SystemTime;

/// Now: RFC 3339 in UTC, with nine digits behind the second.
pub fn now() -> String {
    humantime::format_rfc3339_nanos(SystemTime::now()).to_string()
}
