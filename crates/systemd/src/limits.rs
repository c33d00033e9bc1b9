//! Limits as systemd has them: one table from files of cgroup v2 to properties.
//!
//! systemd writes those files again whenever it comes by (a `daemon-reload`, a property that changes), so it must know
//! what we want. What it has no property for is ours alone, and it leaves it as it is.
//!
//! Source: systemd.resource-control(5); opencontainers/cgroups `docs/systemd.md`.

use crate::property::{Property, Value};

/// The first version that knows `cpu.idle`, as a weight of nothing.
const KNOWS_IDLE: u32 = 252;
/// The first version that knows `OOMPolicy` of scopes.
const KNOWS_OOM: u32 = 253;
/// Microseconds; the kernel's default.
const PERIOD: u64 = 100_000;
/// Microseconds of each second: systemd keeps whole percents.
const PERCENT: u64 = 10_000;

/// Properties for what is written to files of a cgroup.
#[derive(Debug, Default)]
pub struct Limits {
    version: u32,
    properties: Vec<Property>,
}

/// What these files want depends on the version of systemd.
pub fn needs_version(file: &str) -> bool {
    matches!(file, "cpu.idle" | "memory.oom.group")
}

impl Limits {
    /// None yet. The version of systemd may be 0 if no file needs it.
    pub fn new(version: u32) -> Limits {
        Limits { version, properties: Vec::new() }
    }

    /// Adds what a file says. What makes no sense is left to the kernel to refuse.
    pub fn add(&mut self, file: &str, value: &str) {
        let idle = self.has("CPUWeight", &Value::Number(0));
        for property in of(file, value.trim(), self.version) {
            // A weight of nothing is to be idle, which beats any other.
            if !(idle && property.name == "CPUWeight") {
                self.set(property);
            }
        }
    }

    /// All of them.
    pub fn into_properties(self) -> Vec<Property> {
        self.properties
    }

    fn has(&self, name: &str, value: &Value) -> bool {
        self.properties.iter().any(|one| one.name == name && one.value == *value)
    }

    fn set(&mut self, property: Property) {
        self.properties.retain(|one| one.name != property.name);
        self.properties.push(property);
    }
}

