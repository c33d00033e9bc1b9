//! `stop` and `restart`.

use engine::Engine;
use fault::Result;

use super::each::each;
use super::start::start;
use crate::args::containers::Stop;

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    Start,
}

pub(super) fn run(typed: &Stop, engine: &Engine, after: After) -> Result<u8> {
    let signal = typed.signal.as_deref().map(launch::parse_signal).transpose()?;
    each(&typed.names, engine, |view| {
        engine.stop(view, signal, typed.timeout)?;
        match after {
            After::Nothing => Ok(()),
            After::Start => {
                start(&engine.find(&view.record.id)?, engine)?;
                engine.records().note(&view.record, "restart", &[]);
                Ok(())
            }
        }
    })
}
