//! `port`: until there are networks, no port of this machine leads to a container's.

use engine::Engine;
use fault::{Fault, Kind, Result};

use super::list::check_port;
use crate::args::views::Port;

pub(super) fn run(typed: &Port, engine: &Engine) -> Result<u8> {
    let name = &typed.name;
    let doing = || format!("tell where `{name}` can be reached");
    let port = typed.port.as_deref();
    if let Some(port) = port {
        check_port(port).map_err(|why| {
            Fault::new(Kind::Invalid, doing()).because(format!("invalid port ({port}): {why}"))
        })?;
    }
    engine.find(name)?;
    match port {
        None => Ok(0),
        Some(port) => Err(Fault::new(Kind::NotFound, doing())
            .because(format!("No public port '{port}' published for {name}"))
            .hint(
                "a container has no network, or this machine's own, where its ports are reached as they are",
            )),
    }
}
