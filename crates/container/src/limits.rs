//! What a container may use of the machine, beyond the three that everybody knows.

use fault::{Fault, Result};
use oci::{BlockIo, Cpu, Memory, Pids, Resources, WeightDevice};
use serde::{Deserialize, Serialize};

use crate::machine::{Machine, counts_swap};
use crate::size::{CPU_PERIOD, LEAST_MEMORY};
use crate::{OnDevice, Request, Ulimit};

/// Limits; nothing means none. Rates are for each second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Share of the processors against others: 2 to 262144.
    pub cpu_shares: Option<u64>,
    /// Microseconds in which [`Request::cpu_quota`] counts.
    pub cpu_period: Option<u64>,
    /// Processors: `0-2,7`.
    pub cpuset_cpus: String,
    /// Memory nodes.
    pub cpuset_mems: String,
    /// Bytes of memory and swap together; -1 means no limit of swap.
    pub memory_swap: Option<i64>,
    /// Bytes that the kernel tries to leave to it.
    pub memory_reservation: Option<i64>,
    /// How gladly the kernel swaps: 0 to 100.
    pub swappiness: Option<u64>,
    /// Processes wait for memory instead of being killed.
    pub no_oom_killer: bool,
    /// Share of disks against others: 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// The same on single disks.
    pub weights: Vec<OnDevice>,
    /// Bytes to read.
    pub read_bps: Vec<OnDevice>,
    /// Bytes to write.
    pub write_bps: Vec<OnDevice>,
    /// Reads.
    pub read_iops: Vec<OnDevice>,
    /// Writes.
    pub write_iops: Vec<OnDevice>,
    /// Limits of setrlimit(2).
    pub ulimits: Vec<Ulimit>,
    /// Files of cgroup v2, and what to write into them.
    pub unified: std::collections::BTreeMap<String, String>,
}

