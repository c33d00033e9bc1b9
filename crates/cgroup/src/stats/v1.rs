//! Statistics of cgroup v1, controller by controller.
//!
//! Source: <https://docs.kernel.org/admin-guide/cgroup-v1/index.html>

use fault::Result;

use super::Read;
use super::shape::Throttling;
use super::shape::{Block, BlockEntry, Cpu, CpuSet, CpuUsage, Hugepages, Memory, MemoryEntry, Pids, Stats};
use super::text::File;

pub(super) fn stats(read: &Read<'_>, pages: &[String]) -> Result<Stats> {
    let mut stats = Stats {
        cpu: Cpu { usage: usage(read)?, throttling: throttling(read)?, psi: None },
        cpuset: cpuset(read)?,
        memory: memory(read)?,
        pids: pids(read)?,
        blkio: block(read)?,
        ..Stats::default()
    };
    for size in pages {
        if let Some(one) = hugepages(read, size)? {
            stats.hugetlb.insert(size.clone(), one);
        }
    }
    Ok(stats)
}

fn number(read: &Read<'_>, controller: &str, file: &str) -> Result<u64> {
    Ok(File::new(read, controller, file).number()?.unwrap_or(0))
}

fn throttling(read: &Read<'_>) -> Result<Throttling> {
    let keys = File::new(read, "cpu", "cpu.stat").keys()?;
    let key = |name: &str| keys.get(name).copied().unwrap_or(0);
    Ok(Throttling {
        periods: key("nr_periods"),
        throttled_periods: key("nr_throttled"),
        throttled_time: key("throttled_time"),
    })
}

fn usage(read: &Read<'_>) -> Result<CpuUsage> {
    /// Nanoseconds of a tick; there are 100 in a second on every machine, whatever the kernel counts in.
    const TICK: u64 = 10_000_000;
    let ticks = File::new(read, "cpuacct", "cpuacct.stat").keys()?;
    let nanoseconds = |name: &str| ticks.get(name).copied().unwrap_or(0).saturating_mul(TICK);
    let (percpu_user, percpu_kernel) = usage_of_each(read)?;
    Ok(CpuUsage {
        total: number(read, "cpuacct", "cpuacct.usage")?,
        percpu: File::new(read, "cpuacct", "cpuacct.usage_percpu").numbers()?,
        percpu_kernel,
        percpu_user,
        kernel: nanoseconds("system"),
        user: nanoseconds("user"),
    })
}

/// Below a line of names, a line for each processor: its number, user, system.
fn usage_of_each(read: &Read<'_>) -> Result<(Vec<u64>, Vec<u64>)> {
    let file = File::new(read, "cpuacct", "cpuacct.usage_all");
    let text = file.text()?.unwrap_or_default();
    let line = |line: &str| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers.as_slice() {
            [_, user, system] => Ok((*user, *system)),
            _ => Err(file.wrong(line)),
        }
    };
    text.lines().skip(1).map(line).collect::<Result<Vec<_>>>().map(|lines| lines.into_iter().unzip())
}

fn cpuset(read: &Read<'_>) -> Result<CpuSet> {
    let number = |name: &str| number(read, "cpuset", name);
    let set = |name: &str| File::new(read, "cpuset", name).set();
    let level = File::new(read, "cpuset", "cpuset.sched_relax_domain_level").number()?;
    Ok(CpuSet {
        cpus: set("cpuset.cpus")?,
        cpu_exclusive: number("cpuset.cpu_exclusive")?,
        mems: set("cpuset.mems")?,
        mem_hardwall: number("cpuset.mem_hardwall")?,
        mem_exclusive: number("cpuset.mem_exclusive")?,
        memory_migrate: number("cpuset.memory_migrate")?,
        memory_spread_page: number("cpuset.memory_spread_page")?,
        memory_spread_slab: number("cpuset.memory_spread_slab")?,
        memory_pressure: number("cpuset.memory_pressure")?,
        sched_load_balance: number("cpuset.sched_load_balance")?,
        sched_relax_domain_level: level.unwrap_or(0),
    })
}

