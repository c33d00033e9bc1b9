//! Numbers and records of the format.

/// Bytes of a block, and their binary logarithm.
pub(super) const BLOCK: u64 = 512;
pub(super) const BLOCK_BITS: u8 = 9;
/// Inodes begin at multiples of this; an inode's number is its place divided by it.
pub(super) const SLOT: u64 = 32;
/// Bytes of an inode with all fields.
pub(super) const INODE: u64 = 64;
/// Where the superblock is, and how many bytes it has.
pub(super) const SUPER_OFFSET: u64 = 1024;
pub(super) const SUPER_BYTES: u64 = 128;
/// Bytes of one entry of the device table. It begins behind the superblock.
pub(super) const DEVICE_BYTES: u64 = 128;
/// "Nothing is stored here": reads as zeroes.
pub(super) const HOLE: u32 = u32::MAX;
/// The largest chunk has 2³¹ blocks.
pub(super) const CHUNK_BITS: u32 = 31;

/// How an inode's data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// In blocks.
    Plain = 0,
    /// Full blocks in blocks, the rest behind the inode, in the inode's own block.
    Inline = 2,
    /// In chunks, whose places are listed behind the inode.
    Chunks = 4,
}

/// Type numbers of folder entries, as getdents(2) has them.
pub(super) mod file_type {
    pub(crate) const FILE: u8 = 1;
    pub(crate) const FOLDER: u8 = 2;
    pub(crate) const CHAR: u8 = 3;
    pub(crate) const BLOCK: u8 = 4;
    pub(crate) const FIFO: u8 = 5;
    pub(crate) const LINK: u8 = 7;
}

/// `struct erofs_super_block`.
pub(super) struct Super {
    pub(super) root: u16,
    pub(super) inodes: u64,
    pub(super) blocks: u32,
    pub(super) devices: u16,
}

impl Super {
    pub(super) fn bytes(&self) -> Vec<u8> {
        /// Times are those of the files (compatible); chunks and a device table (not compatible).
        const MTIME: u32 = 2;
        const CHUNKED_FILE: u32 = 4;
        const DEVICE_TABLE: u32 = 8;
        let mut bytes = Vec::with_capacity(128);
        put(&mut bytes, &0xE0F5_E1E2_u32.to_le_bytes());
        put(&mut bytes, &[0; 4]); // no checksum
        put(&mut bytes, &MTIME.to_le_bytes());
        put(&mut bytes, &[BLOCK_BITS, 0]);
        put(&mut bytes, &self.root.to_le_bytes());
        put(&mut bytes, &self.inodes.to_le_bytes());
        put(&mut bytes, &[0; 12]); // time of compact inodes, which we have none of
        put(&mut bytes, &self.blocks.to_le_bytes());
        put(&mut bytes, &[0; 8 + 32]); // inodes count from the first block on; no shared attributes, no names
        put(&mut bytes, &(CHUNKED_FILE | DEVICE_TABLE).to_le_bytes());
        put(&mut bytes, &[0; 2]);
        put(&mut bytes, &self.devices.to_le_bytes());
        let table = u16::try_from((SUPER_OFFSET + SUPER_BYTES) / DEVICE_BYTES).unwrap_or(0);
        put(&mut bytes, &table.to_le_bytes());
        bytes.resize(128, 0);
        bytes
    }
}

/// `struct erofs_deviceslot`: a name of 64 bytes and the number of blocks.
pub(super) fn device(tag: &[u8; 64], blocks: u32) -> Vec<u8> {
    let mut bytes = tag.to_vec();
    put(&mut bytes, &blocks.to_le_bytes());
    bytes.resize(128, 0);
    bytes
}

/// `struct erofs_inode_extended`.
pub(super) struct Inode {
    pub(super) layout: Layout,
    /// Of extended attributes, in units of 4 bytes, the header of 12 counting as one.
    pub(super) xattr_units: u16,
    pub(super) mode: u16,
    pub(super) size: u64,
    /// First block, device number, or the form of chunks.
    pub(super) what: u32,
    pub(super) number: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) seconds: i64,
    pub(super) nanos: u32,
    pub(super) links: u32,
}

impl Inode {
    pub(super) fn bytes(&self) -> Vec<u8> {
        const EXTENDED: u16 = 1;
        let mut bytes = Vec::with_capacity(64);
        put(&mut bytes, &(EXTENDED | (self.layout as u16) << 1).to_le_bytes());
        put(&mut bytes, &self.xattr_units.to_le_bytes());
        put(&mut bytes, &self.mode.to_le_bytes());
        put(&mut bytes, &[0; 2]);
        put(&mut bytes, &self.size.to_le_bytes());
        put(&mut bytes, &self.what.to_le_bytes());
        put(&mut bytes, &self.number.to_le_bytes());
        put(&mut bytes, &self.uid.to_le_bytes());
        put(&mut bytes, &self.gid.to_le_bytes());
        put(&mut bytes, &self.seconds.to_le_bytes());
        put(&mut bytes, &self.nanos.to_le_bytes());
        put(&mut bytes, &self.links.to_le_bytes());
        bytes.resize(64, 0);
        bytes
    }
}

/// Chunks of `2^bits` blocks, each with the number of its device.
pub(super) fn chunk_form(bits: u32) -> u32 {
    const WITH_DEVICES: u32 = 0x20;
    bits | WITH_DEVICES
}

/// `struct erofs_inode_chunk_index`.
pub(super) fn chunk(device: u16, block: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[2..4].copy_from_slice(&device.to_le_bytes());
    bytes[4..].copy_from_slice(&block.to_le_bytes());
    bytes
}

/// As the kernel packs major and minor number into 32 bits.
pub(super) fn device_number(major: u32, minor: u32) -> u32 {
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

fn put(bytes: &mut Vec<u8>, more: &[u8]) {
    bytes.extend_from_slice(more);
}
