//! Digests of bytes that stream by.

use oci::image::{Algorithm, Digest};
use sha2::{Digest as _, Sha256, Sha512};

/// A digest that is being computed.
#[derive(Debug, Clone)]
pub enum Hasher {
    /// Of `sha256:`.
    Sha256(Sha256),
    /// Of `sha512:`.
    Sha512(Sha512),
}

impl Hasher {
    /// Of the kind that a digest to compare with is.
    pub fn like(digest: &Digest) -> Hasher {
        match digest.algorithm() {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Of all of them.
    pub fn finish(self) -> Digest {
        match self {
            Hasher::Sha256(hasher) => Digest::sha256(hasher.finalize().into()),
            Hasher::Sha512(hasher) => Digest::sha512(hasher.finalize().into()),
        }
    }
}

/// What the root of some layers is called by, also of none.
pub fn root_id(diff_ids: &[Digest]) -> Digest {
    chain_id(diff_ids).unwrap_or_else(|| Hasher::Sha256(Sha256::new()).finish())
}

/// A digest over several layers in their order: nothing for none, the layer's own for one.
/// Source: OCI image-spec, config.md, "Layer ChainID".
pub fn chain_id(diff_ids: &[Digest]) -> Option<Digest> {
    let (first, rest) = diff_ids.split_first()?;
    Some(rest.iter().fold(first.clone(), |chain, diff_id| {
        let mut hasher = Sha256::new();
        hasher.update(format!("{chain} {diff_id}"));
        Digest::sha256(hasher.finalize().into())
    }))
}
