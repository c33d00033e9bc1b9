//! The name of a content.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use fault::{Fault, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a digest was computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// The one that everybody uses.
    Sha256,
    /// The other one that the specification registers.
    Sha512,
}

impl Algorithm {
    const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

    /// As in a digest: `sha256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Hexadecimal digits of a digest.
    fn digits(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }
}

/// The name of a content: `sha256:` and 64 hexadecimal digits, or `sha512:` and 128, in lower case.
///
/// Digests become parts of paths and URLs, so there is no way to make one from a text but to parse it
/// (CVE-2024-3727 is what happens otherwise).
///
/// Source: <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// The whole of it, with the algorithm.
    text: String,
}

impl Digest {
    /// Of a SHA-256 sum.
    pub fn sha256(sum: [u8; 32]) -> Digest {
        Digest::from_sum(Algorithm::Sha256, &sum)
    }

    /// Of a SHA-512 sum.
    pub fn sha512(sum: [u8; 64]) -> Digest {
        Digest::from_sum(Algorithm::Sha512, &sum)
    }

    /// What it was computed with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digits alone: a file's name in an OCI layout.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// The whole: `sha256:...`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first twelve digits, as people see them.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    fn from_sum(algorithm: Algorithm, sum: &[u8]) -> Digest {
        let mut text = format!("{}:", algorithm.as_str());
        for byte in sum {
            let _ = write!(text, "{byte:02x}");
        }
        Digest { algorithm, text }
    }
}

impl FromStr for Digest {
    type Err = Fault;

    /// The causes are in the words of Docker, which scripts know.
    fn from_str(text: &str) -> Result<Digest> {
        let wrong = |cause| Err(Fault::invalid(text, cause));
        let Some((name, hex)) =
            text.split_once(':').filter(|(name, hex)| !name.is_empty() && !hex.is_empty())
        else {
            return wrong("invalid checksum digest format");
        };
        let Some(algorithm) = Algorithm::ALL.into_iter().find(|known| known.as_str() == name) else {
            return wrong("unsupported digest algorithm");
        };
        if hex.len() != algorithm.digits() {
            return wrong("invalid checksum digest length");
        }
        if !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return wrong("invalid checksum digest format");
        }
        Ok(Digest { algorithm, text: text.to_string() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Digest, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|err: Fault| serde::de::Error::custom(err.sentence()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_it_was_read() {
        for good in [format!("sha256:{}", "0f".repeat(32)), format!("sha512:{}", "a1".repeat(64))] {
            let digest: Digest = good.parse().unwrap();
            assert_eq!((digest.to_string(), digest.as_str()), (good.clone(), good.as_str()));
            assert_eq!(good, format!("{}:{}", digest.algorithm().as_str(), digest.hex()));
        }
        assert_eq!(Digest::sha256([0xab; 32]), format!("sha256:{}", "ab".repeat(32)).parse().unwrap());
        assert_eq!(Digest::sha512([7; 64]), format!("sha512:{}", "07".repeat(64)).parse().unwrap());
    }

    #[test]
    fn what_could_leave_a_folder_or_a_url_is_no_digest() {
        let digits = "0f".repeat(32);
        let cases = [
            String::new(),
            ":".into(),
            "sha256:".into(),
            format!(":{digits}"),
            digits.clone(),
            format!("SHA256:{digits}"),
            format!("sha256:{}", digits.to_uppercase()),
            format!("sha256:{}", &digits[1..]),
            format!("sha256:{digits}0"),
            format!("sha256:{}", &digits[..62]) + "..",
            format!("sha256:../../{}", &digits[6..]),
            format!("sha256:{}/", &digits[1..]),
            format!("sha256:{}?", &digits[1..]),
            format!("sha256:{}@", &digits[1..]),
            format!("sha256:{}\n", &digits[1..]),
            format!("sha256:{}ä", &digits[2..]),
            format!(" sha256:{digits}"),
            format!("sha512:{digits}"),
            format!("sha384:{}", "0f".repeat(48)),
            format!("md5:{}", "0f".repeat(16)),
        ];
        for bad in cases {
            assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
        }
    }
}
