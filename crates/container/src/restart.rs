//! Whether a container starts again when its program ends, and when. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Whether a container starts again when its program ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Unless somebody has stopped it; also after a reboot.
    Always,
    /// The same, but after a reboot only if nobody had stopped it.
    UnlessStopped,
    /// After a failure; at most so many times in a row, or without end.
    OnFailure(Option<u32>),
}

/// The first wait; each next one is twice as long.
const FIRST: Duration = Duration::from_millis(100);
/// No wait is longer.
const LONGEST: Duration = Duration::from_mins(1);
/// A program that ran so long has worked: the next wait is the first one again.
const WORKED: Duration = Duration::from_secs(10);

impl Restart {
    /// Its name without the number: `always`.
    pub fn name(self) -> &'static str {
        match self {
            Restart::No => "no",
            Restart::Always => "always",
            Restart::UnlessStopped => "unless-stopped",
            Restart::OnFailure(_) => "on-failure",
        }
    }

    /// How often at most; 0 for without end.
    pub fn most(self) -> u32 {
        if let Restart::OnFailure(Some(most)) = self { most } else { 0 }
    }

    /// It starts again, after an end that nobody has asked for. `count`: how often it did so already.
    pub fn again(self, code: u8, count: u32) -> bool {
        match self {
            Restart::No => false,
            Restart::Always | Restart::UnlessStopped => true,
            Restart::OnFailure(most) => code != 0 && most.is_none_or(|most| count < most),
        }
    }
}

/// How long to wait before the next start: Docker's (moby, `restartmanager.go`).
pub fn back_off(last: Option<Duration>, ran: Duration) -> Duration {
    match last {
        Some(last) if ran < WORKED => (last * 2).min(LONGEST),
        _ => FIRST,
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Restart::OnFailure(Some(most)) => write!(f, "on-failure:{most}"),
            other => f.write_str(other.name()),
        }
    }
}

impl FromStr for Restart {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Restart> {
        let wrong = |why: &str| Fault::invalid("--restart", format!("`{text}`: {why}"));
        let (name, most) = text.split_once(':').map_or((text, None), |(name, most)| (name, Some(most)));
        if most.is_some() && name != "on-failure" {
            return Err(wrong(
                "invalid restart policy: maximum retry count can only be used with 'on-failure'",
            ));
        }
        match name {
            "" | "no" => Ok(Restart::No),
            "always" => Ok(Restart::Always),
            "unless-stopped" => Ok(Restart::UnlessStopped),
            "on-failure" => {
                let count = |text: &str| text.parse::<u32>().ok();
                match most.map(count) {
                    None | Some(Some(0)) => Ok(Restart::OnFailure(None)),
                    Some(Some(most)) => Ok(Restart::OnFailure(Some(most))),
                    Some(None) => Err(wrong("maximum retry count must be an integer")),
                }
            }
            _ => Err(wrong(&format!("invalid restart policy '{}'", fault::visible(name)))
                .hint("no, always, unless-stopped, on-failure or on-failure:NUMBER")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read() {
        for text in ["no", "always", "unless-stopped", "on-failure", "on-failure:3"] {
            assert_eq!(text.parse::<Restart>().unwrap().to_string(), text);
        }
        for bad in ["never", "always:3", "on-failure:x", "on-failure:-1"] {
            assert!(bad.parse::<Restart>().unwrap_err().sentence().contains(bad), "{bad}");
        }
    }

    #[test]
    fn who_failed_starts_again() {
        assert!(!Restart::No.again(1, 0));
        assert!(Restart::Always.again(0, 99));
        let twice = Restart::OnFailure(Some(2));
        assert!(twice.again(1, 1) && !twice.again(1, 2) && !twice.again(0, 0));
    }

    #[test]
    fn waits_grow_and_begin_anew() {
        let short = Duration::ZERO;
        let mut wait = back_off(None, short);
        assert_eq!(wait, Duration::from_millis(100));
        for _ in 0..20 {
            wait = back_off(Some(wait), short);
        }
        assert_eq!(wait, LONGEST);
        assert_eq!(back_off(Some(wait), WORKED), FIRST);
    }
}
