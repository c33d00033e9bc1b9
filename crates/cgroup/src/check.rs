//! Limits that make no sense, whatever the version; and those that are taken, and do not count.

use fault::{Fault, Result};
use oci::{Memory, Resources};

use crate::wish;

/// Which cgroups a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A hierarchy for each controller.
    V1,
    /// One for all.
    V2,
}

/// What is left out or changed, a sentence each: no kernel honours it, and callers send it all the same.
pub fn warnings(limits: &Resources, version: Version) -> Vec<String> {
    let mut warnings = Vec::new();
    if wish(limits.memory.kernel).is_some() {
        let text =
            "`linux.resources.memory.kernel` does not count: no kernel limits its own memory by itself";
        warnings.push(text.to_string());
    }
    if let Some(shares) = wish(limits.cpu.shares)
        && version == Version::V2
        && shares != shares.clamp(2, 262_144)
    {
        let used = shares.clamp(2, 262_144);
        warnings
            .push(format!("`linux.resources.cpu.shares` is {used} instead of {shares}: it is 2 to 262144"));
    }
    warnings
}

/// Refuses what would be taken for something else: by the kernel, or by the sums of cgroup v2.
pub(crate) fn check(limits: &Resources) -> Result<()> {
    memory(&limits.memory)?;
    block_io(&limits.block_io)?;
    hugepages(limits)?;
    network(&limits.network)?;
    rdma(limits)
}

fn memory(memory: &Memory) -> Result<()> {
    let fields = [
        ("limit", memory.limit),
        ("reservation", memory.reservation),
        ("swap", memory.swap),
        ("kernelTCP", memory.kernel_tcp),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| *value < -1) {
            let field = format!("linux.resources.memory.{name}");
            return Err(Fault::invalid(field, format!("expected bytes, or -1 for no limit, got {value}")));
        }
    }
    let (limit, swap) = (memory.limit.unwrap_or(0), memory.swap.unwrap_or(0));
    if swap > 0 && limit > swap {
        return Err(Fault::invalid(
            "linux.resources.memory.swap",
            format!("it is {swap}, and less than the limit of memory, {limit}"),
        )
        .hint("it counts memory and swap together; the same number means no swap"));
    }
    match swappiness(memory) {
        Some(value) if value > 100 => Err(Fault::invalid(
            "linux.resources.memory.swappiness",
            format!("expected 0 to 100, got {value}"),
        )),
        _ => Ok(()),
    }
}

/// -1 in a field without a sign is how some say that they have no wish.
pub(crate) fn swappiness(memory: &Memory) -> Option<u64> {
    memory.swappiness.filter(|value| *value != u64::MAX)
}

fn block_io(limits: &oci::BlockIo) -> Result<()> {
    const TOP: &str = "linux.resources.blockIO";
    weights(TOP, limits.weight, limits.leaf_weight)?;
    for (at, device) in limits.weight_device.iter().enumerate() {
        let field = format!("{TOP}.weightDevice[{at}]");
        weights(&field, device.weight, device.leaf_weight)?;
        numbers(&field, device.major, device.minor)?;
    }
    for (name, devices) in crate::io::throttles(limits) {
        for (at, device) in devices.iter().enumerate() {
            numbers(&format!("{TOP}.{name}[{at}]"), device.major, device.minor)?;
        }
    }
    Ok(())
}

fn weights(field: &str, weight: Option<u16>, leaf: Option<u16>) -> Result<()> {
    if wish(leaf).is_some() {
        return Err(Fault::invalid(format!("{field}.leafWeight"), "no kernel has it since Linux 5.0"));
    }
    match wish(weight) {
        Some(weight) if !(10..=1000).contains(&weight) => {
            Err(Fault::invalid(format!("{field}.weight"), format!("expected 10 to 1000, got {weight}")))
        }
        _ => Ok(()),
    }
}

fn numbers(field: &str, major: i64, minor: i64) -> Result<()> {
    for (name, number) in [("major", major), ("minor", minor)] {
        if u32::try_from(number).is_err() {
            return Err(Fault::invalid(format!("{field}.{name}"), format!("{number} is out of range")));
        }
    }
    Ok(())
}

