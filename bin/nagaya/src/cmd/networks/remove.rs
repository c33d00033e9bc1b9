//! `network rm`.

use fault::{Kind, Result};
use network::Networks;

use crate::args::networks::Remove;
use crate::cmd::FAILED;
use crate::say;

/// One that cannot be removed does not keep the others.
pub(super) fn run(typed: &Remove, networks: &Networks) -> Result<u8> {
    let mut code = 0;
    for name in &typed.names {
        match networks.find(name).and_then(|network| networks.remove(&network)) {
            Ok(()) => say::print(&format!("{name}\n"))?,
            Err(fault) if typed.force && fault.kind() == Kind::NotFound => say::note(&fault.sentence()),
            Err(fault) => {
                say::error(&fault);
                code = FAILED;
            }
        }
    }
    Ok(code)
}
