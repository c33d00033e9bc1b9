//! `exec`.

use container::{Variable, env_file};
use engine::{DetachKeys, Engine, ExecOutcome, InFront, View};
use fault::{Fault, Kind, Result};
use launch::Trace;

use super::front::check_terminal;
use super::request::size_of_terminal;
use crate::args::inside::Exec;
use crate::cmd::{FAILED, Failed};
use crate::say;

pub(super) fn run(typed: &Exec, engine: &Engine) -> std::result::Result<u8, Failed> {
    let failed = |fault: Fault| Failed { fault, code: FAILED };
    let (view, exec, in_front) = understand(typed, engine).map_err(failed)?;
    let told = |warnings: &[String], trace: Option<&Trace>| {
        say::warnings(warnings);
        if let Some(trace) = trace.filter(|_| typed.trace) {
            let steps = trace.steps.iter().map(|(step, took)| plan::trace_line(step, *took));
            say::talk(&(say::lines(steps) + &format!("{:>8} us  in all\n", trace.whole.as_micros())));
        }
    };
    match engine.exec(&view, &exec, in_front, told) {
        Ok(ExecOutcome::Ended(code)) => Ok(code),
        Ok(ExecOutcome::Detached) => Ok(0),
        Ok(ExecOutcome::Left) => {
            say::talk("read escape sequence\n");
            Ok(FAILED)
        }
        Err(fault) => Err(Failed { code: if typed.detach { FAILED } else { code(&fault) }, fault }),
    }
}

/// Its steps, and none of them done.
pub(in crate::cmd) fn explain(typed: &Exec, engine: &Engine) -> Result<String> {
    let exec = exec(typed)?;
    let (steps, warnings) = engine.exec_steps(&engine.find(&typed.name)?, &exec)?;
    say::warnings(&warnings);
    Ok(plan::explain(&steps, crate::table::terminal()))
}

/// Docker's: one code for a container that nothing can be executed in, and two for a program that could not be.
fn code(fault: &Fault) -> u8 {
    match fault.kind() {
        Kind::WrongState => FAILED,
        Kind::NotFound => NOT_FOUND,
        _ => NOT_EXECUTED,
    }
}

const NOT_EXECUTED: u8 = 126;
const NOT_FOUND: u8 = 127;

fn understand(typed: &Exec, engine: &Engine) -> Result<(View, container::Exec, Option<InFront>)> {
    // Before anything of the container is looked at: from here on we are a program that it cannot change.
    launch::seal()?;
    if typed.detach && typed.detach_keys.is_some() {
        return Err(Fault::new(Kind::Invalid, "understand the options")
            .because("Conflicting options: --detach and --detach-keys"));
    }
    let keys = typed.detach_keys.as_deref().map_or_else(|| Ok(DetachKeys::default()), DetachKeys::parse)?;
    check_terminal(typed.tty && typed.interactive && !typed.detach)?;
    let exec = exec(typed)?;
    let view = engine.find(&typed.name)?;
    let in_front = (!typed.detach).then_some(InFront { input: typed.interactive, keys });
    Ok((view, exec, in_front))
}

/// Later variables count: those that were typed over those of files.
fn exec(typed: &Exec) -> Result<container::Exec> {
    let caller = |name: &str| std::env::var(name).ok();
    let mut env = Vec::new();
    for path in &typed.env_file {
        env.extend(env_file(path, caller)?);
    }
    for text in &typed.env {
        env.push(Variable::parse(text, caller)?);
    }
    Ok(container::Exec {
        command: typed.command.clone(),
        env,
        workdir: typed.workdir.clone(),
        user: typed.user.clone(),
        terminal: typed.tty,
        size: typed.tty.then(size_of_terminal).flatten(),
        privileged: typed.privileged,
    })
}
