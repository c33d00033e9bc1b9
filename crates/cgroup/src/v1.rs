//! What the hierarchies of cgroup v1 want written.

use oci::Resources;

use crate::{Rule, Which, Write, rows, text, wish};

/// The files to write for these limits, in an order that a new cgroup accepts: memory before memory and
/// swap together, period before quota.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/index.html>
pub fn writes(limits: &Resources) -> Vec<Write> {
    let (memory, cpu) = (&limits.memory, &limits.cpu);
    let number = |value: Option<i64>| wish(value).map(|value| value.max(-1).to_string());
    let count = |value: Option<u64>| wish(value).map(|value| value.to_string());
    rows([
        ("memory", "memory.limit_in_bytes", number(memory.limit), "linux.resources.memory.limit"),
        ("memory", "memory.memsw.limit_in_bytes", number(memory.swap), "linux.resources.memory.swap"),
        (
            "memory",
            "memory.soft_limit_in_bytes",
            number(memory.reservation),
            "linux.resources.memory.reservation",
        ),
        (
            "memory",
            "memory.swappiness",
            memory.swappiness.map(|value| value.to_string()),
            "linux.resources.memory.swappiness",
        ),
        (
            "memory",
            "memory.oom_control",
            wish(memory.disable_oom_killer).map(|_| "1".to_string()),
            "linux.resources.memory.disableOOMKiller",
        ),
        ("cpu", "cpu.shares", count(cpu.shares), "linux.resources.cpu.shares"),
        ("cpu", "cpu.cfs_period_us", count(cpu.period), "linux.resources.cpu.period"),
        ("cpu", "cpu.cfs_quota_us", number(cpu.quota), "linux.resources.cpu.quota"),
        ("cpu", "cpu.cfs_burst_us", count(cpu.burst), "linux.resources.cpu.burst"),
        ("cpu", "cpu.idle", number(cpu.idle), "linux.resources.cpu.idle"),
        ("cpuset", "cpuset.cpus", text(&cpu.cpus), "linux.resources.cpu.cpus"),
        ("cpuset", "cpuset.mems", text(&cpu.mems), "linux.resources.cpu.mems"),
        ("pids", "pids.max", pids(limits), "linux.resources.pids.limit"),
    ])
}

fn pids(limits: &Resources) -> Option<String> {
    let limit = wish(limits.pids.limit)?;
    Some(if limit < 0 { "max".to_string() } else { limit.to_string() })
}

/// The lines for `devices.deny` and `devices.allow`, rule by rule.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/devices.html>
pub fn device_writes(rules: &[Rule]) -> Vec<Write> {
    let write = |rule: &Rule| Write {
        controller: "devices",
        file: if rule.allow { "devices.allow" } else { "devices.deny" },
        value: line(rule),
        field: "linux.resources.devices",
    };
    rules.iter().map(write).collect()
}

fn line(rule: &Rule) -> String {
    let number = |number: Option<u32>| number.map_or("*".to_string(), |number| number.to_string());
    let (major, minor) = (number(rule.major), number(rule.minor));
    match rule.which {
        Which::All => "a".to_string(),
        Which::Char => format!("c {major}:{minor} {}", rule.access),
        Which::Block => format!("b {major}:{minor} {}", rule.access),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_become_files() {
        let limits: Resources = serde_json::from_str(
            r#"{"memory":{"limit":67108864,"swap":-1},"cpu":{"shares":512,"quota":50000,"period":100000,
               "cpus":"0"},"pids":{"limit":-1}}"#,
        )
        .unwrap();
        let show: Vec<_> = writes(&limits).iter().map(|w| format!("{}={}", w.file, w.value)).collect();
        assert_eq!(
            show,
            [
                "memory.limit_in_bytes=67108864",
                "memory.memsw.limit_in_bytes=-1",
                "cpu.shares=512",
                "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=50000",
                "cpuset.cpus=0",
                "pids.max=max"
            ]
        );
    }

    #[test]
    fn zeroes_are_no_wish() {
        let limits: Resources = serde_json::from_str(
            r#"{"memory":{"limit":0,"disableOOMKiller":false},"cpu":{"shares":0},"pids":{"limit":0}}"#,
        )
        .unwrap();
        assert_eq!(writes(&limits), []);
        assert_eq!(crate::v2(&limits), []);
    }
}
