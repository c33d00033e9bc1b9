//! `start`: opens the gate.

use std::process::ExitCode;

use fault::Result;

use crate::args::{Args, Global};

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let id = super::only_id(args, "start ID")?;
    global.containers().open(&id)?.start()?;
    Ok(ExitCode::SUCCESS)
}
