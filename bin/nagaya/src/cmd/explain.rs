//! `explain`: prints the steps of a command, and does none of them.

use std::path::{Path, PathBuf};

use container::Prepared;
use engine::Engine;
use fault::Result;

use super::containers::{self, request::request};
use crate::args::inside::Exec;
use crate::args::run::Run;
use crate::say;
use crate::table::terminal;

pub(crate) fn run(mut typed: Run, root: &Path) -> Result<u8> {
    let engine = Engine::at(root);
    // Nothing is done, so nothing is fetched.
    typed.options.pull = "never".to_string();
    let (request, _leases) = request(typed.options, typed.words, root)?;
    let missing = engine.missing_volumes(&request)?;
    let prepared = engine.prepare(request)?.prepared;
    let plan = prepared.plan()?;
    prepared.warnings.iter().chain(&plan.warnings).for_each(|warning| say::warn(warning));
    for path in missing {
        say::note(&format!("`{}` is not there: `nagaya run` would make it, as a folder", path.display()));
    }
    say::print(&(plan::explain(&plan.steps, terminal()) + &hidden(&prepared))).map(|()| 0)
}

pub(crate) fn exec(typed: &Exec, root: &Path) -> Result<u8> {
    say::print(&containers::exec::explain(typed, &Engine::at(root))?).map(|()| 0)
}

/// What the overlay hides, and why.
fn hidden(prepared: &Prepared) -> String {
    let all = &prepared.hidden;
    let width = all.iter().map(|(path, _)| path.as_os_str().len()).max().unwrap_or(0);
    let line = |(path, why): &(PathBuf, &str)| format!("  {:<width$}  {why}\n", path.display());
    let title = if all.is_empty() { "" } else { "\nhidden in the image `host`:\n" };
    title.to_string() + &all.iter().map(line).collect::<String>()
}
