//! `features`: what this runtime can do, for callers who ask.

use std::process::ExitCode;

use fault::{Doing, Result};
use serde_json::json;

/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/features.md>
pub(crate) fn run() -> Result<ExitCode> {
    let (modes, flags) = plan::memory_policies();
    let features = json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": oci::VERSION,
        "hooks": ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
        "mountOptions": plan::known_options(),
        "linux": {
            "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
            "capabilities": plan::all_capabilities().collect::<Vec<_>>(),
            "cgroup": { "v1": true, "v2": true, "systemd": true, "systemdUser": true, "rdma": true },
            "seccomp": {
                "enabled": true,
                "actions": seccomp::actions(),
                "operators": seccomp::operators(),
                "archs": seccomp::architectures(),
                "knownFlags": seccomp::flags(),
                "supportedFlags": seccomp::flags(),
            },
            "apparmor": { "enabled": true },
            "selinux": { "enabled": true },
            "intelRdt": { "enabled": true, "schemata": true, "monitoring": true },
            "netDevices": { "enabled": true },
            "memoryPolicy": { "modes": modes, "flags": flags },
            "mountExtensions": { "idmap": { "enabled": true } },
        },
        "annotations": { "org.nagaya.version": env!("CARGO_PKG_VERSION") },
        "potentiallyUnsafeConfigAnnotations": ["run.oci.", "org.systemd.property."],
    });
    let text =
        serde_json::to_string_pretty(&features).map_err(std::io::Error::from).doing(|| "write features")?;
    super::print(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}
