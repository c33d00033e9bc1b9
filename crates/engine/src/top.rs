//! The processes of a container, as the machine's own `ps` shows them: nothing of the container is executed, and
//! nothing of it is asked.

use std::collections::BTreeSet;
use std::process::Command;

use fault::{Doing, Fault, Kind, Result};

use crate::{Engine, View};

/// A table of processes: its head, and a row for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processes {
    /// Titles.
    pub titles: Vec<String>,
    /// As many cells as there are titles.
    pub rows: Vec<Vec<String>>,
}

/// What `ps` is given if nothing else was asked for.
const USUAL: &str = "-ef";

impl Engine {
    /// The processes of a container that runs, by options of ps(1).
    ///
    /// # Errors
    /// `WrongState`, in Docker's words; what `ps` says; and if the options leave no column with the process's number.
    pub fn processes(&self, view: &View, options: &[String]) -> Result<Processes> {
        let doing = || format!("list the processes of container `{}`", view.record.name);
        let pids = self.running(view).and_then(|container| container.pids());
        let pids: BTreeSet<i32> = pids.map_err(|fault| fault.during(doing()))?.into_iter().collect();
        let options = if options.is_empty() { vec![USUAL.to_string()] } else { options.to_vec() };
        let listed: Vec<_> = pids.iter().map(i32::to_string).collect();
        // Not all options can be had together with a choice of processes.
        let chosen = [&options[..], &["-q".to_string(), listed.join(",")]].concat();
        let text = match ps(&chosen) {
            Err(fault) if fault.kind() == Kind::Invalid => ps(&options),
            text => text,
        };
        parse(&text.map_err(|fault| fault.during(doing()))?, &pids).map_err(|fault| fault.during(doing()))
    }
}

fn ps(options: &[String]) -> Result<String> {
    let output =
        Command::new("ps").args(options).output().doing(|| "run `ps`").map_err(|fault| {
            match fault.kind() {
                Kind::NotFound => {
                    fault.hint("it is in the package `procps`, on this machine and not in the container")
                }
                _ => fault,
            }
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.is_empty()).unwrap_or("it has failed");
    Err(Fault::new(Kind::Invalid, "run `ps`").because(first))
}

/// The last column takes what is left of a line. Source: moby, `daemon/top_unix.go`.
fn parse(text: &str, pids: &BTreeSet<i32>) -> Result<Processes> {
    let mut lines = text.lines();
    let titles: Vec<String> = lines.next().unwrap_or_default().split_whitespace().map(String::from).collect();
    let Some(at) = titles.iter().position(|title| title == "PID") else {
        return Err(
            Fault::new(Kind::Invalid, "understand `ps`").because("Couldn't find PID field in ps output")
        );
    };
    let row = |line: &str| {
        let cells = cells(line, titles.len());
        let ours = cells.get(at).and_then(|pid| pid.parse().ok()).is_some_and(|pid| pids.contains(&pid));
        ours.then_some(cells)
    };
    let rows = lines.filter_map(row).collect();
    Ok(Processes { titles, rows })
}

fn cells(line: &str, most: usize) -> Vec<String> {
    let mut cells = Vec::with_capacity(most);
    let mut rest = line.trim();
    while cells.len() + 1 < most {
        let Some((cell, more)) = rest.split_once(char::is_whitespace) else { break };
        cells.push(cell.to_string());
        rest = more.trim_start();
    }
    cells.push(rest.to_string());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_takes_the_rest() {
        let text = "UID   PID CMD\nroot    7 sleep  10\nroot    8 other\n0     9\n";
        let seen = parse(text, &BTreeSet::from([7, 9])).unwrap();
        assert_eq!(seen.titles, ["UID", "PID", "CMD"]);
        assert_eq!(seen.rows[0], ["root", "7", "sleep  10"]);
        assert_eq!(seen.rows.len(), 2);
        assert!(parse("COMMAND\nx\n", &BTreeSet::new()).unwrap_err().to_string().contains("PID field"));
    }
}
