//! What the hierarchies of cgroup v1 want written.

use fault::{Fault, Result};
use oci::{Cpu, HugepageLimit, Memory, Network, Resources};

use crate::rdma::rdma;
use crate::{Rule, Which, Write, bytes, check, io, number, pids, rows, swap, text, wish};

/// The files to write for these limits, in an order that a new cgroup accepts: memory before memory and
/// swap together, period before quota.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/index.html>
///
/// # Errors
/// The field that makes no sense.
pub fn writes(limits: &Resources) -> Result<Vec<Write>> {
    check::check(limits)?;
    shares(limits)?;
    let mut writes = memory(&limits.memory);
    writes.extend(cpu(&limits.cpu));
    writes.extend(rows([("pids", "pids.max", pids(limits), "linux.resources.pids.limit")]));
    writes.extend(io::v1(&limits.block_io));
    for (at, limit) in limits.hugepage_limits.iter().enumerate() {
        writes.extend(hugepages(at, limit));
    }
    writes.extend(network(&limits.network));
    writes.extend(rdma(limits));
    Ok(writes)
}

/// The kernel would change them without a word. The first half of the sentence is runc's.
fn shares(limits: &Resources) -> Result<()> {
    let wrong = match wish(limits.cpu.shares) {
        Some(1) => "the minimum allowed cpu-shares is 2, got 1".to_string(),
        Some(many) if many > 262_144 => format!("the maximum allowed cpu-shares is 262144, got {many}"),
        _ => return Ok(()),
    };
    Err(Fault::invalid("linux.resources.cpu.shares", wrong))
}

fn memory(memory: &Memory) -> Vec<Write> {
    let swap = swap(memory);
    let mut writes = rows([(
        "memory",
        "memory.limit_in_bytes",
        bytes(memory.limit, "-1"),
        "linux.resources.memory.limit",
    )]);
    // A kernel that does not count swap does not limit it either.
    writes.extend(bytes(swap, "-1").map(|value| {
        Write::new("memory", "memory.memsw.limit_in_bytes", value, "linux.resources.memory.swap")
            .or_skip_if(swap == Some(-1))
    }));
    writes.extend(rows([
        (
            "memory",
            "memory.soft_limit_in_bytes",
            bytes(memory.reservation, "-1"),
            "linux.resources.memory.reservation",
        ),
        (
            "memory",
            "memory.swappiness",
            number(check::swappiness(memory)),
            "linux.resources.memory.swappiness",
        ),
        (
            "memory",
            "memory.oom_control",
            wish(memory.disable_oom_killer).map(|_| "1".to_string()),
            "linux.resources.memory.disableOOMKiller",
        ),
        (
            "memory",
            "memory.kmem.tcp.limit_in_bytes",
            bytes(memory.kernel_tcp, "-1"),
            "linux.resources.memory.kernelTCP",
        ),
    ]));
    writes
}

fn cpu(cpu: &Cpu) -> Vec<Write> {
    // Any negative quota is none.
    let quota = wish(cpu.quota).map(|quota| quota.max(-1));
    rows([
        ("cpu", "cpu.shares", number(wish(cpu.shares)), "linux.resources.cpu.shares"),
        ("cpu", "cpu.cfs_period_us", number(wish(cpu.period)), "linux.resources.cpu.period"),
        ("cpu", "cpu.cfs_quota_us", number(quota), "linux.resources.cpu.quota"),
        ("cpu", "cpu.cfs_burst_us", number(cpu.burst), "linux.resources.cpu.burst"),
        ("cpu", "cpu.idle", number(cpu.idle), "linux.resources.cpu.idle"),
        ("cpu", "cpu.rt_period_us", number(wish(cpu.realtime_period)), "linux.resources.cpu.realtimePeriod"),
        (
            "cpu",
            "cpu.rt_runtime_us",
            number(wish(cpu.realtime_runtime)),
            "linux.resources.cpu.realtimeRuntime",
        ),
        ("cpuset", "cpuset.cpus", text(&cpu.cpus), "linux.resources.cpu.cpus"),
        ("cpuset", "cpuset.mems", text(&cpu.mems), "linux.resources.cpu.mems"),
    ])
}

