//! `rm`.

use engine::Engine;
use fault::{Kind, Result};

use super::each::each;
use crate::args::containers::Remove;
use crate::say;

/// With `-f`, one that is not there is no failure, as in docker; and one of which something cannot be read goes too.
pub(super) fn run(typed: &Remove, engine: &Engine) -> Result<u8> {
    let (mut names, mut code) = (Vec::new(), 0);
    for name in &typed.names {
        match engine.find(name) {
            Err(fault) if typed.force && fault.kind() == Kind::NotFound => say::note(&fault.sentence()),
            Err(fault) if typed.force && fault.kind() != Kind::Invalid => {
                say::warn(&fault.sentence());
                match engine.remove_unreadable(name) {
                    Ok(()) => say::print(&format!("{name}\n"))?,
                    Err(fault) => {
                        say::error(&fault);
                        code = crate::cmd::FAILED;
                    }
                }
            }
            _ => names.push(name.clone()),
        }
    }
    code = code.max(each(&names, engine, |view| engine.remove(view, typed.force, typed.volumes))?);
    // What others have left who were killed is in nobody's way, so it is no failure if it stays.
    let _ = engine.sweep();
    Ok(code)
}
