//! Monitors that somebody holds still, by SIGSTOP: they neither tell an end nor write it down.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::entry::WORD;

/// Whether this process is held still. Source: proc_pid_stat(5).
pub fn is_still(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Its name, in brackets, may be anything.
    stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T "))
}

/// Lets the monitor and the keeper of a container go on, whoever held them. Nobody else is told anything by this signal
/// but who says of himself that he is one of them.
pub fn wake(id: &str) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let pid = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| is_still(pid.as_raw_nonzero().get())) else { continue };
        // Opened first, so that what is looked at is what is woken.
        if let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
            && is_of(pid, id)
        {
            let _ = pidfd_send_signal(&process, Signal::CONT);
        }
    }
}

/// It was called as the monitor of this container.
fn is_of(pid: Pid, id: &str) -> bool {
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).skip(1);
    words.next() == Some(WORD.as_bytes()) && words.any(|word| word == id.as_bytes())
}
