//! What the unified hierarchy of cgroup v2 wants written.

use fault::{Fault, Kind, Result};
use oci::{HugepageLimit, Memory, Resources};

use crate::rdma::rdma;
use crate::{Write, bytes, check, io, number, pids, rows, text, wish};

/// The files to write for these limits.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html>
///
/// # Errors
/// The field that makes no sense, or that cgroup v2 has nothing for.
pub fn writes(limits: &Resources) -> Result<Vec<Write>> {
    check::check(limits)?;
    only_v1(limits)?;
    let mut writes = memory(&limits.memory)?;
    writes.extend(cpu(limits));
    writes.extend(rows([("pids", "pids.max", pids(limits), "linux.resources.pids.limit")]));
    writes.extend(io::v2(&limits.block_io));
    for (at, limit) in limits.hugepage_limits.iter().enumerate() {
        writes.extend(hugepages(at, limit));
    }
    writes.extend(rdma(limits));
    Ok(writes)
}

/// Refuses what cgroup v2 has no file for. Zeroes and `false` ask for nothing.
fn only_v1(limits: &Resources) -> Result<()> {
    let (memory, cpu) = (&limits.memory, &limits.cpu);
    let asked = [
        ("memory.swappiness", check::swappiness(memory).is_some()),
        ("memory.disableOOMKiller", memory.disable_oom_killer == Some(true)),
        ("memory.kernelTCP", wish(memory.kernel_tcp).is_some_and(|limit| limit > 0)),
        ("cpu.realtimeRuntime", wish(cpu.realtime_runtime).is_some()),
        ("cpu.realtimePeriod", wish(cpu.realtime_period).is_some()),
        ("network.classID", wish(limits.network.class_id).is_some()),
        ("network.priorities", !limits.network.priorities.is_empty()),
    ];
    let Some((field, _)) = asked.iter().find(|(_, asked)| *asked) else { return Ok(()) };
    Err(Fault::new(Kind::Unavailable, format!("use `linux.resources.{field}`"))
        .because("this machine has cgroup v2, and only v1 has it"))
}

fn memory(memory: &Memory) -> Result<Vec<Write>> {
    let swap = swap(memory)?;
    let mut writes =
        rows([("memory", "memory.max", bytes(memory.limit, "max"), "linux.resources.memory.limit")]);
    writes.extend(swap.map(|value| {
        // A kernel that does not count swap gives a container none that it could be denied.
        let same = matches!(value.as_str(), "0" | "max");
        Write::new("memory", "memory.swap.max", value, "linux.resources.memory.swap").or_skip_if(same)
    }));
    let low = bytes(memory.reservation, "max");
    writes.extend(rows([("memory", "memory.low", low, "linux.resources.memory.reservation")]));
    Ok(writes)
}

/// v1 and OCI count memory and swap together, v2 counts swap alone.
fn swap(memory: &Memory) -> Result<Option<String>> {
    match (crate::swap(memory), memory.limit.unwrap_or(0)) {
        (None, _) => Ok(None),
        (Some(both), _) if both < 0 => Ok(Some("max".to_string())),
        (Some(both), limit) if limit > 0 => Ok(Some((both - limit).to_string())),
        _ => Err(Fault::invalid("linux.resources.memory.swap", "there is no limit of memory")
            .hint("it counts memory and swap together: set `linux.resources.memory.limit` too")),
    }
}

fn cpu(limits: &Resources) -> Vec<Write> {
    let cpu = &limits.cpu;
    let weight = wish(cpu.shares).map(|shares| weight(shares).to_string());
    let bandwidth_field =
        if wish(cpu.quota).is_some() { "linux.resources.cpu.quota" } else { "linux.resources.cpu.period" };
    rows([
        ("cpu", "cpu.weight", weight, "linux.resources.cpu.shares"),
        ("cpu", "cpu.max", bandwidth(limits), bandwidth_field),
        ("cpu", "cpu.max.burst", number(cpu.burst), "linux.resources.cpu.burst"),
        ("cpu", "cpu.idle", number(cpu.idle), "linux.resources.cpu.idle"),
        ("cpuset", "cpuset.cpus", text(&cpu.cpus), "linux.resources.cpu.cpus"),
        ("cpuset", "cpuset.mems", text(&cpu.mems), "linux.resources.cpu.mems"),
    ])
}

/// Pages in use, and pages that are only set aside for somebody.
fn hugepages(at: usize, limit: &HugepageLimit) -> [Write; 2] {
    let field = format!("linux.resources.hugepageLimits[{at}]");
    ["max", "rsvd.max"].map(|name| {
        let file = format!("hugetlb.{}.{name}", limit.page_size);
        Write::new("hugetlb", file, limit.limit.to_string(), field.clone())
    })
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
pub fn weight(shares: u64) -> u64 {
    let log = (shares.clamp(2, 262_144) as f64).log2();
    let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
    (10_f64.powf(exponent).ceil() as u64).clamp(1, 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(json: &str) -> Vec<String> {
        let limits: Resources = serde_json::from_str(json).unwrap();
        writes(&limits).unwrap().iter().map(|w| format!("{}={}", w.file, w.value)).collect()
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
    fn swap_is_what_is_left_of_both() {
        assert_eq!(show(r#"{"memory":{"limit":64,"swap":64}}"#), ["memory.max=64", "memory.swap.max=0"]);
        assert_eq!(show(r#"{"memory":{"limit":-1}}"#), ["memory.max=max", "memory.swap.max=max"]);
        for json in [r#"{"memory":{"swap":64}}"#, r#"{"memory":{"limit":-1,"swap":64}}"#] {
            let refused = writes(&serde_json::from_str(json).unwrap()).unwrap_err();
            assert!(refused.sentence().contains("`linux.resources.memory.swap`"), "{refused}");
        }
    }

    #[test]
    fn where_a_zero_is_a_value_it_counts() {
        let json = r#"{"cpu":{"idle":0,"burst":0},"pids":{"limit":0}}"#;
        assert_eq!(show(json), ["cpu.max.burst=0", "cpu.idle=0", "pids.max=1"]);
    }

    #[test]
    fn huge_pages_are_limited_twice() {
        assert_eq!(
            show(r#"{"hugepageLimits":[{"pageSize":"1GB","limit":0}]}"#),
            ["hugetlb.1GB.max=0", "hugetlb.1GB.rsvd.max=0"]
        );
    }

    #[test]
    fn what_only_v1_has_is_refused_by_name() {
        let cases = [
            (r#"{"memory":{"swappiness":0}}"#, "memory.swappiness"),
            (r#"{"memory":{"disableOOMKiller":true}}"#, "memory.disableOOMKiller"),
            (r#"{"memory":{"kernelTCP":1}}"#, "memory.kernelTCP"),
            (r#"{"cpu":{"realtimeRuntime":1}}"#, "cpu.realtimeRuntime"),
            (r#"{"cpu":{"realtimePeriod":1}}"#, "cpu.realtimePeriod"),
            (r#"{"network":{"classID":1}}"#, "network.classID"),
            (r#"{"network":{"priorities":[{"name":"lo","priority":1}]}}"#, "network.priorities"),
        ];
        for (json, field) in cases {
            let refused = writes(&serde_json::from_str(json).unwrap()).unwrap_err();
            assert!(refused.sentence().contains(&format!("`linux.resources.{field}`")), "{refused}");
        }
    }

    #[test]
    fn shares_keep_their_ends_and_their_default() {
        assert_eq!([2, 1024, 262_144].map(weight), [1, 100, 10_000]);
    }
}
