//! What the kernel does about a system call.

use fault::{Fault, Result};
use oci::seccomp::Action;

/// `SECCOMP_RET_*`. Source: linux/seccomp.h.
const KILL_PROCESS: u32 = 0x8000_0000;
const KILL_THREAD: u32 = 0;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const NOTIFY: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
const ALLOW: u32 = 0x7fff_0000;

/// The largest number of an error that the kernel passes on. Source: linux/seccomp.h, `MAX_ERRNO`.
const MOST_ERRNO: u32 = 4095;

/// What a program gets that is not told which error: `EPERM`.
const EPERM: u32 = 1;

/// Also the answer of kernels that do not have a system call: what C libraries fall back on.
const ENOSYS: u32 = 38;

/// A value that a filter returns: the action, and below it the number that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict(pub(crate) u32);

impl Verdict {
    /// What a foreign architecture gets: nothing was said about it, and its numbers mean other calls.
    pub(crate) const FOREIGN: Verdict = Verdict(KILL_THREAD);
    /// The answer of a kernel that does not have the call.
    pub(crate) const UNKNOWN: Verdict = Verdict(ERRNO | ENOSYS);

    /// An action with its number, for the field of this name.
    pub(crate) fn of(action: Action, number: Option<u32>, field: &str) -> Result<Verdict> {
        let takes_number = matches!(action, Action::Errno | Action::Trace);
        let most = if action == Action::Trace { 0xffff } else { MOST_ERRNO };
        match number {
            Some(number) if !takes_number => {
                let why = format!("{number} is for `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE` only");
                return Err(Fault::invalid(field, why));
            }
            Some(number) if number > most => {
                return Err(Fault::invalid(field, format!("{number} is more than {most}")));
            }
            _ => {}
        }
        let number = number.unwrap_or(EPERM);
        Ok(Verdict(match action {
            Action::Kill | Action::KillThread => KILL_THREAD,
            Action::KillProcess => KILL_PROCESS,
            Action::Trap => TRAP,
            Action::Errno => ERRNO | number,
            Action::Notify => NOTIFY,
            Action::Trace => TRACE | number,
            Action::Log => LOG,
            Action::Allow => ALLOW,
        }))
    }

    /// A call that the profile does not know may go on: there is no error that a program could fall back on.
    pub(crate) fn lets_pass(self) -> bool {
        matches!(self.0 & 0xffff_0000, ALLOW | TRACE)
    }

    pub(crate) fn notifies(self) -> bool {
        self.0 == NOTIFY
    }
}

/// All actions, as the specification names them.
pub fn actions() -> &'static [&'static str] {
    &[
        "SCMP_ACT_ALLOW",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG",
        "SCMP_ACT_NOTIFY",
        "SCMP_ACT_TRACE",
        "SCMP_ACT_TRAP",
    ]
}
