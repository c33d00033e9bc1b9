//! Digests of bytes, as they stream by or at hand: the only place that computes any.

use std::io::{self, Read, Write};

use oci::image::{Algorithm, Digest};
use sha2::{Digest as _, Sha256, Sha512};

/// A digest that is being computed.
#[derive(Debug, Clone)]
pub struct Hasher(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Of this kind, and of no bytes yet.
    pub fn new(algorithm: Algorithm) -> Hasher {
        Hasher(match algorithm {
            Algorithm::Sha256 => Kind::Sha256(Sha256::new()),
            Algorithm::Sha512 => Kind::Sha512(Sha512::new()),
        })
    }

    /// Of the kind that a digest to compare with is.
    pub fn like(digest: &Digest) -> Hasher {
        Hasher::new(digest.algorithm())
    }

    /// More bytes.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        match &mut self.0 {
            Kind::Sha256(hasher) => hasher.update(bytes),
            Kind::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Of all of them.
    pub fn finish(self) -> Digest {
        match self.0 {
            Kind::Sha256(hasher) => Digest::sha256(hasher.finalize().into()),
            Kind::Sha512(hasher) => Digest::sha512(hasher.finalize().into()),
        }
    }
}

/// Of bytes that are at hand.
pub fn of(bytes: &[u8], algorithm: Algorithm) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// The usual one, of bytes that are at hand.
pub fn sha256(bytes: &[u8]) -> Digest {
    of(bytes, Algorithm::Sha256)
}

/// What some bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Their digest.
    pub digest: Digest,
    /// How many.
    pub bytes: u64,
}

/// Something that is read or written, and the sum of what has passed.
#[derive(Debug)]
pub struct Summed<T> {
    /// What it is.
    pub through: T,
    hasher: Hasher,
    bytes: u64,
}

impl<T> Summed<T> {
    /// With SHA-256.
    pub fn new(through: T) -> Summed<T> {
        Summed { through, hasher: Hasher::new(Algorithm::Sha256), bytes: 0 }
    }

    /// Of what has passed.
    pub fn sum(self) -> Sum {
        Sum { digest: self.hasher.finish(), bytes: self.bytes }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Read> Read for Summed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.through.read(buffer)?;
        self.passed(&buffer[..got]);
        Ok(got)
    }
}

impl<T: Write> Write for Summed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.through.write(bytes)?;
        self.passed(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.through.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: FIPS 180-2, appendices B.1 and C.1.
    #[test]
    fn of_three_letters() {
        let sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(b"abc").as_str(), sha256);
        assert!(
            of(b"abc", Algorithm::Sha512).as_str().starts_with("sha512:ddaf35a193617abacc417349ae204131")
        );
        let mut through = Summed::new(&b"abc"[..]);
        assert_eq!(io::copy(&mut through, &mut io::sink()).unwrap(), 3);
        assert_eq!(through.sum(), Sum { digest: sha256.parse().unwrap(), bytes: 3 });
        let mut through = Summed::new(Vec::new());
        through.write_all(b"ab").and_then(|()| through.write_all(b"c")).unwrap();
        assert_eq!(through.through, b"abc");
        assert_eq!(through.sum().digest.as_str(), sha256);
    }
}
