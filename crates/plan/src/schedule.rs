//! How the program gets processors, disks and memory.

use fault::{Fault, Result};
use oci::{CpuAffinity, IoPriority, MemoryPolicy, Personality, Process};

use crate::Numbers;
use crate::memory_policy::memory_nodes;
use crate::scheduler::scheduling;
use crate::step::{Side, Step};

/// No kernel has more processors (`NR_CPUS`).
const MOST_PROCESSORS: usize = 8192;

/// The steps about it, while there is still the privilege for them.
pub(crate) fn steps(
    process: &Process,
    personality: Option<&Personality>,
    memory: Option<&MemoryPolicy>,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    if let Some(asked) = &process.scheduler {
        steps.push(Step::SetScheduler(scheduling(asked)?));
    }
    if let Some(asked) = &process.io_priority {
        steps.push(io_priority(asked)?);
    }
    if let Some(asked) = memory {
        steps.push(Step::SetMemoryPolicy(memory_nodes(asked)?));
    }
    if let Some(asked) = personality {
        steps.push(Step::SetPersonality { domain: domain(asked)? });
    }
    Ok(steps)
}

/// The classes of ioprio_set(2).
const CLASSES: [(&str, u16); 3] = [("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)];

fn io_priority(asked: &IoPriority) -> Result<Step> {
    let wrong = |field: &str, why: String| Fault::invalid(format!("process.ioPriority.{field}"), why);
    let Some((name, class)) = CLASSES.into_iter().find(|(name, _)| *name == asked.class) else {
        return Err(wrong("class", format!("there is no class `{}`", asked.class)));
    };
    match u16::try_from(asked.priority) {
        Ok(level @ 0..=7) => Ok(Step::SetIoPriority { name, class, level }),
        _ => Err(wrong("priority", format!("{} is not between 0 and 7", asked.priority))),
    }
}

/// `PER_LINUX` or `PER_LINUX32`. Source: include/uapi/linux/personality.h.
fn domain(asked: &Personality) -> Result<u32> {
    if !asked.flags.is_empty() {
        return Err(Fault::invalid("linux.personality.flags[0]", "the specification has no flags yet"));
    }
    match asked.domain.as_str() {
        "LINUX" => Ok(0),
        "LINUX32" => Ok(8),
        other => Err(Fault::invalid(
            "linux.personality.domain",
            format!("expected `LINUX` or `LINUX32`, got `{other}`"),
        )),
    }
}

/// The processors of one who is put into a container: before it is in its cgroup, and after. It is not for a
/// container's first process.
pub(crate) fn affinity(asked: Option<&CpuAffinity>) -> Result<(Option<Step>, Option<Step>)> {
    let Some(CpuAffinity { initial, last }) = asked else { return Ok((None, None)) };
    let step = |name: &'static str, text: &str, side| {
        if text.is_empty() {
            return Ok(None);
        }
        let field = format!("process.execCPUAffinity.{name}");
        match Numbers::parse(text, MOST_PROCESSORS) {
            Ok(processors) => Ok(Some(Step::SetAffinity { processors, field, side })),
            Err(why) => Err(Fault::invalid(field, why)),
        }
    };
    Ok((step("initial", initial, Side::Host)?, step("final", last, Side::Child)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named() {
        let io = |class: &str, priority| io_priority(&IoPriority { class: class.into(), priority });
        assert!(io("IOPRIO_CLASS_BE", 7).is_ok());
        assert!(io("IOPRIO_CLASS_BE", 8).unwrap_err().sentence().contains("ioPriority.priority"));
        assert!(io("", 0).unwrap_err().sentence().contains("ioPriority.class"));
        let domain = |name: &str, flags: &[&str]| {
            domain(&Personality {
                domain: name.into(),
                flags: flags.iter().map(ToString::to_string).collect(),
            })
        };
        assert!(matches!((domain("LINUX", &[]), domain("LINUX32", &[])), (Ok(0), Ok(8))));
        assert!(domain("BSD", &[]).unwrap_err().sentence().contains("personality.domain"));
        assert!(domain("LINUX", &["X"]).unwrap_err().sentence().contains("personality.flags[0]"));
        let list = CpuAffinity { initial: "0".into(), last: "1-".into() };
        assert!(affinity(Some(&list)).unwrap_err().sentence().contains("execCPUAffinity.final"));
    }
}
