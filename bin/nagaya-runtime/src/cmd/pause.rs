//! `pause` and `resume`.

use std::process::ExitCode;

use fault::Result;

use crate::args::{Args, Global};

pub(crate) fn pause(args: Args, global: &Global) -> Result<ExitCode> {
    let id = super::only_id(args, "pause ID")?;
    global.containers().open(&id)?.pause().map(|()| ExitCode::SUCCESS)
}

pub(crate) fn resume(args: Args, global: &Global) -> Result<ExitCode> {
    let id = super::only_id(args, "resume ID")?;
    global.containers().open(&id)?.resume().map(|()| ExitCode::SUCCESS)
}
