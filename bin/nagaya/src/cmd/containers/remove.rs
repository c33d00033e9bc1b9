//! `rm`.

use engine::Engine;
use fault::{Kind, Result};

use super::each::each;
use crate::args::containers::Remove;
use crate::say;

/// One that is not there is no failure with `-f`, as in docker.
pub(super) fn run(typed: &Remove, engine: &Engine) -> Result<u8> {
    let is_there = |name: &String| match engine.find(name) {
        Err(fault) if typed.force && fault.kind() == Kind::NotFound => {
            say::note(&fault.sentence());
            false
        }
        _ => true,
    };
    let names: Vec<_> = typed.names.iter().filter(|name| is_there(name)).cloned().collect();
    each(&names, engine, |view| engine.remove(view, typed.force, typed.volumes))
}
