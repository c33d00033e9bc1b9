//! What this kernel can mount.

use rustix::mount::{FsOpenFlags, fsopen};

/// The kernel may know how: EROFS is there, and takes files. Whether it takes them where they are is seen when they
/// are mounted.
pub fn can_index() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (6, 12) && fsopen("erofs", FsOpenFlags::FSOPEN_CLOEXEC).is_ok()
}
