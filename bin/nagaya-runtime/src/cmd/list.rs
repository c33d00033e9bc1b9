//! `list`: all containers.

use std::fmt::Write;
use std::process::ExitCode;

use fault::{Doing, Fault, Kind, Result};
use oci::State;

use crate::args::{Args, Global, Word, takes, unknown};
use crate::log;

const USAGE: &str = "list [--quiet] [--format table|json]";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut quiet, mut json) = (false, false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) => match name.as_str() {
                "quiet" | "q" => quiet = true,
                "format" | "f" => json = format(&args.text("format")?)?,
                other => return Err(unknown(other)),
            },
        }
    }
    let all = global.containers();
    let mut states = Vec::new();
    for id in all.names()? {
        match all.open(&id) {
            Ok(container) => states.push(container.state()),
            // Removed since we read the list.
            Err(fault) if fault.kind() == Kind::NotFound => {}
            // One that cannot be read hides no other.
            Err(fault) => log::warn(global, &fault.sentence()),
        }
    }
    super::print(&show(&states, quiet, json)?)?;
    Ok(ExitCode::SUCCESS)
}

fn format(name: &str) -> Result<bool> {
    match name {
        "json" => Ok(true),
        "table" => Ok(false),
        other => Err(Fault::new(Kind::Invalid, "use `--format`")
            .because(format!("expected `table` or `json`, got `{other}`"))),
    }
}

fn show(states: &[State], quiet: bool, json: bool) -> Result<String> {
    let mut text = String::new();
    if quiet {
        return Ok(states.iter().map(|state| state.id.clone() + "\n").collect());
    }
    if json {
        // Go writes an empty list as null, and callers read that.
        if states.is_empty() {
            return Ok("null".to_string());
        }
        return serde_json::to_string(states).map_err(std::io::Error::from).doing(|| "write the list");
    }
    let wide =
        |pick: fn(&State) -> usize, least: usize| states.iter().map(pick).max().unwrap_or(0).max(least);
    let (id, bundle) = (wide(|state| state.id.len(), 2), wide(|state| state.bundle.len(), 6));
    let mut line = |state: [&str; 6]| {
        let [name, pid, status, path, created, owner] = state;
        let _ = writeln!(text, "{name:<id$}  {pid:<8}  {status:<8}  {path:<bundle$}  {created:<30}  {owner}");
    };
    line(["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]);
    for state in states {
        let (pid, status) = (state.pid.to_string(), state.status.to_string());
        line([&state.id, &pid, &status, &state.bundle, &state.created, &state.owner]);
    }
    Ok(text)
}
