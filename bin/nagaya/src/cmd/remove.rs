//! `rm`: removes containers.

use engine::Engine;
use fault::{Kind, Result};

use crate::args::Remove;
use crate::say;

/// Prints the name of each one that was removed. One that cannot be removed does not keep the others; one
/// that is not there is no failure with `-f`, as in docker.
pub(crate) fn run(typed: &Remove, engine: &Engine) -> Result<u8> {
    let remove = |name: &String| {
        let warnings = match name.parse().and_then(|id| engine.remove(&id, typed.force)) {
            Err(fault) if typed.force && fault.kind() == Kind::NotFound => {
                say::note(&fault.sentence());
                return Ok(());
            }
            removed => removed?,
        };
        for warning in warnings {
            say::warn(&warning);
        }
        say::print(&format!("{name}\n"))
    };
    typed.names.iter().map(remove).fold(Ok(()), Result::and).map(|()| 0)
}
