//! How long to wait, and how often to try.

use std::time::{Duration, SystemTime};

use fault::Fault;
use rustix::rand::{GetRandomFlags, getrandom};

/// How long to wait, and how often to try.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Tries of one request, or of one piece of a blob that brought nothing.
    pub tries: u32,
    /// The first pause between two; each next one is twice as long.
    pub first_pause: Duration,
    /// The longest one, whatever the registry asks for.
    pub longest_pause: Duration,
    /// For a connection, with TLS.
    pub connect: Duration,
    /// Without a single byte.
    pub stall: Duration,
    /// For a whole document.
    pub document: Duration,
    /// Until a registry has taken in an upload: it may have to copy the whole of it.
    pub commit: Duration,
    /// Bytes of the pieces that blobs are pushed in; without, in one piece, and where that breaks from there on.
    pub piece: Option<u64>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            tries: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            document: Duration::from_mins(2),
            commit: Duration::from_mins(10),
            piece: None,
        }
    }
}

/// A pause before the next try.
#[derive(Debug)]
pub struct Waiting {
    /// Why the last one failed.
    pub why: Fault,
    /// How long it will be.
    pub pause: Duration,
    /// Number of the next try; the second is 2.
    pub next: u32,
}

impl Patience {
    /// Before the try after number `tried`: what the registry has asked for, or twice as long as the last one. A
    /// part of it is random, so that many clients do not come back at the same moment.
    pub(crate) fn pause(&self, tried: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_pause.saturating_mul(1 << tried.saturating_sub(1).min(16));
        let pause = asked.unwrap_or_else(|| doubled / 2 + doubled.mul_f64(random()) / 2);
        pause.min(self.longest_pause)
    }
}

/// Of `Retry-After`: seconds, or a date.
///
/// Source: RFC 9110, section 10.2.3.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(date(header)?.duration_since(now).unwrap_or_default())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<SystemTime> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? / 3 + 1;
    humantime::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

/// From 0 to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // The kernel gives as many as this in one piece, and cannot fail once the machine is up.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let patience = Patience::default();
        for (tried, least, most) in [(1, 250, 500), (2, 500, 1000), (4, 2000, 4000), (40, 60_000, 60_000)] {
            let pause = patience.pause(tried, None);
            assert!((least..=most).contains(&pause.as_millis()), "{tried}: {pause:?}");
        }
        assert_eq!(patience.pause(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(patience.pause(1, Some(Duration::from_secs(1 << 40))), Duration::from_mins(1));
    }

    #[test]
    fn a_registry_says_when_to_come_back() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 5);
        let seconds = |text| retry_after(text, now).map(|pause| pause.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(5));
        assert_eq!(seconds("Sun, 06 Nov 1984 08:49:37 GMT"), Some(0));
        for bad in
            ["", "-1", "soon", "99999999999999999999", "Sun, 06 Anf 1994 08:49:37 GMT", "a b c d e GMT"]
        {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
