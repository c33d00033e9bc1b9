//! Commands for networks.

mod create;
mod doctor;
mod filter;
pub(super) mod inspect;
mod join;
mod list;
pub(super) mod prune;
mod remove;

use std::path::Path;

use engine::Engine;
use fault::Result;
use network::Networks;

use crate::args::networks::Network;

pub(crate) fn run(verb: &Network, root: &Path) -> Result<u8> {
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
    let (networks, engine) = (Networks::at(&root), Engine::at(&root));
    tidy(&networks, &engine)?;
    match verb {
        Network::Create(typed) => create::run(typed, &networks).map(|()| 0),
        Network::Ls(typed) => list::run(typed, &networks).map(|()| 0),
        Network::Inspect(typed) => inspect::run(typed, &networks),
        Network::Rm(typed) => remove::run(typed, &networks),
        Network::Prune(typed) => prune::run(typed, &networks).map(|()| 0),
        Network::Connect(typed) => join::connect(typed, &networks, &engine).map(|()| 0),
        Network::Doctor(typed) => doctor::run(typed, &networks, &engine),
        Network::Disconnect(typed) => join::disconnect(typed, &networks, &engine).map(|()| 0),
    }
}

/// What others were killed over is nobody's any more: networks, connections, and containers that nobody watches.
fn tidy(networks: &Networks, engine: &Engine) -> Result<()> {
    engine.list(false)?;
    engine.take_back()?;
    networks.clear_unfinished()
}
