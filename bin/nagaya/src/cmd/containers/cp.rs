//! `cp`.

use std::io;
use std::path::Path;

use engine::{Copy, Engine, Place, View};
use fault::{Fault, Kind, Result};
use rustix::termios::isatty;

use crate::args::inside::Cp;
use crate::say;

pub(super) fn run(typed: &Cp, engine: &Engine) -> Result<u8> {
    launch::seal()?;
    let how = Copy { archive: typed.archive, follow: typed.follow_link };
    let refused = |cause: &str| Err(Fault::new(Kind::Invalid, "copy").because(cause));
    match (Place::parse(&typed.source), Place::parse(&typed.destination)) {
        (Place::In(..), Place::In(..)) => refused("copying between containers is not supported"),
        (Place::In(name, from), Place::Here(to)) => out(&engine.find(&name)?, &from, Some(&to), how, engine),
        (Place::In(..), Place::Stream) if isatty(rustix::stdio::stdout()) => {
            refused("a tar is not written to a terminal")
        }
        (Place::In(name, from), Place::Stream) => out(&engine.find(&name)?, &from, None, how, engine),
        (Place::Here(from), Place::In(name, to)) => {
            engine.copy_in(&engine.find(&name)?, &from, &to, how).map(|()| 0)
        }
        (Place::Stream, Place::In(name, to)) => {
            engine.copy_stream_in(&engine.find(&name)?, io::stdin().lock(), &to).map(|()| 0)
        }
        _ => refused("must specify at least one container source"),
    }
}

fn out(view: &View, from: &Path, to: Option<&Path>, how: Copy, engine: &Engine) -> Result<u8> {
    let copied = engine.copy_out(view, from, to, how)?;
    if copied.devices > 0 {
        say::note(&format!(
            "devices were left out, {} of them: a container's devices are none of this machine's",
            copied.devices
        ));
    }
    Ok(0)
}
