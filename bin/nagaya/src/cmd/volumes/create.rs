//! `volume create`.

use std::collections::BTreeMap;

use container::Volumes;
use fault::{Fault, Kind, Result};

use crate::args::volumes::Create;
use crate::say;

pub(super) fn run(typed: &Create, volumes: &Volumes) -> Result<()> {
    if typed.name.is_some() && typed.old_name.is_some() {
        return Err(Fault::new(Kind::Invalid, "understand the options")
            .because("conflicting options: either specify --name or provide positional arg, not both"));
    }
    let name = typed.name.as_ref().or(typed.old_name.as_ref()).map_or("", String::as_str);
    let volume = volumes.create(name, &typed.driver, pairs(&typed.opt), pairs(&typed.label))?;
    say::print(&format!("{}\n", volume.name))
}

/// A name alone has an empty value; later ones count.
fn pairs(texts: &[String]) -> BTreeMap<String, String> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_string(), value.to_string())
    };
    texts.iter().map(pair).collect()
}
