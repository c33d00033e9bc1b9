//! What must be impossible: each known way out of a container, tried on ours, and beside it the control that shows that
//! the test can fail. `docs/security.md` is the table of contents.
//!
//! A control is an old peer that still has the bug, a container from which the guard was taken away, or a thing outside
//! that is unguarded. And nothing counts as refused because nothing ran: the program says its nonce, or the error is the
//! one that was expected.

mod audit;
mod capabilities;
mod cgroups;
mod descriptors;
mod devices;
mod kernel;
mod kit;
mod neighbours;
mod paths;
mod program;
mod races;
