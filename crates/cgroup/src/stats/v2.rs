//! Statistics of cgroup v2, told as v1 tells them, because that is what callers read.
//!
//! Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html>

use fault::Result;

use super::Read;
use super::shape::{
    Block, BlockEntry, Cpu, CpuUsage, Hugepages, Memory, MemoryEntry, Pids, Stats, Throttling,
};
use super::text::File;

pub(super) fn stats(read: &Read<'_>, pages: &[String]) -> Result<Stats> {
    let mut stats = Stats {
        cpu: cpu(read)?,
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

fn file<'a>(read: &'a Read<'a>, name: &'a str) -> File<'a> {
    let controller = name.split('.').next().unwrap_or_default();
    File::new(read, controller, name)
}

fn cpu(read: &Read<'_>) -> Result<Cpu> {
    let keys = file(read, "cpu.stat").keys()?;
    let key = |name: &str| keys.get(name).copied().unwrap_or(0);
    let nanoseconds = |name: &str| key(name).saturating_mul(1000);
    Ok(Cpu {
        usage: CpuUsage {
            total: nanoseconds("usage_usec"),
            kernel: nanoseconds("system_usec"),
            user: nanoseconds("user_usec"),
            ..CpuUsage::default()
        },
        throttling: Throttling {
            periods: key("nr_periods"),
            throttled_periods: key("nr_throttled"),
            throttled_time: nanoseconds("throttled_usec"),
        },
        psi: file(read, "cpu.pressure").pressure()?,
    })
}

fn memory(read: &Read<'_>) -> Result<Memory> {
    let raw = file(read, "memory.stat").keys()?;
    let usage = entry(read, "memory")?.unwrap_or_default();
    // v1 counts both together, and its most cannot be known from the two of them.
    let swap = entry(read, "memory.swap")?.map_or_else(MemoryEntry::default, |swap| MemoryEntry {
        usage: swap.usage.saturating_add(usage.usage),
        limit: swap.limit.saturating_add(usage.limit),
        ..MemoryEntry::default()
    });
    Ok(Memory {
        cache: raw.get("file").copied().unwrap_or(0),
        usage,
        swap,
        raw,
        psi: file(read, "memory.pressure").pressure()?,
        event_count: file(read, "memory.events").keys()?,
        ..Memory::default()
    })
}

/// Nothing if this kind of memory is not counted.
fn entry(read: &Read<'_>, of: &str) -> Result<Option<MemoryEntry>> {
    let number = |what: &str| file(read, &format!("{of}.{what}")).number();
    let Some(usage) = number("current")? else { return Ok(None) };
    // `peak` is there since Linux 5.19, for swap since 6.5.
    let (limit, max) = (number("max")?.unwrap_or(u64::MAX), number("peak")?.unwrap_or(0));
    Ok(Some(MemoryEntry { limit, usage, max, failcnt: 0 }))
}

/// Where the controller is not enabled, the processes are counted.
fn pids(read: &Read<'_>) -> Result<Pids> {
    let limit = file(read, "pids.max").number()?.unwrap_or(0);
    let current = match file(read, "pids.current").number()? {
        Some(current) => current,
        None => file(read, "cgroup.procs").text()?.map_or(0, |list| list.lines().count() as u64),
    };
    Ok(Pids { current, limit })
}

/// Lines such as `8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0`.
fn block(read: &Read<'_>) -> Result<Block> {
    let stat = file(read, "io.stat");
    let text = stat.text()?.unwrap_or_default();
    let mut block = Block { psi: file(read, "io.pressure").pressure()?, ..Block::default() };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let device = words.next().and_then(|device| device.split_once(':'));
        let numbers = device.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let (major, minor) = numbers.ok_or_else(|| stat.wrong(line))?;
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let (table, op) = match key {
                "rbytes" => (&mut block.io_service_bytes_recursive, "Read"),
                "wbytes" => (&mut block.io_service_bytes_recursive, "Write"),
                "rios" => (&mut block.io_serviced_recursive, "Read"),
                "wios" => (&mut block.io_serviced_recursive, "Write"),
                _ => continue,
            };
            let value = value.parse().map_err(|_| stat.wrong(line))?;
            table.push(BlockEntry { major, minor, op: op.to_string(), value });
        }
    }
    Ok(block)
}

fn hugepages(read: &Read<'_>, size: &str) -> Result<Option<Hugepages>> {
    let Some(usage) = file(read, &format!("hugetlb.{size}.current")).number()? else { return Ok(None) };
    let events = file(read, &format!("hugetlb.{size}.events")).keys()?;
    Ok(Some(Hugepages { usage, max: 0, failcnt: events.get("max").copied().unwrap_or(0) }))
}
