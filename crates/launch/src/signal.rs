//! Signals by name and number.

use fault::{Fault, Kind, Result};
use rustix::process::Signal;

/// In the order of their numbers, on all architectures that are ours. Source: signal(7).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The signal of a number, a name, or a name with `SIG`; in capitals or not; `RTMIN+3` and `RTMAX-1` too.
///
/// # Errors
/// `Invalid`, in the words that callers know from runc: "unknown signal".
pub fn parse(text: &str) -> Result<Signal> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let number = match name {
        "IOT" => Some(6),
        "CLD" => Some(17),
        "POLL" => Some(29),
        _ => name.parse().ok().or_else(|| by_name(name)).or_else(|| real_time(name)),
    };
    number.and_then(from_number).ok_or_else(|| {
        Fault::new(Kind::Invalid, format!("use signal `{text}`"))
            .because(format!("unknown signal \"{text}\""))
            .hint("use a name such as TERM or SIGKILL, or a number from 1 to 64")
    })
}

fn by_name(name: &str) -> Option<i32> {
    NAMES.iter().position(|known| *known == name).and_then(|at| i32::try_from(at + 1).ok())
}

fn real_time(name: &str) -> Option<i32> {
    let (base, rest) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => (34, rest),
        (_, Some(rest)) => (64, rest),
        _ => return None,
    };
    let offset: i32 = if rest.is_empty() { 0 } else { rest.parse().ok()? };
    Some(base + offset).filter(|number| (34..=64).contains(number))
}

/// The name of a signal, as people know it: `SIGTERM`; its number, if it has none.
pub fn name(number: i32) -> String {
    let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
    NAMES.get(at).map_or_else(|| number.to_string(), |name| format!("SIG{name}"))
}

/// The signal of a number; 32 and 33 are the C library's own.
pub fn from_number(number: i32) -> Option<Signal> {
    Signal::from_named_raw(number).or_else(|| sys::signals::real_time(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_both_spellings() {
        for (text, number) in
            [("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("winch", 28), ("IOT", 6)]
        {
            assert_eq!(parse(text).unwrap().as_raw(), number, "{text}");
        }
        for text in ["", "0", "65", "-1", "SIG", "NOPE", "9x", "RTMIN+99"] {
            assert!(parse(text).unwrap_err().sentence().contains("unknown signal"), "{text}");
        }
    }
}