fn of(file: &str, value: &str, version: u32) -> Vec<Property> {
    let one = |name: &str, value: Option<Value>| value.map(|value| Property::new(name, value));
    let number = |name| one(name, number(value)).into_iter().collect();
    let bits = |name| one(name, bits(value)).into_iter().collect();
    match (file, value) {
        ("memory.max", _) => number("MemoryMax"),
        ("memory.high", _) => number("MemoryHigh"),
        ("memory.low", _) => number("MemoryLow"),
        ("memory.min", _) => number("MemoryMin"),
        ("memory.swap.max", _) => number("MemorySwapMax"),
        ("memory.zswap.max", _) => number("MemoryZSwapMax"),
        ("memory.oom.group", _) if version < KNOWS_OOM => Vec::new(),
        ("memory.oom.group", "0") => vec![Property::new("OOMPolicy", Value::Text("continue".into()))],
        ("memory.oom.group", "1") => vec![Property::new("OOMPolicy", Value::Text("kill".into()))],
        ("pids.max", _) => number("TasksMax"),
        ("cpu.weight", _) => number("CPUWeight"),
        ("cpu.idle", "1") if version >= KNOWS_IDLE => vec![Property::new("CPUWeight", Value::Number(0))],
        ("cpu.max", _) => quota(value).unwrap_or_default(),
        ("cpuset.cpus", _) => bits("AllowedCPUs"),
        ("cpuset.mems", _) => bits("AllowedMemoryNodes"),
        ("io.weight", _) => {
            one("IOWeight", self::number(value.trim_start_matches("default "))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn number(value: &str) -> Option<Value> {
    if value == "max" { Some(Value::Number(u64::MAX)) } else { value.parse().ok().map(Value::Number) }
}

/// `50000 100000`: microseconds in each period of so many microseconds. systemd knows whole percents only; they are
/// rounded up, or the container could not have what it asked for.
fn quota(value: &str) -> Option<Vec<Property>> {
    let mut words = value.split_whitespace();
    let quota = words.next()?;
    let period = words.next().map_or(Some(PERIOD), |word| word.parse().ok()).filter(|period| *period > 0)?;
    let of_a_second = match quota {
        "max" => u64::MAX,
        quota => {
            let exact = quota.parse::<u64>().ok()?.checked_mul(1_000_000)? / period;
            exact.div_ceil(PERCENT).checked_mul(PERCENT)?
        }
    };
    Some(vec![
        Property::new("CPUQuotaPeriodUSec", Value::Number(period)),
        Property::new("CPUQuotaPerSecUSec", Value::Number(of_a_second)),
    ])
}

/// `0-3,7` as a bit for each number, the lowest in the first byte.
fn bits(list: &str) -> Option<Value> {
    /// More than any machine has; the list is a caller's.
    const MOST: usize = 1 << 16;
    let mut bytes = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.trim().parse::<usize>().ok()?, last.trim().parse::<usize>().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        bytes.resize(bytes.len().max(last / 8 + 1), 0);
        (first..=last).for_each(|bit| bytes[bit / 8] |= 1_u8 << (bit % 8));
    }
    Some(Value::Bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(version: u32, files: &[(&str, &str)]) -> Vec<String> {
        let mut limits = Limits::new(version);
        for (file, value) in files {
            limits.add(file, value);
        }
        limits.into_properties().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_are_properties() {
        let table: &[(&str, &str, &[&str])] = &[
            ("memory.max", "67108864", &["MemoryMax=67108864"]),
            ("memory.max", "max", &["MemoryMax=infinity"]),
            ("memory.low", "4096", &["MemoryLow=4096"]),
            ("memory.high", " 4096\n", &["MemoryHigh=4096"]),
            ("memory.min", "4096", &["MemoryMin=4096"]),
            ("memory.swap.max", "0", &["MemorySwapMax=0"]),
            ("pids.max", "42", &["TasksMax=42"]),
            ("cpu.weight", "100", &["CPUWeight=100"]),
            ("cpu.max", "50000 100000", &["CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=500000"]),
            ("cpu.max", "50000", &["CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=500000"]),
            ("cpu.max", "max 20000", &["CPUQuotaPeriodUSec=20000", "CPUQuotaPerSecUSec=infinity"]),
            // Up to the next percent.
            ("cpu.max", "33333 100000", &["CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=340000"]),
            ("cpu.max", "1000 1000000", &["CPUQuotaPeriodUSec=1000000", "CPUQuotaPerSecUSec=10000"]),
            ("cpuset.cpus", "0-1,9", &["AllowedCPUs=0203"]),
            ("cpuset.mems", "0", &["AllowedMemoryNodes=01"]),
            ("io.weight", "default 200", &["IOWeight=200"]),
            // Not systemd's, or nonsense that the kernel will refuse.
            ("hugetlb.2MB.max", "0", &[]),
            ("io.weight", "8:0 200", &[]),
            ("memory.max", "1G", &[]),
            ("cpu.max", "5 0", &[]),
            ("cpuset.cpus", "3-1", &[]),
            ("cpuset.cpus", "0-99999999999", &[]),
        ];
        for (file, value, expected) in table {
            assert_eq!(show(0, &[(file, value)]), *expected, "{file} {value}");
        }
    }

    #[test]
    fn what_is_newer_is_told_to_those_who_know_it() {
        assert_eq!(show(251, &[("cpu.idle", "1"), ("cpu.weight", "7")]), ["CPUWeight=7"]);
        for order in [[("cpu.idle", "1"), ("cpu.weight", "7")], [("cpu.weight", "7"), ("cpu.idle", "1")]] {
            assert_eq!(show(252, &order), ["CPUWeight=0"]);
        }
        assert_eq!(show(252, &[("memory.oom.group", "1")]), [""; 0]);
        assert_eq!(show(253, &[("memory.oom.group", "1")]), ["OOMPolicy=kill"]);
        assert!(
            ["cpu.idle", "memory.oom.group"].map(needs_version) == [true; 2] && !needs_version("cpu.max")
        );
    }

    #[test]
    fn the_last_word_on_a_file_counts() {
        assert_eq!(show(0, &[("pids.max", "1"), ("pids.max", "2")]), ["TasksMax=2"]);
    }
}
