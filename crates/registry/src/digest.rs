//! Digests of documents that are at hand as a whole.

use oci::image::{Algorithm, Digest};
use sha2::{Digest as _, Sha256, Sha512};

/// Of `bytes`.
pub(crate) fn digest_of(bytes: &[u8], algorithm: Algorithm) -> Digest {
    match algorithm {
        Algorithm::Sha256 => Digest::sha256(Sha256::digest(bytes).into()),
        Algorithm::Sha512 => Digest::sha512(Sha512::digest(bytes).into()),
    }
}
