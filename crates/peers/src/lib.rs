//! Other engines, each where nobody else sees it, and gone with all that it started.
//!
//! - [`Docker`]: a dockerd, and `docker` as people type it.
//! - [`Private`]: any other daemon in namespaces of its own.
//! - [`Witness`]: a runtime that tells that it was called.
//! - [`Said`]: what a command said.
//! - [`rootfs`]: what images are made of.
//! - [`traces`]: what is left behind, and its removal.
//!
//! Everything here panics when it does not work: that is how a test fails.
#![expect(clippy::missing_panics_doc, reason = "what cannot go on fails the test")]

mod docker;
mod private;
pub mod rootfs;
mod said;
pub mod traces;
mod wait;
mod witness;

pub use docker::Docker;
pub use private::Private;
pub use said::Said;
pub use wait::poll;
pub use witness::{RUNC, Witness};
