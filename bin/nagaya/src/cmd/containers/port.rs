//! `port`.

use std::path::Path;

use engine::Engine;
use fault::{Fault, Kind, Result};

use super::list::check_port;
use super::ports;
use crate::args::views::Port;
use crate::say;

pub(super) fn run(typed: &Port, engine: &Engine, root: &Path) -> Result<u8> {
    let name = &typed.name;
    let doing = || format!("tell where `{name}` can be reached");
    let port = typed.port.as_deref();
    if let Some(port) = port {
        check_port(port).map_err(|why| {
            Fault::new(Kind::Invalid, doing()).because(format!("invalid port ({port}): {why}"))
        })?;
    }
    let view = engine.find(name)?;
    let published = ports::published(&view, root);
    let Some(port) = port else {
        return say::print(&say::lines(
            published.iter().map(|port| format!("{} -> {}", port.exposed(), port.address())),
        ))
        .map(|()| 0);
    };
    let wanted = network::exposed(port)?;
    let found: Vec<_> = published.iter().filter(|port| wanted.contains(&port.exposed())).collect();
    if found.is_empty() {
        return Err(Fault::new(Kind::NotFound, doing())
            .because(format!("No public port '{port}' published for {name}"))
            .hint(format!("`nagaya port {name}` tells all that there are")));
    }
    say::print(&say::lines(found.iter().map(|port| port.address().to_string()))).map(|()| 0)
}
