//! What layers are called together.

use hash::sha256;
use oci::image::Digest;

/// What the root of some layers is called by, also of none.
pub fn root_id(diff_ids: &[Digest]) -> Digest {
    chain_id(diff_ids).unwrap_or_else(|| sha256(b""))
}

/// A digest over several layers in their order: nothing for none, the layer's own for one.
/// Source: OCI image-spec, config.md, "Layer ChainID".
pub fn chain_id(diff_ids: &[Digest]) -> Option<Digest> {
    let (first, rest) = diff_ids.split_first()?;
    let add = |chain: Digest, diff_id: &Digest| sha256(format!("{chain} {diff_id}").as_bytes());
    Some(rest.iter().fold(first.clone(), add))
}
