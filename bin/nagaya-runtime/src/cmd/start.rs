//! `start`: opens the gate.

use std::process::ExitCode;

use fault::Result;

use crate::args::{Args, Global};
use crate::notify;

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let id = super::only_id(args, "start ID")?;
    let container = global.containers().open(&id)?;
    let notify = notify::manager().map(|manager| container.listen(&manager)).transpose()?.flatten();
    container.start()?;
    if let Some(notify) = &notify {
        container.relay(notify)?;
    }
    Ok(ExitCode::SUCCESS)
}