fn hugepages(limits: &Resources) -> Result<()> {
    for (at, limit) in limits.hugepage_limits.iter().enumerate() {
        if !is_page_size(&limit.page_size) {
            return Err(Fault::invalid(
                format!("linux.resources.hugepageLimits[{at}].pageSize"),
                format!("expected a size such as `2MB`, got `{}`", limit.page_size),
            ));
        }
    }
    Ok(())
}

/// It becomes a part of a file's name.
fn is_page_size(text: &str) -> bool {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'B']);
    let unit = &text[digits.len()..];
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && ["KB", "MB", "GB"].contains(&unit)
}

fn network(network: &oci::Network) -> Result<()> {
    for (at, priority) in network.priorities.iter().enumerate() {
        if !is_word(&priority.name) {
            let field = format!("linux.resources.network.priorities[{at}].name");
            return Err(Fault::invalid(
                field,
                format!("`{}` is not the name of an interface", priority.name),
            ));
        }
    }
    Ok(())
}

fn rdma(limits: &Resources) -> Result<()> {
    for (name, limit) in &limits.rdma {
        let field = format!("linux.resources.rdma[{name}]");
        if !is_word(name) {
            return Err(Fault::invalid(field, "it is not the name of a device"));
        }
        if limit.hca_handles.is_none() && limit.hca_objects.is_none() {
            return Err(Fault::invalid(field, "expected `hcaHandles` or `hcaObjects`, or both"));
        }
    }
    Ok(())
}

/// It becomes the first word of a line.
fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        let limits: Resources = serde_json::from_str(json).unwrap();
        check(&limits).unwrap_err().sentence()
    }

    #[test]
    fn a_wrong_value_is_named_by_its_field() {
        let cases = [
            (r#"{"memory":{"limit":-2}}"#, "memory.limit`"),
            (r#"{"memory":{"limit":100,"swap":99}}"#, "memory.swap`"),
            (r#"{"memory":{"swappiness":101}}"#, "memory.swappiness`"),
            (r#"{"blockIO":{"weight":9}}"#, "blockIO.weight`"),
            (r#"{"blockIO":{"leafWeight":10}}"#, "blockIO.leafWeight`"),
            (
                r#"{"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":1001}]}}"#,
                "blockIO.weightDevice[0].weight`",
            ),
            (
                r#"{"blockIO":{"throttleReadIOPSDevice":[{"major":8,"minor":-1,"rate":1}]}}"#,
                "blockIO.throttleReadIOPSDevice[0].minor`",
            ),
            (
                r#"{"hugepageLimits":[{"pageSize":"2MB","limit":0},{"pageSize":"../2MB","limit":0}]}"#,
                "hugepageLimits[1].pageSize`",
            ),
            (r#"{"hugepageLimits":[{"pageSize":"MB","limit":0}]}"#, "hugepageLimits[0].pageSize`"),
            (
                r#"{"network":{"priorities":[{"name":"lo 1\nx","priority":1}]}}"#,
                "network.priorities[0].name`",
            ),
            (r#"{"rdma":{"mlx5_1":{}}}"#, "rdma[mlx5_1]`"),
        ];
        for (json, field) in cases {
            let sentence = refused(json);
            assert!(sentence.contains(&format!("cannot use `linux.resources.{field}")), "{json}: {sentence}");
        }
    }

    #[test]
    fn what_means_nothing_or_the_edge_is_taken() {
        let json = r#"{"memory":{"limit":100,"swap":100,"swappiness":18446744073709551615},
            "blockIO":{"weight":0,"leafWeight":0,"weightDevice":[{"major":8,"minor":0}]},
            "hugepageLimits":[{"pageSize":"1GB","limit":0}],"network":{"classID":0},
            "rdma":{"mlx5_1":{"hcaHandles":0}}}"#;
        check(&serde_json::from_str(json).unwrap()).unwrap();
    }

    #[test]
    fn what_does_not_count_is_said() {
        let limits = |json| serde_json::from_str::<Resources>(json).unwrap();
        let kernel = limits(r#"{"memory":{"kernel":1000}}"#);
        assert_eq!(warnings(&kernel, Version::V1).len(), 1);
        let few = limits(r#"{"cpu":{"shares":1}}"#);
        assert!(warnings(&few, Version::V2)[0].contains("2 instead of 1"));
        assert_eq!(warnings(&limits(r#"{"cpu":{"shares":2},"memory":{"kernel":0}}"#), Version::V2), [""; 0]);
    }
}
