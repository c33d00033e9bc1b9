//! `features`: what this runtime can do, for callers who ask.

use std::process::ExitCode;

use fault::{Doing, Result};
use serde_json::json;

/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/features.md>
pub(crate) fn run() -> Result<ExitCode> {
    let no = json!({ "enabled": false });
    let features = json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": oci::VERSION,
        "hooks": ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
        "mountOptions": plan::known_options(),
        "linux": {
            "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
            "capabilities": plan::all_capabilities().collect::<Vec<_>>(),
            "cgroup": { "v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": false },
            "seccomp": {
                "enabled": true,
                "actions": seccomp::actions(),
                "operators": seccomp::operators(),
                "archs": seccomp::architectures(),
                "knownFlags": seccomp::flags(),
                "supportedFlags": seccomp::flags(),
            },
            "apparmor": { "enabled": true },
            "selinux": no,
            "intelRdt": no,
            "netDevices": no,
            "memoryPolicy": {},
            "mountExtensions": { "idmap": no },
        },
        "annotations": { "org.nagaya.version": env!("CARGO_PKG_VERSION") },
        "potentiallyUnsafeConfigAnnotations": [],
    });
    let text =
        serde_json::to_string_pretty(&features).map_err(std::io::Error::from).doing(|| "write features")?;
    super::print(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}
