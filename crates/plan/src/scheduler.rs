//! `process.scheduler`: how the program gets processor time.

use fault::{Fault, Result};
use oci::Scheduler;

/// What sched_setattr(2) is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduling {
    /// The policy's name in `config.json`.
    pub name: &'static str,
    /// `SCHED_*`.
    pub policy: u32,
    /// `SCHED_FLAG_*`.
    pub flags: u64,
    /// -20 to 19.
    pub nice: i32,
    /// 1 to 99 for real time, else 0.
    pub priority: u32,
    /// Nanoseconds; 0 but for deadlines.
    pub runtime: u64,
    /// Nanoseconds.
    pub deadline: u64,
    /// Nanoseconds.
    pub period: u64,
}

/// Source: include/uapi/linux/sched.h. Linux has kept a number for `SCHED_ISO`, and nothing behind it.
const POLICIES: [(&str, u32); 7] = [
    ("SCHED_OTHER", 0),
    ("SCHED_FIFO", 1),
    ("SCHED_RR", 2),
    ("SCHED_BATCH", 3),
    ("SCHED_ISO", 4),
    ("SCHED_IDLE", 5),
    ("SCHED_DEADLINE", 6),
];

/// Those that stand alone. Source: include/uapi/linux/sched.h.
const FLAGS: [(&str, u64); 5] = [
    ("SCHED_FLAG_RESET_ON_FORK", 1),
    ("SCHED_FLAG_RECLAIM", 2),
    ("SCHED_FLAG_DL_OVERRUN", 4),
    ("SCHED_FLAG_KEEP_POLICY", 8),
    ("SCHED_FLAG_KEEP_PARAMS", 16),
];

/// Those that come with a value, which the specification has no field for.
const CLAMPS: [&str; 2] = ["SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"];

/// What the kernel is to be told.
pub(crate) fn scheduling(asked: &Scheduler) -> Result<Scheduling> {
    let wrong = |field: &str, why: String| Err(Fault::invalid(format!("process.scheduler.{field}"), why));
    let Some((name, policy)) = POLICIES.into_iter().find(|(name, _)| *name == asked.policy) else {
        return wrong("policy", format!("there is no policy `{}`", asked.policy));
    };
    if !(-20..=19).contains(&asked.nice) {
        return wrong("nice", format!("{} is not between -20 and 19", asked.nice));
    }
    let real_time = matches!(name, "SCHED_FIFO" | "SCHED_RR");
    let priority = match (real_time, u32::try_from(asked.priority)) {
        (false, Ok(0)) => 0,
        (true, Ok(priority @ 1..=99)) => priority,
        (true, _) => return wrong("priority", format!("{} is not between 1 and 99", asked.priority)),
        (false, _) => return wrong("priority", format!("it is for SCHED_FIFO and SCHED_RR, not for {name}")),
    };
    let times = [("runtime", asked.runtime), ("deadline", asked.deadline), ("period", asked.period)];
    match times.into_iter().find(|(_, time)| *time != 0) {
        Some((field, _)) if name != "SCHED_DEADLINE" => {
            return wrong(field, format!("it is for SCHED_DEADLINE, not for {name}"));
        }
        None if name == "SCHED_DEADLINE" => return wrong("runtime", "SCHED_DEADLINE needs it".to_string()),
        _ => {}
    }
    Ok(Scheduling {
        name,
        policy,
        flags: flags(&asked.flags)?,
        nice: asked.nice,
        priority,
        runtime: asked.runtime,
        deadline: asked.deadline,
        period: asked.period,
    })
}

fn flags(asked: &[String]) -> Result<u64> {
    let mut flags = 0;
    for (at, name) in asked.iter().enumerate() {
        let field = format!("process.scheduler.flags[{at}]");
        match FLAGS.iter().find(|(known, _)| known == name) {
            Some((_, flag)) => flags |= flag,
            None if CLAMPS.contains(&name.as_str()) => {
                return Err(Fault::invalid(field, "the specification has no value to clamp to"));
            }
            None => return Err(Fault::invalid(field, format!("there is no flag `{name}`"))),
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Scheduler)) -> String {
        let mut asked = Scheduler { policy: "SCHED_OTHER".into(), ..Scheduler::default() };
        change(&mut asked);
        scheduling(&asked).unwrap_err().sentence()
    }

    #[test]
    fn what_does_not_fit_the_policy_is_named() {
        assert!(refused(|asked| asked.policy.clear()).contains("scheduler.policy"));
        assert!(refused(|asked| asked.nice = 20).contains("scheduler.nice"));
        assert!(refused(|asked| asked.priority = 1).contains("SCHED_FIFO and SCHED_RR"));
        assert!(refused(|asked| asked.policy = "SCHED_RR".into()).contains("between 1 and 99"));
        assert!(refused(|asked| asked.period = 1).contains("scheduler.period"));
        assert!(refused(|asked| asked.policy = "SCHED_DEADLINE".into()).contains("scheduler.runtime"));
        assert!(refused(|asked| asked.flags = vec!["SCHED_FLAG_NO".into()]).contains("flags[0]"));
        assert!(refused(|asked| asked.flags = vec![CLAMPS[0].into()]).contains("no value to clamp to"));
    }

    #[test]
    fn flags_add_up() {
        let flags = ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_KEEP_PARAMS"].map(String::from).to_vec();
        let asked = Scheduler { policy: "SCHED_RR".into(), priority: 9, flags, ..Scheduler::default() };
        let got = scheduling(&asked).unwrap();
        assert_eq!((got.policy, got.priority, got.flags), (2, 9, 17));
    }
}
