//! Which devices a container has, and which it may use.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use oci::{Device, DeviceRule};

/// Parts of `/dev` that a container has of its own. Source: moby, `devices.GetDevices`.
const OWN: [&str; 6] = ["pts", "shm", "mqueue", "fd", "console", "ptmx"];

/// Nothing but what every container has: the runtime adds those to any rules.
pub(crate) fn rules(privileged: bool) -> Vec<DeviceRule> {
    vec![DeviceRule { allow: privileged, access: "rwm".to_string(), ..DeviceRule::default() }]
}

/// All devices of the machine, for `--privileged`.
pub(crate) fn all() -> Vec<Device> {
    let mut devices = Vec::new();
    collect(Path::new("/dev"), &mut devices);
    devices.sort_by(|one: &Device, other| one.path.cmp(&other.path));
    devices
}

fn collect(folder: &Path, devices: &mut Vec<Device>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if OWN.iter().any(|own| name == *own) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), devices),
            Ok(kind) if kind.is_char_device() => devices.extend(device(entry.path(), "c")),
            Ok(kind) if kind.is_block_device() => devices.extend(device(entry.path(), "b")),
            _ => {}
        }
    }
}

fn device(path: PathBuf, kind: &str) -> Option<Device> {
    let meta = fs::symlink_metadata(&path).ok()?;
    let number = meta.rdev();
    Some(Device {
        kind: kind.to_string(),
        path: path.into_os_string().into_string().ok()?,
        major: i64::from(rustix::fs::major(number)),
        minor: i64::from(rustix::fs::minor(number)),
        file_mode: Some(meta.mode() & 0o777),
        uid: Some(meta.uid()),
        gid: Some(meta.gid()),
    })
}

/// The node of this path, if it is one.
pub(crate) fn node(path: &Path) -> Option<Device> {
    let path = fs::canonicalize(path).ok()?;
    let kind = fs::symlink_metadata(&path).ok()?.file_type();
    match (kind.is_char_device(), kind.is_block_device()) {
        (true, _) => device(path, "c"),
        (_, true) => device(path, "b"),
        _ => None,
    }
}
