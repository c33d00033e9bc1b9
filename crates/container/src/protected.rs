//! Parts of `/proc` and `/sys` that are about the machine, not about a container.

use std::fs;
use std::path::PathBuf;

/// They read as empty. Source: moby, `oci/defaults.go` (August 2026), with the report behind each.
const MASKED: [&str; 12] = [
    // CVE-2018-10892: keys of the keyboard's lights and more can be switched.
    "/proc/acpi",
    "/proc/asound",
    // GHSA-6fw5-f8r9-fgfm: tells when which key is pressed.
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    // CVE-2017-16539: disks can be removed.
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    // GHSA-jq35-85cj-fj4p: how much power is used tells about the keys of others.
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// They can only be read.
const READONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What a container does not see, and what it can only read.
pub fn protected() -> (Vec<String>, Vec<String>) {
    (masked(&processors()), readonly())
}

/// All masked paths; those of each processor are on some machines only.
pub(crate) fn masked(processors: &[PathBuf]) -> Vec<String> {
    let each = processors.iter().map(|path| path.display().to_string());
    MASKED.iter().map(ToString::to_string).chain(each).collect()
}

pub(crate) fn readonly() -> Vec<String> {
    READONLY.map(String::from).to_vec()
}

/// `/sys/devices/system/cpu/cpu*/thermal_throttle`: how hot a processor is tells what others compute.
pub(crate) fn processors() -> Vec<PathBuf> {
    let entries = fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let numbered = entries.filter(|entry| {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("cpu"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let mut paths: Vec<_> = numbered.map(|entry| entry.path().join("thermal_throttle")).collect();
    paths.retain(|path| path.exists());
    paths.sort();
    paths
}
