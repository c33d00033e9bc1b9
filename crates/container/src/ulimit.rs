//! `--ulimit NAME=SOFT[:HARD]`.

use fault::{Fault, Result};
use oci::Rlimit;
use serde::{Deserialize, Serialize};

/// A limit of setrlimit(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// As docker has it: `nofile`.
    pub name: String,
    /// The limit in force; -1 means none.
    pub soft: i64,
    /// What it may be raised to; -1 means none.
    pub hard: i64,
}

/// Source: setrlimit(2); docker/go-units, `ulimit.go`.
const NAMES: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

impl Ulimit {
    /// Reads what was typed.
    pub fn parse(text: &str) -> Result<Ulimit> {
        let wrong = |why: String| Fault::invalid("--ulimit", why);
        let (name, values) =
            text.split_once('=').ok_or_else(|| wrong(format!("invalid ulimit argument: {text}")))?;
        if !NAMES.contains(&name) {
            return Err(
                wrong(format!("invalid ulimit type: {name}")).hint(format!("there are {}", NAMES.join(", ")))
            );
        }
        let number = |text: &str| {
            text.parse::<i64>()
                .ok()
                .filter(|number| *number >= -1)
                .ok_or_else(|| wrong(format!("invalid value: {text}")))
        };
        let parts: Vec<_> = values.split(':').collect();
        let (soft, hard) = match parts[..] {
            [both] => (number(both)?, number(both)?),
            [soft, hard] => (number(soft)?, number(hard)?),
            _ => {
                let why = format!(
                    "too many limit value arguments - {values}, can only have up to two, `soft[:hard]`"
                );
                return Err(wrong(why));
            }
        };
        if hard != -1 && (soft == -1 || soft > hard) {
            return Err(wrong(format!(
                "ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
            )));
        }
        Ok(Ulimit { name: name.to_string(), soft, hard })
    }

    /// As a config has it. -1 is all bits of `rlim_t`: `RLIM_INFINITY`.
    pub(crate) fn rlimit(&self) -> Rlimit {
        let value = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
        Rlimit {
            kind: format!("RLIMIT_{}", self.name.to_ascii_uppercase()),
            hard: value(self.hard),
            soft: value(self.soft),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_two() {
        let one = Ulimit::parse("nofile=10:20").unwrap().rlimit();
        assert_eq!((one.kind.as_str(), one.soft, one.hard), ("RLIMIT_NOFILE", 10, 20));
        assert_eq!(Ulimit::parse("core=0").unwrap().rlimit().hard, 0);
        assert_eq!(Ulimit::parse("memlock=-1").unwrap().rlimit().soft, u64::MAX);
        for (bad, word) in [
            ("nofile", "invalid ulimit argument: nofile"),
            ("files=1", "invalid ulimit type: files"),
            ("nofile=1:2:3", "too many limit value arguments"),
            ("nofile=2:1", "must be less than or equal to hard limit: 2 > 1"),
            ("nofile=-1:1", "must be less than or equal"),
            ("nofile=x", "invalid value: x"),
        ] {
            assert!(Ulimit::parse(bad).unwrap_err().to_string().contains(word), "{bad}");
        }
    }
}
