//! The name of a container.

use std::fmt;
use std::str::FromStr;

use fault::{Fault, Result};

/// Bytes of the longest name: as a folder's name it must leave room for a suffix (`NAME_MAX` is 255).
const LONGEST: usize = 242;

/// The name of a container: letters, digits, `_`, `+`, `-` and `.`, and not `.` or `..`.
///
/// It becomes a folder's and a cgroup's name, so there is no other way to make one than to parse it.
/// The rule is runc's (`libcontainer/factory_linux.go`, `validateID`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerId(String);

impl ContainerId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContainerId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<ContainerId> {
        let wrong = |cause: &str| {
            Err(Fault::invalid(text, cause)
                .during(format!("name a container `{text}`"))
                .hint("use letters, digits, `_`, `+`, `-` and `.`"))
        };
        match text {
            "" => wrong("the name is empty"),
            "." | ".." => wrong("that is a folder of its own"),
            _ if text.len() > LONGEST => wrong(&format!("the name is longer than {LONGEST} bytes")),
            _ if text.bytes().all(allowed) => Ok(ContainerId(text.to_string())),
            _ => wrong("the name has a character that is not allowed"),
        }
    }
}

fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_folder_name_and_nothing_more() {
        for good in ["a", "web-1", "0", "A_b.c+d", "..a", &"x".repeat(LONGEST)] {
            assert_eq!(good.parse::<ContainerId>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "/", "a b", "a\n", "ä", "\u{1b}", &"x".repeat(LONGEST + 1)] {
            assert!(bad.parse::<ContainerId>().is_err(), "{bad:?}");
        }
    }
}
