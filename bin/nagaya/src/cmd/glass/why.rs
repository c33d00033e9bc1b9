//! `why`: what became of a container, and why, from all that is known of it.

use std::fmt::Write as _;

use container::{HealthState, State, stop_signal};
use engine::{Engine, Status, View, handles};
use fault::Result;

use crate::args::glass::Why;
use crate::{human, say};

pub(super) fn run(typed: &Why, engine: &Engine) -> Result<()> {
    let view = engine.find(&typed.name)?;
    let mut said = format!("{}: {}\n", view.record.name, headline(&view));
    for (title, text) in facts(&view).into_iter().filter(|(_, text)| !text.is_empty()) {
        let text = fault::visible(&text);
        let _ = writeln!(said, "  {title:<12} {text}");
    }
    let lines = last_lines(engine, &view);
    if !lines.is_empty() {
        let _ = writeln!(said, "  its last words:\n{lines}");
    }
    say::print(&said)
}

fn headline(view: &View) -> String {
    let state = &view.state;
    match view.status {
        Status::Created if state.error.is_empty() => "it was never started".to_string(),
        Status::Created => "it could not be started".to_string(),
        Status::Exited => format!("it has ended, with {} ({})", state.exit_code, meaning(state.exit_code)),
        Status::Running => format!("it runs, since {}", state.started),
        Status::Paused => "all its processes are held still: `nagaya unpause` lets them go on".to_string(),
        Status::Restarting => format!("it ended with {}, and starts again", state.exit_code),
        Status::Removing => "it is being removed".to_string(),
    }
}

/// What an exit code says.
fn meaning(code: i32) -> String {
    match code {
        0 => "it has done what it was to do".to_string(),
        125 => "nagaya could not start it".to_string(),
        126 => "its program could not be executed".to_string(),
        127 => "its program was not found".to_string(),
        129..=192 => format!("128 + {}: {} ended it", code - 128, launch::signal_name(code - 128)),
        255 => "its own, or nobody has seen it".to_string(),
        _ => "its program's own".to_string(),
    }
}

fn facts(view: &View) -> Vec<(&'static str, String)> {
    let state = &view.state;
    vec![
        ("error", state.error.clone()),
        ("try", state.fault.as_ref().and_then(fault::Fault::to_try).unwrap_or_default().to_string()),
        ("memory", memory(view)),
        ("stopped", stopped(view)),
        ("signals", handlers(view)),
        (
            "restarts",
            if state.restarts > 0 { format!("{} by itself", state.restarts) } else { String::new() },
        ),
        ("health", state.health.as_ref().map(health).unwrap_or_default()),
    ]
}

fn memory(view: &View) -> String {
    let limit = view.record.request.memory.and_then(|bytes| u64::try_from(bytes).ok());
    let limit =
        limit.map_or("the machine's".to_string(), |bytes| format!("{} (--memory)", human::memory(bytes)));
    match view.state {
        State { oom_killed: true, .. } => {
            format!("used up: the kernel has killed some process of it. The limit is {limit}")
        }
        State { exit_code: 137, .. } if view.status == Status::Exited => {
            format!("the kernel has killed no process of it for memory. The limit is {limit}")
        }
        _ => String::new(),
    }
}

fn stopped(view: &View) -> String {
    match (view.status, view.folder.is_stopped()) {
        (Status::Exited, true) => {
            let note = view.folder.stop_note();
            let how = if note.is_empty() { note } else { format!("; {note}") };
            format!("somebody has asked for it, by `stop`, `kill` or `rm`{how}")
        }
        (Status::Exited, false) if view.state.exit_code == 137 && !view.state.oom_killed => {
            "not by nagaya: who sent the signal is not known. Somebody else on this machine, its own program, or the kernel"
                .to_string()
        }
        _ => String::new(),
    }
}

/// A first process ends by no signal that it does not handle. Source: pid_namespaces(7).
fn handlers(view: &View) -> String {
    if !view.status.is_up() {
        return String::new();
    }
    let Ok(signal) = stop_signal(&view.record.request) else { return String::new() };
    let name = launch::signal_name(signal.as_raw());
    match handles(view.state.pid, signal) {
        Some(false) => format!(
            "its first process has no handler for {name}, so `stop` waits in vain and then kills it: --init, or a handler"
        ),
        _ => String::new(),
    }
}

fn health(health: &HealthState) -> String {
    let last = health
        .log
        .last()
        .map(|check| format!("; the last test said {}: {}", check.exit_code, check.output.trim()));
    format!("{}, {} failures in a row{}", health.status, health.failing, last.unwrap_or_default())
}

/// The last lines of its log; none if its log is kept by somebody else.
fn last_lines(engine: &Engine, view: &View) -> String {
    const LINES: u64 = 5;
    let mut all = String::new();
    let Ok(mut logs) = engine.logs(view, Some(LINES)) else { return all };
    while let Ok(Some(line)) = logs.next_line() {
        let _ = writeln!(all, "    {}", fault::visible(String::from_utf8_lossy(&line.log).trim_end()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_meaning() {
        assert!(meaning(137).contains("SIGKILL"));
        assert!(meaning(143).contains("SIGTERM"));
        assert!(meaning(127).contains("not found"));
    }
}
