//! Layers on a real kernel. As root: file systems are mounted, and seen by nobody else.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod back;
mod folders;
mod fuzz;
mod index;
mod listing;
mod smith;
mod trees;
