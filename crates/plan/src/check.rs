//! What is refused before anything is done.

use fault::{Fault, Kind, Result};
use oci::{Later, Spec};

/// Refuses every field that no step honours yet: honoured or refused, never ignored.
pub(crate) fn later(spec: &Spec) -> Result<()> {
    if let Some(process) = &spec.process {
        later_of_process(process)?;
    }
    later_of_resources(&spec.linux.resources)?;
    let linux = &spec.linux;
    let fields = [
        ("linux.mountLabel", linux.mount_label),
        ("linux.intelRdt", linux.intel_rdt),
        ("linux.personality", linux.personality),
        ("linux.netDevices", linux.net_devices),
        ("linux.memoryPolicy", linux.memory_policy),
    ];
    none_of(&fields)
}

/// The same for limits.
pub(crate) fn later_of_resources(resources: &oci::Resources) -> Result<()> {
    none_of(&[
        ("linux.resources.blockIO", resources.block_io),
        ("linux.resources.hugepageLimits", resources.hugepage_limits),
        ("linux.resources.network", resources.network),
        ("linux.resources.rdma", resources.rdma),
        ("linux.resources.memory.checkBeforeUpdate", resources.memory.check_before_update),
        ("linux.resources.cpu.realtimeRuntime", resources.cpu.realtime_runtime),
        ("linux.resources.cpu.realtimePeriod", resources.cpu.realtime_period),
    ])
}

/// The same for those of a process.
pub(crate) fn later_of_process(process: &oci::Process) -> Result<()> {
    let fields = [
        ("process.selinuxLabel", process.selinux_label),
        ("process.scheduler", process.scheduler),
        ("process.ioPriority", process.io_priority),
        ("process.execCPUAffinity", process.exec_cpu_affinity),
    ];
    none_of(&fields)
}

fn none_of(fields: &[(&'static str, Later)]) -> Result<()> {
    fields.iter().find(|(_, field)| field.asked()).map_or(Ok(()), |(name, _)| Err(not_yet(name)))
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
    if let Some(process) = &spec.process {
        no_zero_bytes_in_process(process)?;
    }
    let lists = [
        ("linux.maskedPaths", &spec.linux.masked_paths),
        ("linux.readonlyPaths", &spec.linux.readonly_paths),
    ];
    no_zero_bytes_in(&lists)?;
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

/// The same for those of a process.
pub(crate) fn no_zero_bytes_in_process(process: &oci::Process) -> Result<()> {
    no_zero_bytes_in(&[("process.args", &process.args), ("process.env", &process.env)])
}

fn no_zero_bytes_in(lists: &[(&str, &Vec<String>)]) -> Result<()> {
    for (field, list) in lists {
        if let Some(at) = list.iter().position(|text| text.contains('\0')) {
            return Err(Fault::invalid(format!("{field}[{at}]"), "it has a zero byte in it"));
        }
    }
    Ok(())
}
