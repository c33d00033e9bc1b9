//! What the article "How Docker works" shows, row by row, on real containers.
//!
//! Each test makes its own container, looks from inside and from outside, and leaves nothing behind: the lab
//! checks that at the end of each.

mod joining;
mod leaving;
mod minimum;
mod names;
mod namespaces;
mod processes;
mod root;
