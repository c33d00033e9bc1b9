//! What the unified hierarchy of cgroup v2 wants written.

use oci::{Memory, Resources};

use crate::{Write, rows, text, wish};

/// The files to write for these limits.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html>
pub fn writes(limits: &Resources) -> Vec<Write> {
    let (memory, cpu) = (&limits.memory, &limits.cpu);
    rows([
        ("memory", "memory.max", bytes(memory.limit), "linux.resources.memory.limit"),
        ("memory", "memory.swap.max", swap(memory), "linux.resources.memory.swap"),
        ("memory", "memory.low", bytes(memory.reservation), "linux.resources.memory.reservation"),
        (
            "cpu",
            "cpu.weight",
            wish(cpu.shares).map(|shares| weight(shares).to_string()),
            "linux.resources.cpu.shares",
        ),
        ("cpu", "cpu.max", bandwidth(limits), "linux.resources.cpu.quota"),
        ("cpu", "cpu.max.burst", wish(cpu.burst).map(|us| us.to_string()), "linux.resources.cpu.burst"),
        ("cpu", "cpu.idle", wish(cpu.idle).map(|idle| idle.to_string()), "linux.resources.cpu.idle"),
        ("cpuset", "cpuset.cpus", text(&cpu.cpus), "linux.resources.cpu.cpus"),
        ("cpuset", "cpuset.mems", text(&cpu.mems), "linux.resources.cpu.mems"),
        ("pids", "pids.max", bytes(limits.pids.limit), "linux.resources.pids.limit"),
    ])
}

fn bytes(limit: Option<i64>) -> Option<String> {
    wish(limit).map(|limit| if limit < 0 { "max".to_string() } else { limit.to_string() })
}

/// v1 and OCI count memory and swap together, v2 counts swap alone.
fn swap(memory: &Memory) -> Option<String> {
    match (wish(memory.swap)?, memory.limit.unwrap_or(0)) {
        (swap, _) if swap < 0 => Some("max".to_string()),
        (swap, limit) => Some((swap - limit.max(0)).max(0).to_string()),
    }
}

fn bandwidth(limits: &Resources) -> Option<String> {
    /// Microseconds; the kernel's default.
    const PERIOD: u64 = 100_000;
    let cpu = &limits.cpu;
    let (quota, period) = (wish(cpu.quota), wish(cpu.period));
    if quota.is_none() && period.is_none() {
        return None;
    }
    let quota = quota.filter(|quota| *quota > 0).map_or("max".to_string(), |quota| quota.to_string());
    Some(format!("{quota} {}", period.unwrap_or(PERIOD)))
}

/// The weight (1 to 10000) that stands for OCI shares (2 to 262144); 1024 becomes 100.
///
/// The exponent of ten is a parabola in log2(shares) through those three points, so that the default of one
/// hierarchy is the default of the other. runc and crun use the same curve; before, the map was linear and
/// 1024 became 39.
/// Source: opencontainers/cgroups, `ConvertCPUSharesToCgroupV2Value`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn weight(shares: u64) -> u64 {
    let log = (shares.clamp(2, 262_144) as f64).log2();
    let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
    (10_f64.powf(exponent).ceil() as u64).clamp(1, 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(json: &str) -> Vec<String> {
        let limits: Resources = serde_json::from_str(json).unwrap();
        writes(&limits).iter().map(|w| format!("{}={}", w.file, w.value)).collect()
    }

    #[test]
    fn limits_become_files() {
        assert_eq!(
            show(
                r#"{"memory":{"limit":64,"swap":96,"reservation":-1},"cpu":{"shares":1024,"quota":50000},
                 "pids":{"limit":7}}"#
            ),
            [
                "memory.max=64",
                "memory.swap.max=32",
                "memory.low=max",
                "cpu.weight=100",
                "cpu.max=50000 100000",
                "pids.max=7"
            ]
        );
        assert_eq!(
            show(r#"{"memory":{"swap":-1},"cpu":{"quota":-1}}"#),
            ["memory.swap.max=max", "cpu.max=max 100000"]
        );
    }

    #[test]
    fn shares_keep_their_ends_and_their_default() {
        assert_eq!([2, 1024, 262_144].map(weight), [1, 100, 10_000]);
    }
}
