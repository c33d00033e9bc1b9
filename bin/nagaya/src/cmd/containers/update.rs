//! `update`.

use container::Request;
use engine::Engine;
use fault::{Fault, Kind, Result};
use network::Publish;

use super::each::each;
use super::understand::{quota, sized, swap};
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
    let quota = quota(typed.cpus.as_deref(), typed.cpu_quota, typed.cpu_period)?;
    new.memory = typed.memory.as_deref().map(container::memory).transpose()?.or(new.memory);
    new.cpu_quota = quota.or(new.cpu_quota);
    new.pids = typed.pids_limit.or(new.pids);
    new.restart = typed.restart.as_deref().map_or(Ok(new.restart), str::parse)?;
    let limits = &mut new.limits;
    limits.cpu_shares = typed.cpu_shares.or(limits.cpu_shares);
    limits.cpu_period = typed.cpu_period.filter(|period| *period > 0).or(limits.cpu_period);
    limits.memory_swap = typed.memory_swap.as_deref().map(swap).transpose()?.or(limits.memory_swap);
    let reservation = sized(typed.memory_reservation.as_deref(), "--memory-reservation")?;
    limits.memory_reservation = reservation.or(limits.memory_reservation);
    limits.blkio_weight = typed.blkio_weight.filter(|weight| *weight > 0).or(limits.blkio_weight);
    if let Some(list) = &typed.cpuset_cpus {
        limits.cpuset_cpus.clone_from(list);
    }
    if let Some(list) = &typed.cpuset_mems {
        limits.cpuset_mems.clone_from(list);
    }
    Ok(new)
}
