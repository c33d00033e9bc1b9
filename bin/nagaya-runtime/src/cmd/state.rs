//! `state`: what a container is right now.

use std::process::ExitCode;

use fault::{Doing, Result};

use crate::args::{Args, Global};

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let id = super::only_id(args, "state ID")?;
    let state = global.containers().open(&id)?.state();
    let text =
        serde_json::to_string_pretty(&state).map_err(std::io::Error::from).doing(|| "write the state")?;
    super::print(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}
