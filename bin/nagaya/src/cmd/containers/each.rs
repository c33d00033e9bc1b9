//! The same for each container that was named.

use engine::{Engine, View};
use fault::Result;

use crate::cmd::FAILED;
use crate::say;

/// Prints the name of each one that it worked for. One that it does not work for does not keep the others: each fault is
/// told, and is the command's.
pub(super) fn each(names: &[String], engine: &Engine, work: impl Fn(&View) -> Result<()>) -> Result<u8> {
    each_printing(names, engine, |view, name| work(view).map(|()| name.to_string()))
}

/// The same; and what is printed is `work`'s.
pub(super) fn each_printing(
    names: &[String],
    engine: &Engine,
    work: impl Fn(&View, &str) -> Result<String>,
) -> Result<u8> {
    let mut code = 0;
    for name in names {
        match engine.find(name).and_then(|view| work(&view, name)) {
            Ok(text) => say::print(&format!("{text}\n"))?,
            Err(fault) => {
                say::error(&fault);
                code = FAILED;
            }
        }
    }
    Ok(code)
}
