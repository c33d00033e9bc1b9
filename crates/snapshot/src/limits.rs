//! How much a layer may ask of us. Beyond any of these it is refused, by name.

/// Entries of one layer, and files and folders of one image.
pub const ENTRIES: u64 = 2_000_000;
/// Folders of one layer that no entry describes: a path can name hundreds.
pub const IMPLIED: usize = 200_000;
/// Bytes of what is kept of all entries of one image: names, links, attributes and pieces of sparse files.
pub const KEPT_BYTES: usize = 64 << 20;
/// Bytes of a path; Linux takes no longer ones (`PATH_MAX` with its NUL is 4096).
pub const PATH_BYTES: usize = 4095;
/// Bytes of one name in a path (`NAME_MAX`).
pub const NAME_BYTES: usize = 255;
/// Folders inside each other.
pub const DEPTH: usize = 255;
/// Bytes of one header of extended fields.
pub const EXTENDED_BYTES: u64 = 1 << 20;
/// Bytes of all attributes of one file, names and values.
pub const XATTR_BYTES: usize = 1 << 16;
/// Pieces of one sparse file.
pub const SEGMENTS: usize = 1_000_000;
/// Links followed to find one folder (the kernel's own limit).
pub const LINKS_FOLLOWED: usize = 40;
/// Bytes of a file that may be there several times, where the file system does not give it as many names as it has.
pub const COPIED_AGAIN: u64 = 64 << 10;
/// Layers of one image: as many as overlayfs takes.
pub const LAYERS: usize = 500;
/// What is decompressed may be so many times as large as what was sent, ...
pub const RATIO: u64 = 200;
/// ... once it is larger than this many bytes.
pub const RATIO_FROM: u64 = 64 << 20;
/// Binary logarithm of the window that several zstd streams at once may have: 32 MiB, the most that Go's zstd asks for.
pub const USUAL_WINDOW_LOG: u32 = 25;
/// Binary logarithm of the largest window that a zstd stream may ask us to keep in memory: 128 MiB.
pub const ZSTD_WINDOW_LOG: u32 = 27;
