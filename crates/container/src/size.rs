//! Amounts, as people write them.

use fault::{Fault, Result};

/// Microseconds in which a share of the processors is counted. Source: moby, `daemon_unix.go`.
pub(crate) const CPU_PERIOD: u64 = 100_000;
/// Less than this, and a container cannot even start. Source: moby, `linuxMinMemory`.
pub(crate) const LEAST_MEMORY: i64 = 6 * 1024 * 1024;

/// Bytes from `64m`, `1.5g`, `512KiB` or `67108864`; units count in 1024s.
pub fn memory(text: &str) -> Result<i64> {
    let wrong = |why: String| Fault::invalid("--memory", why);
    let bytes = bytes(text).ok_or_else(|| {
        wrong(format!("`{text}` is not a size")).hint("a number with b, k, m or g behind it: `64m`")
    })?;
    if bytes < LEAST_MEMORY {
        return Err(wrong(format!("Minimum memory limit allowed is 6MB, got `{text}`")));
    }
    Ok(bytes)
}

/// Bytes, for any other option.
pub fn size(text: &str, option: &str) -> Result<i64> {
    bytes(text).ok_or_else(|| {
        Fault::invalid(option, format!("invalid size: '{text}'"))
            .hint("a number with b, k, m or g behind it: `64m`")
    })
}

/// Source: docker/go-units, `RAMInBytes`.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = lower[digits.len()..].trim_end_matches('b').trim_end_matches('i');
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return None,
    };
    let number = digits.trim_end();
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(1 << shift).filter(|bytes| *bytes >= 0);
    }
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let part: f64 = number.parse().ok().filter(|_| plain)?;
    whole(part * f64::from(2).powi(shift))
}

/// Microseconds per period from `1.5`: that many processors.
///
/// # Errors
/// `Invalid` for less than a hundredth, or more than the machine's `count`.
pub fn cpus(text: &str, count: usize) -> Result<i64> {
    let wrong = |why: String| Fault::invalid("--cpus", why);
    let number: f64 = text.parse().map_err(|_| wrong(format!("`{text}` is not a number")))?;
    let most = u32::try_from(count).map_or(f64::MAX, f64::from);
    if !(0.01..=most).contains(&number) {
        return Err(wrong(format!(
            "Range of CPUs is from 0.01 to {count}.00, as there are only {count} CPUs available, got `{text}`"
        )));
    }
    let period = u32::try_from(CPU_PERIOD).map_or(0.0, f64::from);
    whole(number * period).ok_or_else(|| wrong(format!("`{text}` is too much")))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be in range; what is behind the point may go"
)]
fn whole(number: f64) -> Option<i64> {
    /// 2^62: everything below is an `i64` for sure.
    const MOST: f64 = 4_611_686_018_427_387_904.0;
    (0.0..MOST).contains(&number).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_docker_reads_them() {
        for (text, bytes) in [
            ("64m", 64 << 20),
            ("64M", 64 << 20),
            ("64mb", 64 << 20),
            ("64MiB", 64 << 20),
            ("1g", 1 << 30),
            ("1.5g", 3 << 29),
            ("512000k", 512_000 << 10),
            ("6291456", 6_291_456),
            ("6291456b", 6_291_456),
        ] {
            assert_eq!(memory(text).unwrap(), bytes, "{text}");
        }
        for bad in
            ["", "m", "x", "64x", "-64m", "1e9", "nan", "inf", "64 m m", "99999999999g", "0x10m", "6m6"]
        {
            assert!(memory(bad).is_err(), "{bad}");
        }
        assert!(memory("5m").unwrap_err().sentence().contains("Minimum memory limit allowed is 6MB"));
    }

    #[test]
    fn processors() {
        assert_eq!(cpus("1.5", 2).unwrap(), 150_000);
        assert_eq!(cpus("0.01", 2).unwrap(), 1_000);
        for bad in ["0", "-1", "3", "x", "nan", "inf", "", "0.001"] {
            assert!(cpus(bad, 2).is_err(), "{bad}");
        }
    }
}
