//! An image's root as one small EROFS file system whose files lie in the layers' tars, where they are anyway.
//!
//! ```text
//! index    superblock | device table | inodes with names and chunk lists | folders | what the tars do not hold
//! device 1 tar of layer 0: header, bytes, padding, header, bytes, ...
//! device 2 tar of layer 1
//! ```
//!
//! Blocks have 512 bytes, as in a tar, so each file's bytes begin on a block. Nothing of an image is ever mounted
//! but an index that we wrote.
//!
//! Source: Linux, `Documentation/filesystems/erofs.rst` and `fs/erofs/erofs_fs.h`. Tars as devices: Linux 5.16;
//! blocks of 512 bytes: 6.4; files as devices: 6.12.

mod chunks;
mod folder;
mod format;
mod layout;
mod write;

pub use write::{Device, write};
