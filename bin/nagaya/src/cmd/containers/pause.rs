//! `pause` and `unpause`.

use engine::Engine;
use fault::Result;

use super::each::each;
use crate::args::containers::{Pause, Unpause};

pub(super) fn pause(typed: &Pause, engine: &Engine) -> Result<u8> {
    each(&typed.names, engine, |view| engine.pause(view))
}

pub(super) fn unpause(typed: &Unpause, engine: &Engine) -> Result<u8> {
    each(&typed.names, engine, |view| engine.unpause(view))
}
