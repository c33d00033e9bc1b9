//! `wait`.

use engine::Engine;
use fault::Result;

use super::each::each_printing;
use crate::args::containers::Wait;

pub(super) fn run(typed: &Wait, engine: &Engine) -> Result<u8> {
    each_printing(&typed.names, engine, |view, _| engine.wait(view).map(|code| code.to_string()))
}
