//! `explain`: prints the steps of a command, and does none of them.

use std::path::PathBuf;

use engine::{Engine, Prepared};
use fault::Result;

use crate::args::Run;
use crate::say;

pub(crate) fn run(typed: Run, engine: &Engine) -> Result<u8> {
    let request = super::run::request(typed)?;
    let prepared = engine.prepare(&request)?;
    let plan = prepared.plan()?;
    prepared.warnings().iter().chain(&plan.warnings).for_each(|warning| say::warn(warning));
    for path in engine.missing_volumes(&request) {
        say::note(&format!("`{}` is not there: `nagaya run` would make it, as a folder", path.display()));
    }
    say::print(&(plan::explain(&plan.steps) + &hidden(&prepared))).map(|()| 0)
}

/// What the overlay hides, and why.
fn hidden(prepared: &Prepared) -> String {
    let all = prepared.hidden();
    let width = all.iter().map(|(path, _)| path.as_os_str().len()).max().unwrap_or(0);
    let line = |(path, why): &(PathBuf, &str)| format!("  {:<width$}  {why}\n", path.display());
    let title = if all.is_empty() { "" } else { "\nhidden in the image `host`:\n" };
    title.to_string() + &all.iter().map(line).collect::<String>()
}
