//! Ids and names for containers.

use std::fmt::Write as _;

use fault::{Doing, Result};
use rustix::rand::{GetRandomFlags, getrandom};

/// 64 hexadecimal digits, never to be given again.
pub fn new() -> Result<String> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn random(bytes: &mut [u8]) -> Result<()> {
    let length = bytes.len();
    let mut filled = 0;
    while filled < length {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).doing(|| "get random bytes")?;
    }
    Ok(())
}

/// Two words and the first digits of the id, which make it one of its kind.
pub fn name(id: &str) -> String {
    let digit = |at: usize| id.get(at..at + 4).and_then(|digits| usize::from_str_radix(digits, 16).ok());
    let pick = |words: &[&'static str], at| words[digit(at).unwrap_or(0) % words.len()];
    format!("{}_{}_{}", pick(&ADJECTIVES, 60), pick(&CRAFTS, 56), &id[..4.min(id.len())])
}

/// The people of a row house, and how they are today.
const ADJECTIVES: [&str; 32] = [
    "able", "brisk", "calm", "cheerful", "clever", "cosy", "curious", "eager", "early", "fair", "frank",
    "gentle", "glad", "handy", "honest", "jolly", "keen", "kind", "lively", "lucky", "mellow", "merry",
    "neat", "nimble", "patient", "plucky", "quick", "quiet", "steady", "sunny", "tidy", "witty",
];
const CRAFTS: [&str; 32] = [
    "baker",
    "barber",
    "binder",
    "brewer",
    "carpenter",
    "carver",
    "cook",
    "cooper",
    "dyer",
    "farmer",
    "ferrier",
    "fisher",
    "florist",
    "gardener",
    "glazier",
    "hatter",
    "joiner",
    "knitter",
    "lantern",
    "mason",
    "miller",
    "painter",
    "potter",
    "printer",
    "roofer",
    "sawyer",
    "smith",
    "tailor",
    "thatcher",
    "tinker",
    "turner",
    "weaver",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_64_digits_and_a_name_is_a_name() {
        let (one, other) = (new().unwrap(), new().unwrap());
        assert!(one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(one, other);
        assert!(name(&one).parse::<oci::ContainerId>().is_ok());
        assert!(name(&one).ends_with(&one[..4]));
    }
}
