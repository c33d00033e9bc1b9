//! Networks of a container that is there already.

use std::path::Path;

use container::{Attached, Joined, Network as Whose, Record, Request};
use fault::{Fault, Kind, Result};
use launch::ContainerNetwork;
use network::{Driver, Network, Networks};

use crate::{Engine, View};

impl Engine {
    /// Connects a container to a network: now, if it runs, and at all its starts from here on.
    ///
    /// # Errors
    /// In Docker's words, where both cannot be.
    pub fn connect(&self, view: &View, network: &Network, joined: Joined) -> Result<()> {
        let doing = || format!("connect container `{}` to network `{}`", view.record.name, network.name);
        let wrong = |why: String| Err(Fault::new(Kind::WrongState, doing()).because(why));
        check(view, network).map_err(|fault| fault.during(doing()))?;
        let record = &view.record;
        if record.request.networks.iter().any(|other| other.id == network.id) {
            return wrong(format!(
                "endpoint with name {} already exists in network {}",
                record.name, network.name
            ));
        }
        if network.is_default() && (joined.ip.is_some() || joined.ip6.is_some()) {
            return wrong("user specified IP address is supported on user defined networks only".to_string());
        }
        let asked = |ipv4| network.pool(ipv4).is_none_or(|pool| pool.asked);
        if joined.ip.is_some() && !asked(true) || joined.ip6.is_some() && !asked(false) {
            return wrong("user specified IP address is supported only when connecting to networks with user configured subnets".to_string());
        }
        if network.is_default() && !joined.aliases.is_empty() {
            return wrong(
                "network-scoped alias is supported only for containers in user defined networks".to_string(),
            );
        }
        let networks = Networks::at(self.records.root());
        networks.begin(&record.id, Some(&network.id))?;
        let done = if view.status.is_up() {
            container::attach_live(record, network, &joined, &networks)
                .and_then(|interface| self.running(view)?.network()?.plug(&interface))
        } else {
            Ok(())
        };
        let written = done.and_then(|()| {
            let mut request = record.request.clone();
            request.networks.push(joined);
            request.network = Whose::Own;
            view.folder.write_record(&Record { request, ..record.clone() })
        });
        if let Err(fault) = written {
            networks.take_back(&record.id, Some(&network.id))?;
            return Err(fault.during(doing()));
        }
        networks.finish(&record.id, Some(&network.id))?;
        tell(view).map_err(|fault| fault.during(doing()))
    }

    /// Disconnects a container from a network: now, if it runs, and for all its starts from here on.
    ///
    /// # Errors
    /// In Docker's words, if it is not connected.
    pub fn disconnect(&self, view: &View, network: &Network) -> Result<()> {
        let doing = || format!("disconnect container `{}` from network `{}`", view.record.name, network.name);
        let record = &view.record;
        if record.request.network == Whose::Host {
            let why = "container cannot be disconnected from host network or connected to host network";
            return Err(Fault::new(Kind::WrongState, doing()).because(why));
        }
        let mut request = record.request.clone();
        request.networks.retain(|joined| joined.id != network.id);
        if request.networks.len() == record.request.networks.len() {
            let why = format!("container {} is not connected to network {}", record.id, network.name);
            return Err(Fault::new(Kind::WrongState, doing()).because(why));
        }
        let networks = Networks::at(self.records.root());
        networks.begin(&record.id, Some(&network.id))?;
        // It is not connected again when it is started again, whatever happens to us.
        view.folder.write_record(&Record { request: request.clone(), ..record.clone() })?;
        if view.status.is_up() {
            let inside = self.running(view)?.network()?;
            if let Some(endpoint) = networks.endpoint(&network.id, &record.id)? {
                networks.unplug(&endpoint)?;
                inside.unplug(&endpoint.interface)?;
            }
            lead_out(&inside, &request, record, &networks)?;
        }
        networks.disconnect(network, &record.id)?;
        networks.finish(&record.id, Some(&network.id))?;
        tell(view).map_err(|fault| fault.during(doing()))
    }

    /// Takes back what others were killed over while they connected containers, or disconnected them. Of one that runs, the rest is
    /// made to fit: its way out, its names, its ports.
    pub fn take_back(&self) -> Result<()> {
        let root = self.records.root();
        for cut_off in container::take_back(root)? {
            let Some(id) = cut_off.network else { continue };
            let Some(record) = self.records.folder(&cut_off.container).record()? else { continue };
            let view = self.view(record)?;
            if view.status.is_up() {
                let (inside, networks) = (self.running(&view)?.network()?, Networks::at(root));
                if networks.by_id(&id)?.is_some_and(|network| network.driver != Driver::Bridge) {
                    remove_forgotten(&inside, &view.record, root)?;
                }
                lead_out(&inside, &view.record.request, &view.record, &networks)?;
                tell(&view)?;
            }
        }
        Ok(())
    }
}

/// Removes interfaces that no endpoint of a container tells of. Those of a bridge have gone with their other end.
fn remove_forgotten(inside: &ContainerNetwork, record: &Record, root: &Path) -> Result<()> {
    let attached = Attached::now(record, root)?;
    let ours = |name: &str| {
        let number = name.strip_prefix("eth").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_known = |name: &String| attached.all.iter().any(|(_, endpoint)| endpoint.interface == *name);
    let names = inside.names()?;
    let mut forgotten = names.iter().filter(|name| ours(name) && !is_known(name));
    forgotten.try_for_each(|name| inside.unplug(name))
}

/// Sends what is for elsewhere by the networks that a container has now.
fn lead_out(
    inside: &ContainerNetwork,
    request: &Request,
    record: &Record,
    networks: &Networks,
) -> Result<()> {
    let ways = container::ways_out(request, record, networks)?;
    ways.iter().try_for_each(|(interface, gateways)| inside.send_by(interface, gateways))
}

/// Its monitor answers for other names from here on.
pub(crate) fn tell(view: &View) -> Result<()> {
    let channel = if view.status.is_up() { monitor::connect(&view.folder)? } else { None };
    let Some(mut channel) = channel else { return Ok(()) };
    channel.say(&monitor::Frame::Networks)?;
    channel.until_up().map(drop)
}

/// What cannot be together. Source: moby, `daemon/container_operations.go`.
fn check(view: &View, network: &Network) -> Result<()> {
    let wrong = |why: &str| Err(Fault::new(Kind::WrongState, "connect it").because(why));
    let host = "container cannot be disconnected from host network or connected to host network";
    let none =
        "container cannot be connected to multiple networks with one of the networks in private (none) mode";
    match (&view.record.request.network, network.driver) {
        (Whose::Host, _) | (_, Driver::Host) => wrong(host),
        (Whose::Container(_) | Whose::Namespace(_), _) => wrong(
            "container sharing network namespace with another container or host cannot be connected to any other network",
        ),
        // One that was disconnected from all that it had can be connected again.
        (_, Driver::Null) | (Whose::None, _) => wrong(none),
        (Whose::Own, _) => Ok(()),
    }
}
