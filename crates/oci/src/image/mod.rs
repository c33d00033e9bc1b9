//! The OCI Image Specification, and Docker's schema 2, as types and rules. No I/O.
//!
//! Own types instead of the `oci-spec` crate's: what these documents say comes from anybody. That crate takes a
//! key that is there twice, takes any text for a digest, does not have Docker's fields (`Healthcheck`, `OnBuild`,
//! `Shell`), and reads a document by the type that the caller thinks it has.
//!
//! A document that came from somewhere is kept as the bytes that came, beside what was read from it: its digest
//! is that of the bytes. [`Manifest::to_json`] and its like are for documents that we make.
//!
//! Source: <https://github.com/opencontainers/image-spec/tree/v1.1.1>

mod config;
mod descriptor;
mod digest;
mod document;
mod execution;
mod grammar;
mod index;
pub mod limits;
mod manifest;
mod media_type;
mod platform;
mod reference;
mod set;
mod strict;

pub use config::{Config, History, RootFs};
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest};
pub use document::Document;
pub use execution::{Execution, Healthcheck};
pub use index::Index;
pub use limits::{
    DEEPEST_INDEX, LONGEST_CONFIG, LONGEST_MANIFEST, MOST_DOCUMENTS, MOST_LAYERS, MOST_MANIFESTS,
};
pub use manifest::{Layer, Manifest};
pub use media_type::{Compression, Family, MediaType};
pub use platform::Platform;
pub use reference::{DEFAULT_TAG, DOCKER_HUB, Named, Reference};

/// Our documents have texts for keys and no numbers with a fraction, so there is nothing that could fail.
fn json<T: serde::Serialize>(document: &T) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_default()
}
