//! `kill`.

use engine::Engine;
use fault::Result;

use super::each::each;
use crate::args::containers::Kill;

pub(super) fn run(typed: &Kill, engine: &Engine) -> Result<u8> {
    let signal = launch::parse_signal(&typed.signal)
        .map_err(|fault| fault.because(format!("Invalid signal: {}", fault::visible(&typed.signal))))?;
    each(&typed.names, engine, |view| engine.kill(view, signal))
}
