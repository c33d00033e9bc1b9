//! What commands have in common that stand in front of a container.

use container::Record;
use engine::{Engine, Front, Outcome};
use fault::{Fault, Kind, Result};
use monitor::{Channel, Up};
use rustix::termios::isatty;

use crate::cmd::OURS;
use crate::say;

/// In Docker's words, which has an exit code of its own for it.
pub(super) const NOT_A_TERMINAL: &str = "the input device is not a TTY";

/// Stands in front of a container until its program ends; tells the exit code.
pub(super) fn stand(front: Front, channel: &mut Channel, record: &Record, engine: &Engine) -> Result<u8> {
    match front.stand(channel)? {
        Outcome::Left => Ok(0),
        Outcome::Ended(exit) if exit.error.is_empty() => Ok(exit.code),
        Outcome::Ended(exit) => {
            say::warn(&exit.error);
            Ok(exit.code)
        }
        Outcome::Lost => Ok(lost(record, engine)),
    }
}

/// Its monitor was killed. The container lives on, and we wait for it, without its output.
fn lost(record: &Record, engine: &Engine) -> u8 {
    say::warn(
        "the container's monitor was killed; the container is watched by another one, and `nagaya logs` has what it prints",
    );
    let code = engine.find(&record.id).and_then(|view| engine.wait(&view));
    code.ok().and_then(|code| u8::try_from(code).ok()).unwrap_or(OURS)
}

/// What could not be had, and each step, if somebody wants to know.
pub(super) fn tell(up: &Up, trace: bool) {
    say::warnings(&up.warnings);
    if trace {
        say::talk(&(say::lines(&up.trace) + &format!("{:>8} us  in all\n", up.whole)));
    }
}

/// Keys can be passed on to a terminal from a terminal only.
pub(super) fn check_terminal(wanted: bool) -> Result<()> {
    if !wanted || isatty(rustix::stdio::stdin()) {
        return Ok(());
    }
    Err(Fault::new(Kind::Invalid, "use `--tty`").because(NOT_A_TERMINAL).hint("leave -t out, and keep -i"))
}