/// Pages in use, and pages that are only set aside for somebody: who sets aside and does not use would fail
/// with a signal in the middle of its work otherwise.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/hugetlb.html>
fn hugepages(at: usize, limit: &HugepageLimit) -> [Write; 2] {
    let field = format!("linux.resources.hugepageLimits[{at}]");
    ["limit_in_bytes", "rsvd.limit_in_bytes"].map(|name| {
        let file = format!("hugetlb.{}.{name}", limit.page_size);
        Write::new("hugetlb", file, limit.limit.to_string(), field.clone())
    })
}

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/net_cls.html> and `net_prio.html`.
fn network(network: &Network) -> Vec<Write> {
    let class = number(wish(network.class_id));
    let mut writes = rows([("net_cls", "net_cls.classid", class, "linux.resources.network.classID")]);
    for (at, priority) in network.priorities.iter().enumerate() {
        let line = format!("{} {}", priority.name, priority.priority);
        let field = format!("linux.resources.network.priorities[{at}]");
        writes.push(Write::new("net_prio", "net_prio.ifpriomap", line, field));
    }
    writes
}

/// The lines for `devices.deny` and `devices.allow`, rule by rule.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/devices.html>
pub fn device_writes(rules: &[Rule]) -> Vec<Write> {
    let write = |rule: &Rule| {
        let file = if rule.allow { "devices.allow" } else { "devices.deny" };
        Write::new("devices", file, line(rule), "linux.resources.devices")
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

    fn show(json: &str) -> Vec<String> {
        let limits: Resources = serde_json::from_str(json).unwrap();
        writes(&limits).unwrap().iter().map(|w| format!("{}={}", w.file, w.value)).collect()
    }

    #[test]
    fn limits_become_files() {
        let json = r#"{"memory":{"limit":67108864,"swap":-1,"kernelTCP":4096},
            "cpu":{"shares":512,"quota":50000,"period":100000,"cpus":"0","realtimeRuntime":900,
                   "realtimePeriod":1000},
            "pids":{"limit":-1},"network":{"classID":1048577,"priorities":[{"name":"lo","priority":3}]},
            "hugepageLimits":[{"pageSize":"2MB","limit":4194304}],
            "rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000},"mlx5_2":{"hcaObjects":0}}}"#;
        let expected = [
            "memory.limit_in_bytes=67108864",
            "memory.memsw.limit_in_bytes=-1",
            "memory.kmem.tcp.limit_in_bytes=4096",
            "cpu.shares=512",
            "cpu.cfs_period_us=100000",
            "cpu.cfs_quota_us=50000",
            "cpu.rt_period_us=1000",
            "cpu.rt_runtime_us=900",
            "cpuset.cpus=0",
            "pids.max=max",
            "hugetlb.2MB.limit_in_bytes=4194304",
            "hugetlb.2MB.rsvd.limit_in_bytes=4194304",
            "net_cls.classid=1048577",
            "net_prio.ifpriomap=lo 3",
            "rdma.max=mlx5_1 hca_handle=3 hca_object=10000",
            "rdma.max=mlx5_2 hca_object=0",
        ];
        assert_eq!(show(json), expected);
    }

    #[test]
    fn zeroes_are_no_wish() {
        let json = r#"{"memory":{"limit":0,"disableOOMKiller":false,"kernelTCP":0},
            "cpu":{"shares":0,"realtimeRuntime":0},"blockIO":{"weight":0},"network":{"classID":0}}"#;
        assert_eq!(show(json), [""; 0]);
        assert_eq!(crate::v2(&serde_json::from_str(json).unwrap()).unwrap(), []);
    }

    #[test]
    fn where_a_zero_is_a_value_it_counts() {
        let json = r#"{"cpu":{"idle":0,"burst":0},"pids":{"limit":0},"memory":{"swappiness":0}}"#;
        assert_eq!(show(json), ["memory.swappiness=0", "cpu.cfs_burst_us=0", "cpu.idle=0", "pids.max=1"]);
    }

    #[test]
    fn no_limit_of_memory_is_none_of_swap() {
        let all = ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"];
        assert_eq!(show(r#"{"memory":{"limit":-1}}"#), all);
    }

    #[test]
    fn shares_that_the_kernel_would_change_are_refused() {
        for shares in [1_u64, 262_145] {
            let json = format!(r#"{{"cpu":{{"shares":{shares}}}}}"#);
            let refused = writes(&serde_json::from_str(&json).unwrap()).unwrap_err();
            assert!(refused.sentence().contains("`linux.resources.cpu.shares`"), "{refused}");
        }
        assert_eq!(show(r#"{"cpu":{"shares":2}}"#), ["cpu.shares=2"]);
    }
}
