//! `ps`: the processes of a container.

use std::collections::HashSet;
use std::process::{Command, ExitCode};

use fault::{Doing, Fault, Kind, Result};

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "ps [--format table|json] ID [OPTIONS OF ps(1)]";

pub(crate) fn run(mut args: Args, global: &Global) -> Result<ExitCode> {
    let (mut json, mut id) = (false, None::<String>);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) => {
                id = Some(value);
                break;
            }
            Word::Option(name) => match name.as_str() {
                "format" | "f" => json = is_json(&args.text("format")?)?,
                other => return Err(unknown(other)),
            },
        }
    }
    let id = id.ok_or_else(|| takes(USAGE))?.parse()?;
    let mut rest = args.rest()?;
    if rest.first().is_some_and(|word| word == "--") {
        rest.remove(0);
    }
    let pids = global.containers().open(&id)?.pids()?;
    let text = if json {
        serde_json::to_string(&pids).map_err(std::io::Error::from).doing(|| "write the list")? + "\n"
    } else {
        table(&pids, &rest)?
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn is_json(format: &str) -> Result<bool> {
    match format {
        "json" => Ok(true),
        "table" => Ok(false),
        other => Err(Fault::new(Kind::Invalid, "use `--format`")
            .because(format!("expected `table` or `json`, got `{other}`"))),
    }
}

/// What ps(1) of this machine says, of these processes alone.
fn table(pids: &[i32], options: &[String]) -> Result<String> {
    let options: Vec<&str> =
        if options.is_empty() { vec!["-ef"] } else { options.iter().map(String::as_str).collect() };
    let said = Command::new("ps").args(&options).output().doing(|| "run `ps`")?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr).trim().to_string();
        return Err(Fault::new(Kind::Failed, format!("run `ps {}`", options.join(" "))).because(why));
    }
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let header = text.lines().next().unwrap_or_default();
    let column = header.split_whitespace().position(|name| name == "PID").ok_or_else(|| {
        Fault::new(Kind::Invalid, "list the processes")
            .because("`ps` shows no column PID with these options")
            .hint("add `-o pid,...`, or leave the options out")
    })?;
    let wanted: HashSet<String> = pids.iter().map(i32::to_string).collect();
    let is_ours = |line: &&str| line.split_whitespace().nth(column).is_some_and(|pid| wanted.contains(pid));
    let lines = std::iter::once(header).chain(text.lines().skip(1).filter(is_ours));
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}
