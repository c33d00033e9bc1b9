//! `start`.

use engine::{DetachKeys, Engine, Front, Status, View};
use fault::{Fault, Kind, Result};
use monitor::Attach;

use super::each::each;
use super::front;
use crate::args::containers::Start;
use crate::cmd::{FAILED, Failed};

pub(super) fn run(typed: &Start, engine: &Engine) -> std::result::Result<u8, Failed> {
    let failed = |fault: Fault| Failed { fault, code: FAILED };
    if typed.attach || typed.interactive {
        return in_front(typed, engine).map_err(failed);
    }
    each(&typed.names, engine, |view| start(view, engine)).map_err(failed)
}

/// Starts it; one that runs already is left alone, as in docker.
pub(super) fn start(view: &View, engine: &Engine) -> Result<()> {
    match view.status {
        Status::Running => Ok(()),
        Status::Paused => {
            Err(Fault::new(Kind::WrongState, format!("start container `{}`", view.record.name))
                .because("cannot start a paused container, try unpause instead"))
        }
        _ => match engine.start(&view.record, Attach::default()) {
            // Somebody else has started it in this moment.
            Err(fault) if fault.kind() == Kind::WrongState => match engine.find(&view.record.id)?.status {
                Status::Running => Ok(()),
                _ => Err(fault),
            },
            channel => {
                let up = channel?.until_up()?;
                front::tell(&up, false);
                Ok(())
            }
        },
    }
}

fn in_front(typed: &Start, engine: &Engine) -> Result<u8> {
    let [name] = typed.names.as_slice() else {
        return Err(Fault::new(Kind::Invalid, "start and attach")
            .because("you cannot start and attach multiple containers at once"));
    };
    let view = engine.find(name)?;
    let request = &view.record.request;
    let stdin = typed.interactive && request.interactive;
    front::check_terminal(request.terminal && stdin)?;
    let keys = typed.detach_keys.as_deref().map_or_else(|| Ok(DetachKeys::default()), DetachKeys::parse)?;
    let attach = Attach { stdin, stdout: true, stderr: true, ..Attach::default() };
    let front = Front::new(request.terminal, stdin, true, keys)?;
    let mut channel = if view.status.is_up() {
        engine.attach(&view, attach)?
    } else {
        let mut channel = engine.start(&view.record, attach)?;
        front::tell(&channel.until_up()?, false);
        channel
    };
    front::stand(front, &mut channel, &view.record, engine)
}
