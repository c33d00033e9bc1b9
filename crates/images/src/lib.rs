//! From where images are to where they are kept, and back: what the commands for images do.
//!
//! ```text
//! archive           a tar of blobs, as people save images        archive.rs, manifest_json.rs, oci_layout.rs
//! Incoming          manifest, config, and where layers come from incoming.rs
//!   layers          blob -> tar, both checked                    layers.rs, landing.rs
//!   roots           tars -> one index, or folders                roots.rs, trees.rs
//! Images            the verbs                                    load.rs, save.rs, import.rs, remove.rs, ...
//! ```
//!
//! Nothing here prints: whoever calls gets data, and is told of progress. An image is here when its record is;
//! everything that the record speaks of is on the disk by then.

mod archive;
mod change;
mod check;
mod commit;
mod export;
mod images;
mod import;
mod incoming;
mod landing;
mod layers;
mod list;
mod load;
mod manifest_json;
mod oci_layout;
mod owners;
mod progress;
mod pull;
mod push;
mod remove;
mod roots;
mod save;
mod trees;
mod usage;

pub use change::change;
pub use commit::Committed;
pub use images::Images;
pub use import::Imported;
pub use incoming::Source;
pub use list::Listed;
pub use load::Loaded;
pub use progress::{Event, Progress, Quiet};
pub use pull::Pulled;
pub use push::InRegistry;
pub use remove::Removed;
pub use roots::{Layers, Root};
pub use store::{Checked, Lease, Problem};
pub use usage::Usage;
