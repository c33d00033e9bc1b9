//! Image documents and names, as they come from anybody.

mod config;
mod document;
mod reference;
