//! Which boot of the machine this is, and which process a number means.

use std::fs;
use std::io;
use std::sync::OnceLock;

use fault::{Doing, Result};

/// The kernel's name for this boot. A record from another one speaks of things that are gone.
///
/// # Errors
/// It cannot be read, for want of memory or descriptors: nobody may take a record for one from another boot then.
pub fn id() -> Result<&'static str> {
    static ID: OnceLock<String> = OnceLock::new();
    if let Some(id) = ID.get() {
        return Ok(id);
    }
    let path = "/proc/sys/kernel/random/boot_id";
    let id = fs::read_to_string(path).doing(|| format!("read `{path}`"))?;
    Ok(ID.get_or_init(|| id.trim().to_string()))
}

/// When a process was started, in ticks since boot; nothing if it is gone or has ended.
///
/// Number and start time together name a process for good: numbers are given out again.
/// Source: proc_pid_stat(5), fields 3 and 22.
///
/// # Errors
/// It cannot be found out, for want of memory or descriptors: nobody may take it for gone then.
pub(crate) fn process_start(pid: i32) -> io::Result<Option<u64>> {
    let stat = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(err) if err.kind() == io::ErrorKind::NotFound || err.raw_os_error() == Some(NO_PROCESS) => {
            return Ok(None);
        }
        stat => stat?,
    };
    // The name before it can hold anything, so count from its closing bracket.
    let mut fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ')).into_iter().flatten();
    Ok(match fields.next() {
        None | Some("Z" | "X") => None,
        _ => fields.nth(18).and_then(|start| start.parse().ok()),
    })
}

/// `ESRCH`: it ended while it was looked at.
const NO_PROCESS: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_no_process_has_none() {
        let own = process_start(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(own.is_some_and(|start| start > 0));
        assert_eq!(process_start(0).unwrap(), None);
    }
}
