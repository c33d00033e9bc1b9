//! `network connect` and `network disconnect`.

use container::Joined;
use engine::Engine;
use fault::{Kind, Result};
use network::Networks;

use crate::args::networks::{Connect, Disconnect};
use crate::say;

pub(super) fn connect(typed: &Connect, networks: &Networks, engine: &Engine) -> Result<()> {
    let view = engine.find(&typed.container)?;
    let network = networks.find(&typed.network)?;
    let joined = Joined {
        id: network.id.clone(),
        name: network.name.clone(),
        aliases: typed.alias.clone(),
        links: typed.link.clone(),
        ip: typed.ip,
        ip6: typed.ip6,
        mac: None,
    };
    engine.connect(&view, &network, joined)
}

pub(super) fn disconnect(typed: &Disconnect, networks: &Networks, engine: &Engine) -> Result<()> {
    let network = networks.find(&typed.network)?;
    match engine.find(&typed.container) {
        // Whatever was left of it, nobody else would take it away.
        Err(fault) if typed.force && fault.kind() == Kind::NotFound => {
            let endpoints = networks.endpoints(&network.id)?;
            let named =
                endpoints.iter().find(|one| one.name == typed.container || one.container == typed.container);
            let Some(endpoint) = named else { return Err(fault) };
            say::note(&fault.sentence());
            networks.unplug(endpoint)?;
            networks.disconnect(&network, &endpoint.container)
        }
        view => engine.disconnect(&view?, &network),
    }
}
