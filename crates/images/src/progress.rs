//! What whoever waits is told.

use oci::image::Digest;

/// Something that has happened on the way.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A layer that is here already: its blob's digest.
    Here(&'a Digest),
    /// A layer begins to come, with the bytes that it has as it is sent.
    Begins(&'a Digest, u64),
    /// Bytes of a layer have come: how many since it was told last.
    Came(&'a Digest, u64),
    /// A layer has come whole, and is what it is called.
    Whole(&'a Digest),
    /// A layer is unpacked.
    Unpacked(&'a Digest),
    /// A layer is left out, and why.
    Skipped(&'a Digest, &'a str),
    /// Something of the files could not be had here.
    Lost(&'a str),
}

/// Whoever waits. Several threads tell at once.
pub trait Progress: Sync {
    /// Something has happened.
    fn on(&self, event: Event<'_>);
}

/// Nobody waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn on(&self, _: Event<'_>) {}
}
