//! What containers use: samples of their cgroups, and what two of them say. Numbers as Docker computes them.
//!
//! Source: docker/cli, `cli/command/container/stats_helpers.go`; moby, `daemon/stats`.

use std::fs;

use fault::Result;

use crate::{Engine, View};

/// What a container has used up to some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// Nanoseconds of processor time.
    processor: u64,
    /// The same of the whole machine, all of its processors together.
    machine: u64,
    /// That it has.
    processors: u32,
    /// Bytes, without those that the kernel could give back at once.
    pub memory: u64,
    /// Bytes that it may use: its own limit, or what the machine has.
    pub memory_limit: u64,
    /// Bytes that came from a network, and went there.
    pub network: (u64, u64),
    /// Bytes that were read from disks, and written to them.
    pub disks: (u64, u64),
    /// Processes and threads.
    pub pids: u64,
}

impl Engine {
    /// What a container has used by now; nothing, if it does not run.
    pub fn sample(&self, view: &View) -> Result<Option<Sample>> {
        if !view.status.is_up() {
            return Ok(None);
        }
        let container = self.running(view)?;
        let stats = launch::stats(&container)?;
        let raw = |name: &str| stats.memory.raw.get(name).copied();
        // v1 has two lines, of which the one counts those below too.
        let inactive = raw("total_inactive_file").or_else(|| raw("inactive_file")).unwrap_or(0);
        let usage = stats.memory.usage.usage;
        let whole = whole_memory();
        let limit = stats.memory.usage.limit;
        let bytes = |op: &str| {
            let entries = stats.blkio.io_service_bytes_recursive.iter();
            entries.filter(|entry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value).sum()
        };
        let shares_network = view.record.request.network == container::Network::Host;
        let pid = container.first()?.map(|first| first.pid).filter(|_| !shares_network);
        let (machine, processors) = machine();
        Ok(Some(Sample {
            processor: stats.cpu.usage.total,
            machine,
            processors,
            memory: if inactive < usage { usage - inactive } else { usage },
            memory_limit: if limit == 0 || limit > whole { whole } else { limit },
            network: pid.map_or((0, 0), |pid| {
                traffic(&fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default())
            }),
            disks: (bytes("read"), bytes("write")),
            pids: stats.pids.current,
        }))
    }
}

impl Sample {
    /// Hundredths of one processor that were used since an earlier sample.
    #[expect(clippy::cast_precision_loss, reason = "two digits behind the point are shown")]
    pub fn processor_since(&self, before: &Sample) -> f64 {
        let (used, whole) = (
            self.processor.saturating_sub(before.processor) as f64,
            self.machine.saturating_sub(before.machine) as f64,
        );
        let processors = f64::from(self.processors);
        if whole > 0.0 { used / whole * processors * 100.0 } else { 0.0 }
    }

    /// Hundredths of the memory that it may use.
    #[expect(clippy::cast_precision_loss, reason = "two digits behind the point are shown")]
    pub fn memory_share(&self) -> f64 {
        if self.memory_limit == 0 { 0.0 } else { self.memory as f64 / self.memory_limit as f64 * 100.0 }
    }
}

/// Nanoseconds, as the first line of `/proc/stat` counts them in hundredths of a second; and how many processors follow.
/// Source: proc_stat(5).
fn machine() -> (u64, u32) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    // The guests' time is in the others already.
    let ticks = first.split_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse::<u64>().ok());
    let time = ticks.sum::<u64>().saturating_mul(10_000_000);
    (time, lines.take_while(|line| line.starts_with("cpu")).map(|_| 1).sum())
}

/// Bytes.
fn whole_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Of all interfaces but the loopback: received, and sent. Source: proc_pid_net(5).
fn traffic(text: &str) -> (u64, u64) {
    let mut all = (0, 0);
    for (name, numbers) in text.lines().filter_map(|line| line.split_once(':')) {
        let numbers: Vec<u64> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        if name.trim() != "lo" {
            all.0 += numbers.first().copied().unwrap_or(0);
            all.1 += numbers.get(8).copied().unwrap_or(0);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_two_samples() {
        let before = Sample { processor: 1_000, machine: 10_000, processors: 4, ..Sample::default() };
        let after = Sample { processor: 1_500, machine: 14_000, ..before };
        assert!((after.processor_since(&before) - 50.0).abs() < 1e-9);
        assert!(before.processor_since(&before).abs() < 1e-9);
        let half = Sample { memory: 1, memory_limit: 2, ..before };
        assert!((half.memory_share() - 50.0).abs() < 1e-9 && before.memory_share().abs() < 1e-9);
    }

    #[test]
    fn traffic_is_that_of_all_but_the_loopback() {
        let text = "Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 7 1 0 0 0 0 0 0 9 1\n\
                    eth1:1 1 0 0 0 0 0 0 2 1\n";
        assert_eq!(traffic(text), (8, 11));
    }
}
