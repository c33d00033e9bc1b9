//! Descriptors and terminals that are passed on: what a new process of a container is given by the caller.

use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use oci::Process;

/// Descriptors that may be passed on; what the kernel lets a process have by default.
pub(crate) const MOST_FDS: u32 = 1024;

/// Leaves only what is to be passed on, and starts this program again as one that no container can change.
/// To be called before anything of a container is looked at.
///
/// # Errors
/// A descriptor that is to be passed on is not open.
pub(crate) fn settle(preserve_fds: u32) -> Result<()> {
    let listen_fds = 3 + listen_fds();
    let given = listen_fds + preserve_fds;
    // Descriptors that the caller forgot are nobody's in a container, not even while it waits at the gate.
    sys::fds::close_on_exec_from(given).doing(|| "close descriptors of the caller")?;
    launch::seal()?;
    // Those of socket activation are as they are: it is the program that knows what to do without one.
    match (listen_fds..given).find(|number| !Path::new(&format!("/proc/self/fd/{number}")).exists()) {
        None => Ok(()),
        Some(number) => Err(Fault::new(Kind::Invalid, "use `--preserve-fds`")
            .because(format!("descriptor {number} is not open"))
            .hint("count those behind the standard ones only")),
    }
}

/// Descriptors of socket activation that were meant for us are for the program, which is told in the same
/// way: it will be process 1. The answer is how many.
///
/// Source: sd_listen_fds(3).
pub(crate) fn pass_listen_fds(process: &mut Process) -> u32 {
    let count = listen_fds();
    if count > 0 {
        process.env.extend([format!("LISTEN_FDS={count}"), "LISTEN_PID=1".to_string()]);
    }
    count
}

fn listen_fds() -> u32 {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u32>().ok());
    match number("LISTEN_PID") {
        Some(pid) if pid != std::process::id() => 0,
        _ => number("LISTEN_FDS").unwrap_or(0).min(MOST_FDS),
    }
}

/// Somebody must take the outer end of a terminal, and nobody waits for one that does not come. `socket`: a
/// console socket was named.
pub(crate) fn check_terminal(terminal: bool, detached: bool, socket: bool) -> Result<()> {
    let wrong = |cause, hint: &str| {
        Err(Fault::new(Kind::Invalid, "use `--console-socket`").because(cause).hint(hint))
    };
    match (terminal, detached, socket) {
        (true, true, false) => wrong(
            "cannot allocate a terminal for a container that is detached without a console socket",
            "name a console socket, or set `process.terminal` to false",
        ),
        (false, _, true) => {
            wrong("`process.terminal` is false: there is no terminal to send", "leave it out")
        }
        (true, false, true) => {
            wrong("a container in the foreground uses the terminal at hand", "leave it out, or add --detach")
        }
        _ => Ok(()),
    }
}
