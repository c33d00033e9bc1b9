//! `rename`.

use engine::Engine;
use fault::{Fault, Kind, Result};

use crate::args::containers::Rename;

pub(super) fn run(typed: &Rename, engine: &Engine) -> Result<u8> {
    if typed.old.is_empty() || typed.new.is_empty() {
        return Err(Fault::new(Kind::Invalid, "rename it").because("Neither old nor new names may be empty"));
    }
    let view = engine.find(&typed.old)?;
    engine.rename(&view, &typed.new).map(|()| 0)
}
