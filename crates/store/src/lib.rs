//! Digest to file: what is kept of images, as a person can read it and a program can check it.
//!
//! ```text
//! ROOT/                        0700; /var/lib/nagaya, or ~/.local/share/nagaya
//! ├── images/                  an OCI image layout: `skopeo inspect oci:ROOT/images:docker.io/library/debian:12`
//! │   ├── oci-layout           made last, so it says that the rest is there
//! │   ├── index.json           for other tools; made from what stands below, and never read by us
//! │   └── blobs/ALG/HEX        manifests, configs and layers, byte for byte as they came
//! ├── references/HOST/PATH/    what names stand for, one file each: no list to read, none to lock
//! │   ├── :TAG                 a name with a tag
//! │   └── @DIGEST              the same for names by digest
//! ├── kept/ALG/HEX             one file for each image, by its id: the digest of its config
//! ├── layers/ALG/HEX/          a layer unpacked, by the digest of its tar (`diff_id`); can be made again
//! ├── roots/ALG/HEX/           what several layers are together; can be made again
//! ├── trees/ALG/HEX/           a layer as a folder, by all layers up to it; can be made again
//! ├── uses/NAME                a container that needs an image, whatever becomes of the image's names
//! ├── leases/N                 what somebody is about to use, locked by whoever that is
//! ├── claims/KEY               who fetches or unpacks a thing, so that nobody does it twice
//! ├── staging/N                things that are being made, locked by whoever makes them
//! ├── listed                   the boot in which `index.json` was written; not there while it is stale
//! └── lock                     shared: a moment's work on leases and staging; exclusive: names and removals
//! ```
//!
//! - **A file has its name only when it is complete**: it is made in `staging`, synced and renamed. What is
//!   named here was checked against its digest, and stays after a power cut.
//! - **Locks die with whoever holds them**, since all are flock(2) on open files.
//! - **Garbage is what nothing on disk names**: not a record in `kept`, not a use, not a lease of a process that
//!   lives. Only [`Store::collect`] removes, under the exclusive lock.
//! - **Nothing that `run` does grows with the number of images.**

mod blobs;
mod chain;
mod check;
mod claim;
mod collect;
mod files;
mod find;
mod flow;
mod images;
mod land;
mod layers;
mod layout;
mod lease;
mod lock;
mod names;
mod place;
mod staged;
mod uses;

pub use blobs::Ingest;
pub use chain::{chain_id, root_id};
pub use check::{Checked, Problem};
pub use claim::Claim;
pub use collect::Collected;
pub use files::size_of;
pub use find::Found;
pub use flow::Flow;
pub use images::{Image, Kept, Version};
pub use land::Ready;
pub use layers::Folder;
pub use lease::Lease;
pub use lock::Exclusive;
pub use names::Named;
pub use place::Store;
pub use staged::Staged;
