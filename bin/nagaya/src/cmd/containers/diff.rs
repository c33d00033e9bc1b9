//! `diff`.

use engine::Engine;
use fault::Result;

use crate::args::inside::Diff;
use crate::say;

pub(super) fn run(typed: &Diff, engine: &Engine) -> Result<u8> {
    let changes = engine.changes(&engine.find(&typed.name)?)?;
    say::print(&say::lines(changes)).map(|()| 0)
}
