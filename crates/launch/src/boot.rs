//! Which boot of the machine this is, and which process a number means.

use std::fs;
use std::sync::OnceLock;

/// The kernel's name for this boot. A record from another one speaks of things that are gone.
pub fn id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_string()
    })
}

/// When a process was started, in ticks since boot; nothing if it is gone or has ended.
///
/// Number and start time together name a process for good: numbers are given out again.
/// Source: proc_pid_stat(5), fields 3 and 22.
pub(crate) fn process_start(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it can hold anything, so count from its closing bracket.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_no_process_has_none() {
        let own = process_start(i32::try_from(std::process::id()).unwrap());
        assert!(own.is_some_and(|start| start > 0));
        assert_eq!(process_start(0), None);
    }
}
