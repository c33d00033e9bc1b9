//! `attach`.

use engine::{DetachKeys, Engine, Front};
use fault::Result;
use monitor::Attach;

use super::front;
use crate::args::containers;

pub(super) fn run(typed: &containers::Attach, engine: &Engine) -> Result<u8> {
    let view = engine.find(&typed.name)?;
    let request = &view.record.request;
    let stdin = !typed.no_stdin && request.interactive;
    front::check_terminal(request.terminal && stdin)?;
    let keys = typed.detach_keys.as_deref().map_or_else(|| Ok(DetachKeys::default()), DetachKeys::parse)?;
    let front = Front::new(request.terminal, stdin, typed.sig_proxy.unwrap_or(true), keys)?;
    let mut channel =
        engine.attach(&view, Attach { stdin, stdout: true, stderr: true, ..Attach::default() })?;
    front::stand(front, &mut channel, &view.record, engine)
}
