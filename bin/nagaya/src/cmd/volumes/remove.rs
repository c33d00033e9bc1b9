//! `volume rm`.

use container::Volumes;
use fault::{Kind, Result};

use crate::args::volumes::Remove;
use crate::cmd::FAILED;
use crate::say;

/// One that cannot be removed does not keep the others.
pub(super) fn run(typed: &Remove, volumes: &Volumes) -> Result<u8> {
    let mut code = 0;
    for name in &typed.names {
        match volumes.remove(name) {
            Err(fault) if !(typed.force && fault.kind() == Kind::NotFound) => {
                say::error(&fault);
                code = FAILED;
            }
            _ => say::print(&format!("{name}\n"))?,
        }
    }
    Ok(code)
}
