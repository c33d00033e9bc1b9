//! `update`.

use container::Request;
use engine::Engine;
use fault::{Fault, Kind, Result};
use network::Publish;

use super::each::each;
use super::understand::change;
use crate::args::views::Update;
use crate::say;

pub(super) fn run(typed: &Update, engine: &Engine) -> Result<u8> {
    let ports = !typed.publish.is_empty() || !typed.publish_rm.is_empty();
    if changed(typed, &Request::default())? == Request::default() && typed.restart.is_none() && !ports {
        return Err(Fault::new(Kind::Invalid, "update containers")
            .because("you must provide one or more flags when using this command")
            .hint("`nagaya update --help` lists them"));
    }
    each(&typed.names, engine, |view| {
        let mut changed = changed(typed, &view.record.request)?;
        changed.publish = published(typed, &view.record.request)?;
        say::warnings(&engine.update(view, changed)?);
        Ok(())
    })
}

/// Ports that are to be published: those that are, without some, and some more.
fn published(typed: &Update, request: &Request) -> Result<Vec<Publish>> {
    let mut all = request.publish.clone();
    for text in &typed.publish_rm {
        for gone in network::publish(text)? {
            let count = all.len();
            all.retain(|one| {
                let same = (one.port, one.protocol) == (gone.port, gone.protocol);
                let host = gone.host.is_none_or(|host| one.host == Some(host));
                !(same && host && gone.host_port.is_none_or(|ports| one.host_port == Some(ports)))
            });
            if all.len() == count {
                let why = format!("no port is published as {text}");
                return Err(
                    Fault::invalid("--publish-rm", why).hint("`nagaya port CONTAINER` lists those that are")
                );
            }
        }
    }
    for text in &typed.publish {
        all.extend(network::publish(text)?);
    }
    Ok(all)
}

/// What is to be different; the rest stays.
fn changed(typed: &Update, request: &Request) -> Result<Request> {
    let mut new = request.clone();
    new.restart = typed.restart.as_deref().map_or(Ok(new.restart), str::parse)?;
    change(&typed.limits, &mut new)?;
    Ok(new)
}
