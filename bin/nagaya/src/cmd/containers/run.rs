//! `run`: a program in a new container.

use std::path::Path;

use engine::{DetachKeys, Engine, Front};
use fault::{Fault, Kind, Result};
use monitor::Attach;

use super::create;
use super::front::{NOT_A_TERMINAL, check_terminal, stand, tell};
use super::request::NO_IMAGE;
use crate::args::run::Run;
use crate::cmd::{FAILED, Failed};
use crate::say;

pub(crate) fn run(typed: Run, engine: &Engine, root: &Path) -> std::result::Result<u8, Failed> {
    let code = |fault: &Fault| match fault.sentence() {
        text if text.contains(NOT_A_TERMINAL) || text.contains(NO_IMAGE) => FAILED,
        _ => container::exit_code(fault),
    };
    try_run(typed, engine, root).map_err(|fault| Failed { code: code(&fault), fault })
}

fn try_run(typed: Run, engine: &Engine, root: &Path) -> Result<u8> {
    let (detach, trace) = (typed.detach, typed.trace);
    let streams = streams(&typed)?;
    let keys = typed.detach_keys.as_deref().map_or_else(|| Ok(DetachKeys::default()), DetachKeys::parse)?;
    let (proxy, terminal) = (typed.sig_proxy.unwrap_or(true), typed.options.tty);
    let (create, cidfile, _leases) = create::prepare(typed.options, typed.words, engine, root)?;
    let front = if detach { None } else { Some(Front::new(terminal, streams.stdin, proxy, keys)?) };
    let record = create::create(create, cidfile, engine)?;
    let attach = if detach { Attach { trace, ..Attach::default() } } else { streams };
    let mut channel = engine.start(&record, attach)?;
    let up = channel.until_up()?;
    tell(&up, trace);
    match front {
        None => say::print(&format!("{}\n", record.id)).map(|()| 0),
        Some(front) => stand(front, &mut channel, &record, engine),
    }
}

/// Which streams are passed on.
fn streams(typed: &Run) -> Result<Attach> {
    let options = &typed.options;
    let named = |name: &str| options.attach.iter().any(|stream| stream.eq_ignore_ascii_case(name));
    if let Some(wrong) = options
        .attach
        .iter()
        .find(|name| !["stdin", "stdout", "stderr"].contains(&name.to_ascii_lowercase().as_str()))
    {
        return Err(Fault::invalid(
            "--attach",
            format!("`{wrong}`: valid streams are STDIN, STDOUT and STDERR"),
        ));
    }
    if typed.detach && !options.attach.is_empty() {
        return Err(
            Fault::new(Kind::Invalid, "understand the options").because("Conflicting options: -a and -d")
        );
    }
    let all = options.attach.is_empty();
    let attach = Attach {
        stdin: options.interactive && (all || named("stdin")),
        stdout: all || named("stdout"),
        stderr: all || named("stderr"),
        trace: typed.trace,
    };
    check_terminal(options.tty && attach.stdin && !typed.detach)?;
    Ok(attach)
}
