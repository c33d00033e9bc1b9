//! sd_notify(3): a program in a container tells the caller's service manager that it is ready.

use launch::{Folder, NOTIFY_FOLDER};
use oci::{Mount, Spec};

/// Where the caller's service manager listens, if it has one.
pub(crate) fn manager() -> Option<String> {
    std::env::var("NOTIFY_SOCKET").ok().filter(|address| !address.is_empty())
}

/// With a service manager, the container gets a folder with a socket of ours, and its program is told of it.
pub(crate) fn ask(spec: &mut Spec, folder: &Folder) -> Option<String> {
    let manager = manager()?;
    spec.mounts.push(Mount {
        destination: NOTIFY_FOLDER.to_string(),
        kind: "bind".to_string(),
        source: folder.notify().display().to_string(),
        options: ["bind", "nosuid", "noexec", "nodev", "ro"].map(String::from).to_vec(),
        ..Mount::default()
    });
    let process = spec.process.as_mut()?;
    process.env.push(format!("NOTIFY_SOCKET={NOTIFY_FOLDER}/notify.sock"));
    Some(manager)
}
