//! The keys by which one leaves a container without ending it: `--detach-keys`.

use fault::{Fault, Result};

/// The keys by which one leaves a container without ending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys {
    keys: Vec<u8>,
    /// How many of them were typed.
    typed: usize,
}

impl Default for DetachKeys {
    /// Control-P, control-Q.
    fn default() -> DetachKeys {
        DetachKeys { keys: vec![0x10, 0x11], typed: 0 }
    }
}

impl DetachKeys {
    /// From `ctrl-p,ctrl-q`, or `a,b`. An empty text is none at all.
    ///
    /// Source: moby, `term/ascii.go`.
    pub fn parse(text: &str) -> Result<DetachKeys> {
        let wrong = || {
            Fault::invalid("--detach-keys", format!("invalid detach keys: `{text}`"))
                .hint("keys with commas between: a, Z, or ctrl-a to ctrl-z, ctrl-@ [ \\ ] ^ _")
        };
        let key = |name: &str| match (name.as_bytes(), name.strip_prefix("ctrl-").map(str::as_bytes)) {
            (&[key], _) => Some(key),
            (_, Some(&[key @ b'a'..=b'z'])) => Some(key - b'a' + 1),
            (_, Some(&[key @ b'@'..=b'_'])) => Some(key - b'@'),
            _ => None,
        };
        let keys = match text {
            "" => Some(Vec::new()),
            _ => text.split(',').map(key).collect(),
        };
        Ok(DetachKeys { keys: keys.ok_or_else(wrong)?, typed: 0 })
    }

    /// Takes what was typed. What is to be passed on comes back, and whether the keys were among it. Those that may be the
    /// first of them are held back until it is clear.
    pub fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if self.keys.get(self.typed) == Some(byte) {
                self.typed += 1;
                if self.typed == self.keys.len() {
                    self.typed = 0;
                    return (passed, true);
                }
                continue;
            }
            passed.extend_from_slice(&self.keys[..self.typed]);
            self.typed = usize::from(self.keys.first() == Some(byte) && self.keys.len() > 1);
            if self.typed == 0 {
                passed.push(*byte);
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_leave_and_others_are_passed_on() {
        let mut keys = DetachKeys::default();
        assert_eq!(keys.take(b"ab\x10c"), (b"ab\x10c".to_vec(), false));
        assert_eq!(keys.take(b"x\x10"), (b"x".to_vec(), false));
        assert_eq!(keys.take(b"\x10\x11y"), (b"\x10".to_vec(), true));
        let mut none = DetachKeys::parse("").unwrap();
        assert_eq!(none.take(b"\x10\x11"), (b"\x10\x11".to_vec(), false));
        let mut other = DetachKeys::parse("ctrl-a,x").unwrap();
        assert_eq!(other.take(b"q\x01x"), (b"q".to_vec(), true));
        for bad in ["ctrl-", "ctrl-1", "ab", "a,,b"] {
            assert!(DetachKeys::parse(bad).is_err(), "{bad}");
        }
    }
}
