//! One member of an archive.

/// What one or several headers say of a file, and where its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which one of the archive, from 1.
    pub number: u64,
    /// Its name as written: bytes, not a path.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Mode bits, with setuid, setgid and sticky; none of the type.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When it was changed.
    pub mtime: Time,
    /// Extended attributes, sorted by name, none twice.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Its bytes; none, unless it is a file.
    pub data: Data,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file with bytes.
    File,
    /// Another name of the file that has this name in the archive.
    HardLink(Vec<u8>),
    /// A symbolic link to this.
    Symlink(Vec<u8>),
    /// A character device: major and minor number.
    Char(u32, u32),
    /// A block device: major and minor number.
    Block(u32, u32),
    /// A folder.
    Folder,
    /// A named pipe.
    Fifo,
}

/// A point in time: seconds since 1970, which may be negative, and nanoseconds after that, below 10⁹.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds.
    pub nanos: u32,
}

/// Where a file's bytes are in the archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// Of the first stored byte, counted from the archive's first one. A multiple of 512.
    pub offset: u64,
    /// Stored bytes.
    pub stored: u64,
    /// Bytes that the file has. More than `stored` if it has holes.
    pub size: u64,
    /// What is stored, piece after piece, if that is not all of the file.
    pub sparse: Option<Vec<Segment>>,
}

/// A piece of a sparse file: what lies between two of them reads as zeroes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where it is in the file.
    pub start: u64,
    /// Bytes.
    pub length: u64,
}
