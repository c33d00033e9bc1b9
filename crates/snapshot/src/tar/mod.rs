//! Archives: a reader that takes what GNU tar, Go, Python and libarchive all read alike, and a writer.
//!
//! What some of them would read differently is refused: two programs that see different files in the same bytes
//! are how files are smuggled past a check (CVE-2025-62518, GHSA-3pv8-6f4r-ffg2). Nothing here touches a file
//! system.

mod entry;
mod header;
mod number;
mod pax;
mod reader;
mod source;
mod sparse;
mod writer;

pub use entry::{Data, Entry, Kind, Segment, Time};
pub use reader::{Contents, Reader};
pub use source::{OnDisk, Source, Stream};
pub use writer::Writer;
