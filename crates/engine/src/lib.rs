//! The verbs for people: from a request to a running container.
//!
//! ```text
//! Request           what was asked for                              request.rs, volume.rs, size.rs
//! Machine, Image    what this machine and that root folder are      machine.rs, image.rs, subids.rs
//! config            all of them -> an OCI config, pure              config.rs and what it uses
//! host_image        `host`: this machine's own root, laid over      host_image.rs, secrets.rs
//! Engine            run, explain, remove                            run.rs, prepare.rs, store.rs
//! ```
//!
//! Nothing here prints, and nothing here clones: that is `launch`'s.

mod capabilities;
mod config;
mod devices;
mod environment;
mod host_image;
mod id;
mod image;
mod machine;
mod mounts;
mod prepare;
mod protected;
mod request;
mod run;
mod secrets;
mod size;
mod store;
mod subids;
mod users;
mod volume;

pub use environment::Variable;
pub use prepare::Prepared;
pub use request::{Network, Request, Root};
pub use run::{Engine, Running, exit_code};
pub use secrets::{Secret, secrets};
pub use size::{cpus, memory};
pub use store::default_root;
pub use volume::Volume;
