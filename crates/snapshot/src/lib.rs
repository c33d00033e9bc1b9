//! Layers to roots, and back.
//!
//! ```text
//! layer as it was sent -> expand -> tar on disk -> tar::Reader -> Entry, Entry, ...
//!   -> tree::layer: what the layer changes, as a tree -> Tree::lay: the image's root, as a tree
//!   -> erofs::write: an index over the tars | folder::write: a folder for each | export::write: one tar
//! folder of what was changed -> diff::write: a layer | changes: what is new in it
//! folder that somebody may change meanwhile -> pack -> Entry, Entry, ... -> tar::Writer | unpack: another such folder
//! ```
//!
//! This crate knows layers; it mounts nothing, and knows no containers, registries or names of images.

mod attributes;
pub mod changes;
pub mod compression;
pub mod diff;
pub mod erofs;
pub mod expand;
pub mod export;
pub mod folder;
pub mod limits;
pub mod mount;
pub mod pack;
mod place;
pub mod tar;
pub mod tree;
pub mod unpack;
