//! Where the engine keeps what it knows.

use std::env;
use std::path::PathBuf;

/// `NAGAYA_ROOT`, or the usual place: the machine's for root, the user's own for anybody else.
pub fn default_root() -> PathBuf {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(root) = named("NAGAYA_ROOT") {
        return root;
    }
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/nagaya");
    }
    let data = named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from(format!("/tmp/nagaya-{}", rustix::process::geteuid().as_raw())))
        .join("nagaya")
}