impl Limits {
    /// What contradicts itself or is out of range, in Docker's words. Source: moby, `verifyPlatformContainerResources`.
    pub(crate) fn check(&self, request: &Request) -> Result<()> {
        let wrong = |option: &str, why: &str| Err(Fault::invalid(option, why));
        match (request.memory, self.memory_swap) {
            (None, Some(1..)) => {
                let why = "You should always set the Memory limit when using Memoryswap limit, see usage";
                return wrong("--memory-swap", why);
            }
            (Some(memory), Some(swap @ 1..)) if swap < memory => {
                let why = "Minimum memoryswap limit should be larger than memory limit, see usage";
                return wrong("--memory-swap", why);
            }
            _ => {}
        }
        match (request.memory, self.memory_reservation) {
            (_, Some(reservation)) if reservation < LEAST_MEMORY => {
                return wrong("--memory-reservation", "Minimum memory reservation allowed is 6MB");
            }
            (Some(memory), Some(reservation)) if memory < reservation => {
                let why = "Minimum memory limit can not be less than memory reservation limit, see usage";
                return wrong("--memory-reservation", why);
            }
            _ => {}
        }
        if let Some(value) = self.swappiness.filter(|value| *value > 100) {
            let why = format!("Invalid value: {value}, valid memory swappiness range is 0-100");
            return wrong("--memory-swappiness", &why);
        }
        if self.cpu_period.is_some_and(|period| !(1000..=1_000_000).contains(&period)) {
            let why = "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)";
            return wrong("--cpu-period", why);
        }
        if request.cpu_quota.is_some_and(|quota| (1..1000).contains(&quota)) {
            return wrong("--cpu-quota", "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        }
        if self.blkio_weight.is_some_and(|weight| !(10..=1000).contains(&weight)) {
            return wrong("--blkio-weight", "Range of blkio weight is from 10 to 1000");
        }
        for (option, what, list) in
            [("--cpuset-cpus", "cpus", &self.cpuset_cpus), ("--cpuset-mems", "mems", &self.cpuset_mems)]
        {
            if !is_list(list) {
                return wrong(option, &format!("Invalid value {list} for cpuset {what}"));
            }
        }
        Ok(())
    }

    /// What is to be written where one request becomes another. What stays is left out, and so are limits of single devices.
    ///
    /// # Errors
    /// `Invalid`, in Docker's words.
    pub fn changes(from: &Request, to: &Request) -> Result<Resources> {
        let swap = counts_swap();
        let (old, new) = (Limits::resources(from, swap)?, Limits::resources(to, swap)?);
        let list = |old: &str, new: String| if new == old { String::new() } else { new };
        Ok(Resources {
            memory: Memory {
                limit: new.memory.limit.filter(|_| new.memory.limit != old.memory.limit),
                swap: new.memory.swap.filter(|_| new.memory.swap != old.memory.swap),
                reservation: new
                    .memory
                    .reservation
                    .filter(|_| new.memory.reservation != old.memory.reservation),
                ..Memory::default()
            },
            cpu: Cpu {
                shares: new.cpu.shares.filter(|_| new.cpu.shares != old.cpu.shares),
                quota: new.cpu.quota.filter(|_| new.cpu.quota != old.cpu.quota),
                period: new.cpu.period.filter(|_| new.cpu.period != old.cpu.period),
                cpus: list(&old.cpu.cpus, new.cpu.cpus),
                mems: list(&old.cpu.mems, new.cpu.mems),
                ..Cpu::default()
            },
            // Nothing is no limit.
            pids: Pids { limit: (new.pids != old.pids).then(|| new.pids.limit.unwrap_or(-1)) },
            block_io: BlockIo {
                weight: new.block_io.weight.filter(|_| new.block_io.weight != old.block_io.weight),
                ..BlockIo::default()
            },
            ..Resources::default()
        })
    }

    /// All limits of a request, but for devices. What the machine cannot count is left out: see [`counts_swap`].
    pub(crate) fn resources(request: &Request, counts_swap: bool) -> Result<Resources> {
        let limits = &request.limits;
        limits.check(request)?;
        // As much swap as memory, as docker does.
        let swap = limits.memory_swap.or(request.memory.map(|bytes| bytes.saturating_mul(2)));
        let text = |list: &str| list.to_string();
        let weight = |device: &OnDevice| {
            let weight = u16::try_from(device.number).ok();
            device.numbers().map(|(major, minor)| WeightDevice { major, minor, weight, leaf_weight: None })
        };
        Ok(Resources {
            memory: Memory {
                limit: request.memory,
                swap: swap.filter(|_| counts_swap && request.memory.is_some()),
                reservation: limits.memory_reservation,
                swappiness: limits.swappiness,
                disable_oom_killer: limits.no_oom_killer.then_some(true),
                ..Memory::default()
            },
            cpu: Cpu {
                shares: limits.cpu_shares.filter(|shares| *shares > 0),
                quota: request.cpu_quota,
                period: limits.cpu_period.or(request.cpu_quota.map(|_| CPU_PERIOD)),
                cpus: text(&limits.cpuset_cpus),
                mems: text(&limits.cpuset_mems),
                ..Cpu::default()
            },
            pids: Pids { limit: request.pids.filter(|limit| *limit > 0) },
            block_io: BlockIo {
                weight: limits.blkio_weight,
                weight_device: limits.weights.iter().map(weight).collect::<Result<_>>()?,
                throttle_read_bps_device: OnDevice::throttle(&limits.read_bps)?,
                throttle_write_bps_device: OnDevice::throttle(&limits.write_bps)?,
                throttle_read_iops_device: OnDevice::throttle(&limits.read_iops)?,
                throttle_write_iops_device: OnDevice::throttle(&limits.write_iops)?,
                ..BlockIo::default()
            },
            unified: limits.unified.clone(),
            ..Resources::default()
        })
    }

    /// Options that were used, for who can have no limits at all.
    pub(crate) fn asked(&self) -> [(&'static str, bool); 14] {
        [
            ("--cpu-shares", self.cpu_shares.is_some()),
            ("--cpu-period", self.cpu_period.is_some()),
            ("--cpuset-cpus", !self.cpuset_cpus.is_empty()),
            ("--cpuset-mems", !self.cpuset_mems.is_empty()),
            ("--memory-swap", self.memory_swap.is_some()),
            ("--memory-reservation", self.memory_reservation.is_some()),
            ("--memory-swappiness", self.swappiness.is_some()),
            ("--oom-kill-disable", self.no_oom_killer),
            ("--blkio-weight", self.blkio_weight.is_some() || !self.weights.is_empty()),
            ("--device-read-bps", !self.read_bps.is_empty()),
            ("--device-write-bps", !self.write_bps.is_empty()),
            ("--device-read-iops", !self.read_iops.is_empty()),
            ("--device-write-iops", !self.write_iops.is_empty()),
            ("--cgroup-conf", !self.unified.is_empty()),
        ]
    }

    /// Options of which something is left out on this machine, a sentence each.
    pub(crate) fn warnings(request: &Request, machine: &Machine) -> Vec<String> {
        let limits = &request.limits;
        let mut warnings = Vec::new();
        if limits.memory_swap.is_some_and(|swap| swap > 0) && !machine.counts_swap {
            let why = "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited \
                       without swap.";
            warnings.push(why.to_string());
        }
        if limits.no_oom_killer && request.memory.is_none() {
            let why = "OOM killer is disabled for the container, but no memory limit is set, this can result in the system \
                       running out of resources.";
            warnings.push(why.to_string());
        }
        warnings
    }
}

/// Numbers and ranges with commas between; nothing is a list too.
fn is_list(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty()
        || text.split(',').all(|part| match part.split_once('-') {
            Some((first, last)) => number(first) && number(last),
            None => number(part),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_have_dockers_words() {
        let check = |memory: Option<i64>, limits: Limits| {
            let request = Request { memory, ..Request::default() };
            limits.check(&request).map_err(|fault| fault.to_string())
        };
        let usual = Limits::default;
        let mb = |number: i64| Some(number << 20);
        for (memory, limits, word) in [
            (None, Limits { memory_swap: mb(64), ..usual() }, "always set the Memory limit"),
            (mb(64), Limits { memory_swap: mb(32), ..usual() }, "should be larger than memory limit"),
            (mb(64), Limits { memory_reservation: mb(1), ..usual() }, "reservation allowed is 6MB"),
            (
                mb(64),
                Limits { memory_reservation: mb(65), ..usual() },
                "can not be less than memory reservation",
            ),
            (None, Limits { swappiness: Some(101), ..usual() }, "swappiness range is 0-100"),
            (None, Limits { cpu_period: Some(999), ..usual() }, "CPU cfs period can not be less"),
            (None, Limits { blkio_weight: Some(9), ..usual() }, "Range of blkio weight is from 10 to 1000"),
            (None, Limits { cpuset_cpus: "a".into(), ..usual() }, "Invalid value a for cpuset cpus"),
            (None, Limits { cpuset_mems: "0-".into(), ..usual() }, "Invalid value 0- for cpuset mems"),
        ] {
            assert!(check(memory, limits).unwrap_err().contains(word), "{word}");
        }
        let fine = Limits {
            memory_swap: Some(-1),
            memory_reservation: mb(32),
            cpuset_cpus: "0-1,3".into(),
            ..usual()
        };
        check(mb(64), fine).unwrap();
    }
}
