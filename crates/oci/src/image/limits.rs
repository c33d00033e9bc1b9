//! How much of a document from anybody we look at. What needs more is refused by name, before anything is fetched.

/// Bytes of the longest manifest or index. Registries refuse longer ones; containerd has the same limit.
pub const LONGEST_MANIFEST: u64 = 4 << 20;

/// Bytes of the longest image config: room for 10,000 steps of history.
pub const LONGEST_CONFIG: u64 = 8 << 20;

/// Layers of one image. The kernel's overlay takes 500 lower folders (`OVL_MAX_STACK`).
pub const MOST_LAYERS: usize = 500;

/// Entries of one index. Images of Docker Hub have up to 40: a platform each, and an attestation for each.
pub const MOST_MANIFESTS: usize = 256;

/// An index may name an index, and that one manifests only.
pub const DEEPEST_INDEX: usize = 2;

/// Manifests and indexes that one pull may fetch: a small index must not cost many requests (CVE-2026-53493).
pub const MOST_DOCUMENTS: usize = 64;

/// Levels of lists and objects in each other. Image documents have five.
pub(crate) const DEEPEST: usize = 64;

/// Values of one document, in lists and objects: read, each of them takes far more memory than its two or three bytes.
pub(crate) const MOST_VALUES: usize = 200_000;

/// Bytes of all documents that one archive or layout is read for. An image has some thousand.
pub const LONGEST_DOCUMENTS: u64 = 32 << 20;

/// Entries of a config's history, environment or labels.
pub(crate) const MOST_ENTRIES: usize = 10_000;

/// Bytes of a config's environment and labels together. execve(2) takes no more anyway.
pub(crate) const LONGEST_TEXTS: usize = 1 << 20;