fn memory(read: &Read<'_>) -> Result<Memory> {
    let raw = File::new(read, "memory", "memory.stat").keys()?;
    let entry = |of: &str| {
        let number = |what: &str| number(read, "memory", &format!("memory.{of}{what}"));
        Ok(MemoryEntry {
            limit: number("limit_in_bytes")?,
            usage: number("usage_in_bytes")?,
            max: number("max_usage_in_bytes")?,
            failcnt: number("failcnt")?,
        })
    };
    Ok(Memory {
        cache: raw.get("cache").copied().unwrap_or(0),
        usage: entry("")?,
        swap: entry("memsw.")?,
        kernel: entry("kmem.")?,
        kernel_tcp: entry("kmem.tcp.")?,
        raw,
        ..Memory::default()
    })
}

fn pids(read: &Read<'_>) -> Result<Pids> {
    Ok(Pids { current: number(read, "pids", "pids.current")?, limit: number(read, "pids", "pids.max")? })
}

type Table = fn(&mut Block) -> &mut Vec<BlockEntry>;

/// Which table a file fills, and the file's name between a scheduler's prefix and `_recursive`.
const TABLES: [(Table, &str); 8] = [
    (|block| &mut block.io_serviced_recursive, "io_serviced"),
    (|block| &mut block.io_service_bytes_recursive, "io_service_bytes"),
    (|block| &mut block.sectors_recursive, "sectors"),
    (|block| &mut block.io_service_time_recursive, "io_service_time"),
    (|block| &mut block.io_wait_time_recursive, "io_wait_time"),
    (|block| &mut block.io_merged_recursive, "io_merged"),
    (|block| &mut block.io_queued_recursive, "io_queued"),
    (|block| &mut block.io_time_recursive, "time"),
];

/// Who counts depends on the scheduler of the disks: the first of these that has counted anything.
fn block(read: &Read<'_>) -> Result<Block> {
    let families =
        [("bfq.", "_recursive"), ("", "_recursive"), ("throttle.", "_recursive"), ("throttle.", "")];
    for (prefix, suffix) in families {
        let mut block = Block::default();
        for (table, name) in TABLES {
            *table(&mut block) = entries(read, &format!("blkio.{prefix}{name}{suffix}"))?;
        }
        if !block.io_serviced_recursive.is_empty() {
            return Ok(block);
        }
    }
    Ok(Block::default())
}

/// Lines such as `8:0 Read 124` or `8:0 6792`; the last one is a sum of all.
fn entries(read: &Read<'_>, name: &str) -> Result<Vec<BlockEntry>> {
    let file = File::new(read, "blkio", name);
    let text = file.text()?.unwrap_or_default();
    let entry = |line: &str| {
        let words: Vec<&str> = line.split([' ', ':']).collect();
        let (major, minor, op, value) = match words.as_slice() {
            [major, minor, op, value] => (major, minor, *op, value),
            [major, minor, value] => (major, minor, "", value),
            _ => return None,
        };
        let (major, minor, value) = (major.parse().ok()?, minor.parse().ok()?, value.parse().ok()?);
        Some(BlockEntry { major, minor, op: op.to_string(), value })
    };
    let lines = text.lines().filter(|line| !line.starts_with("Total "));
    lines.map(|line| entry(line).ok_or_else(|| file.wrong(line))).collect()
}

fn hugepages(read: &Read<'_>, size: &str) -> Result<Option<Hugepages>> {
    let file = |what: &str| format!("hugetlb.{size}.{what}");
    let Some(usage) = File::new(read, "hugetlb", &file("usage_in_bytes")).number()? else { return Ok(None) };
    Ok(Some(Hugepages {
        usage,
        max: number(read, "hugetlb", &file("max_usage_in_bytes"))?,
        failcnt: number(read, "hugetlb", &file("failcnt"))?,
    }))
}
