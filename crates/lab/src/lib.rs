//! The test kit: bundles, containers, and what they left behind.
//!
//! ```no_run
//! let lab = lab::Lab::new();
//! let seen = lab.container("web").edit(|config| config["hostname"] = "web".into()).see("hostname");
//! assert_eq!(seen, "web\n");
//! ```
//!
//! - [`Lab`]: a folder of its own under `/tmp`, with the state folder of its runtime in it. When it is
//!   dropped, its containers are deleted and whatever is left on the machine fails the test.
//! - [`Container`]: a bundle, and the runtime's commands on it.
//! - [`Nagaya`]: what tests do with the engine in a lab; [`Disk`]: where its power can be cut.
//! - [`Call`]: one call of the runtime, in any way a caller may make it.
//! - [`Pty`] and [`ConsoleSocket`]: terminals, from the outside.
//! - [`Registry`] and [`LyingRegistry`]: a real registry of images, and one that lies.
//! - [`Snapshot`]: what is on the machine, so that two of them can be compared.
//!
//! Which runtime: the file in `NAGAYA_RUNTIME`, else `nagaya-runtime` in the folder `NAGAYA_BIN_DIR`, else
//! the release build of this workspace. So the same tests say what runc does.
//!
//! Everything here panics when it does not work: that is how a test fails.
#![expect(clippy::missing_panics_doc, reason = "a test kit that cannot go on fails the test")]

mod call;
mod canary;
mod certificates;
mod config;
mod console;
mod container;
mod disk;
mod docker;
mod host;
mod laboratory;
mod leftovers;
mod liar;
mod nagaya;
mod pty;
mod registry;
mod reply;
mod rootfs;
mod scratch;
mod snapshot;
mod wait;

pub use call::{Call, Output, Running, json_lines};
pub use canary::Canary;
pub use config::{base, mount, namespace, without_namespace};
pub use console::ConsoleSocket;
pub use container::Container;
pub use disk::{Disk, apart, copy};
pub use docker::{as_docker, profile};
pub use host::{compile_c, is_nagaya, namespace_of, process_exists, runtime};
pub use laboratory::Lab;
pub use liar::{Asked, LyingRegistry};
pub use nagaya::{Nagaya, engine, fails, for_ordinary_user};
pub use pty::Pty;
pub use registry::{Registry, RegistryWish, skopeo};
pub use reply::Reply;
pub use scratch::Scratch;
pub use snapshot::Snapshot;
pub use wait::{until, within};

/// An ordinary user: nobody's account, so nothing on the machine belongs to it.
pub const ORDINARY_USER: u32 = 1000;
