//! What is refused before anything is done.

use fault::{Fault, Kind, Result};
use oci::{Later, Spec};

/// Refuses every field that no step honours yet: honoured or refused, never ignored.
pub(crate) fn later(spec: &Spec) -> Result<()> {
    let process = spec.process.as_ref();
    let of_process = |pick: fn(&oci::Process) -> Later| process.map_or(Later::default(), pick);
    let (linux, resources) = (&spec.linux, &spec.linux.resources);
    let fields = [
        ("process.apparmorProfile", of_process(|process| process.apparmor_profile)),
        ("process.selinuxLabel", of_process(|process| process.selinux_label)),
        ("process.scheduler", of_process(|process| process.scheduler)),
        ("process.ioPriority", of_process(|process| process.io_priority)),
        ("process.execCPUAffinity", of_process(|process| process.exec_cpu_affinity)),
        ("linux.seccomp", linux.seccomp),
        ("linux.mountLabel", linux.mount_label),
        ("linux.intelRdt", linux.intel_rdt),
        ("linux.personality", linux.personality),
        ("linux.netDevices", linux.net_devices),
        ("linux.memoryPolicy", linux.memory_policy),
        ("linux.resources.blockIO", resources.block_io),
        ("linux.resources.hugepageLimits", resources.hugepage_limits),
        ("linux.resources.network", resources.network),
        ("linux.resources.rdma", resources.rdma),
        ("linux.resources.memory.checkBeforeUpdate", resources.memory.check_before_update),
        ("linux.resources.cpu.realtimeRuntime", resources.cpu.realtime_runtime),
        ("linux.resources.cpu.realtimePeriod", resources.cpu.realtime_period),
    ];
    match fields.iter().find(|(_, field)| field.asked()) {
        None => Ok(()),
        Some(("linux.seccomp", _)) => Err(not_yet("linux.seccomp")
            .hint("run it without for now: `--security-opt seccomp=unconfined` in docker and podman")),
        Some((name, _)) => Err(not_yet(name)),
    }
}

fn not_yet(field: &str) -> Fault {
    Fault::new(Kind::Unsupported, format!("use `{field}`")).because("it is not supported yet")
}

/// Text that the kernel gets as a C string: a zero byte would end it early, and we would have checked
/// something else than what counts (CVE class of truncated checks).
pub(crate) fn no_zero_bytes(spec: &Spec) -> Result<()> {
    let bad = |text: &String| text.contains('\0');
    let wrong = |field: String| Err(Fault::invalid(field, "it has a zero byte in it"));
    let single = [
        ("hostname", &spec.hostname),
        ("domainname", &spec.domainname),
        ("linux.cgroupsPath", &spec.linux.cgroups_path),
    ];
    if let Some((field, _)) = single.iter().find(|(_, text)| bad(text)) {
        return wrong((*field).to_string());
    }
    let empty = oci::Process::default();
    let process = spec.process.as_ref().unwrap_or(&empty);
    let lists = [
        ("process.args", &process.args),
        ("process.env", &process.env),
        ("linux.maskedPaths", &spec.linux.masked_paths),
        ("linux.readonlyPaths", &spec.linux.readonly_paths),
    ];
    for (field, list) in lists {
        if let Some(at) = list.iter().position(bad) {
            return wrong(format!("{field}[{at}]"));
        }
    }
    for (at, mount) in spec.mounts.iter().enumerate() {
        if bad(&mount.destination) || bad(&mount.source) || mount.options.iter().any(bad) {
            return wrong(format!("mounts[{at}]"));
        }
    }
    match spec.linux.sysctl.iter().find(|(key, value)| bad(key) || bad(value)) {
        Some((key, _)) => wrong(format!("linux.sysctl[{key}]")),
        None => Ok(()),
    }
}
