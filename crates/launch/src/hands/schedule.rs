//! How the program gets processors, disks and memory.

use fault::{Doing, Result};
use plan::{MemoryNodes, Numbers, Scheduling};

pub(super) fn set_scheduler(how: &Scheduling) -> Result<()> {
    let attributes = sys::sched::Attributes {
        policy: how.policy,
        flags: how.flags,
        nice: how.nice,
        priority: how.priority,
        runtime: how.runtime,
        deadline: how.deadline,
        period: how.period,
        ..Default::default()
    };
    sys::sched::set(attributes).doing(|| "use `process.scheduler`").map_err(|fault| match fault.errno() {
        Some(1) if how.name == "SCHED_DEADLINE" => {
            fault.hint("it takes CAP_SYS_NICE, and all processors: no `cpus` in `linux.resources.cpu`")
        }
        Some(1) => fault.hint(
            "it takes CAP_SYS_NICE; real time on cgroup v1 also a share of it: `cpu.rt_runtime_us` of the cgroup",
        ),
        Some(22) => fault.hint("this kernel does not take these values together: see sched_setattr(2)"),
        Some(16) => fault.hint("the deadlines that were promised already leave no time for this one"),
        _ => fault,
    })
}

pub(super) fn set_io_priority(class: u16, level: u16) -> Result<()> {
    sys::io_priority::set(class, level).doing(|| "use `process.ioPriority`").map_err(|fault| {
        match fault.errno() {
            Some(1) => fault.hint("IOPRIO_CLASS_RT takes CAP_SYS_NICE"),
            _ => fault,
        }
    })
}

pub(super) fn set_memory_policy(how: &MemoryNodes) -> Result<()> {
    let nodes = how.nodes.as_ref().map(Numbers::words).unwrap_or_default();
    sys::memory_policy::set(how.mode, nodes).doing(|| "use `linux.memoryPolicy`").map_err(|fault| match fault
        .errno()
    {
        Some(22) => fault.hint("see the nodes of this machine: /sys/devices/system/node/has_memory"),
        Some(38) => fault.hint("this kernel knows no memory nodes"),
        _ => fault,
    })
}

pub(super) fn set_affinity(processors: &Numbers, field: &str) -> Result<()> {
    sys::affinity::set(processors.words()).doing(|| format!("use `{field}`")).map_err(|fault| {
        match fault.errno() {
            Some(22) => fault
                .hint("none of them is there, or may be used in this cgroup: /sys/devices/system/cpu/online"),
            _ => fault,
        }
    })
}
