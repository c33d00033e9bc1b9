//! Names: the container's files, and who answers its questions.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};

use container::{
    Attached, NameServer, Names, Network, Record, Records, Resolving, change_names, name_servers, short,
    write_names,
};
use dns::{Server, Upstream};
use fault::{Doing, Fault, Kind, Result};
use launch::NameSockets;
use network::Networks;

use super::Monitor;
use super::book::{Book, Page};
use super::doors::Asking;
use super::life::Life;

/// The port of name servers.
const PORT: u16 = 53;

/// Everything that names of one container depend on.
struct Here<'a> {
    record: &'a Record,
    attached: &'a Attached,
    hostname: &'a str,
    own: Vec<IpAddr>,
    linked: Vec<(String, IpAddr)>,
}

impl<'a> Here<'a> {
    fn new(
        records: &Records,
        record: &'a Record,
        attached: &'a Attached,
        hostname: &'a str,
    ) -> Result<Here<'a>> {
        let (own, linked) = (attached.addresses(), linked(records, record, attached)?);
        Ok(Here { record, attached, hostname, own, linked })
    }

    fn domain(&self) -> &str {
        self.record.request.surroundings.domainname.as_deref().unwrap_or_default()
    }

    fn names(&self) -> Names<'_> {
        let as_host = self.record.request.network == Network::Host;
        Names {
            hostname: self.hostname,
            resolving: if as_host { Resolving::AsHost } else { self.attached.resolving() },
            own: &self.own,
            gateway: self.attached.gateway(),
            linked: &self.linked,
        }
    }
}

/// Writes the files for a start; tells whom to ask for names.
pub(super) fn write(monitor: &Monitor, attached: &Attached, hostname: &str) -> Result<Vec<NameServer>> {
    let record = &monitor.record;
    if let Network::Container(_) = record.request.network {
        return Ok(Vec::new());
    }
    let here = Here::new(&monitor.records, record, attached, hostname)?;
    write_names(&monitor.folder, &record.request.naming, here.domain(), &here.names())
}

/// Names of linked containers on the default network, where nobody answers questions. Source: moby,
/// `daemon/container_operations.go`.
fn linked(records: &Records, record: &Record, attached: &Attached) -> Result<Vec<(String, IpAddr)>> {
    let Some((default, _)) = attached.all.iter().find(|(network, _)| network.is_default()) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for link in &record.request.naming.links {
        let endpoint = Networks::at(records.root()).endpoint(&default.id, &link.container)?;
        let Some((endpoint, address)) = endpoint.and_then(|one| Some((one.clone(), one.ipv4()?))) else {
            let why = format!("Cannot link to a non running container: {}", short(&link.container));
            return Err(
                Fault::new(Kind::WrongState, "use `--link`").because(format!("{why} AS {}", link.alias))
            );
        };
        let mut names = vec![link.alias.clone(), short(&link.container).to_string()];
        names.extend((endpoint.name != link.alias).then_some(endpoint.name));
        all.push((names.join(" "), address.into()));
    }
    Ok(all)
}

/// Names on each network but the default one.
fn pages(record: &Record, attached: &Attached) -> Vec<Page> {
    let own = record.request.naming.links.iter();
    let own: Vec<_> = own.map(|link| (link.alias.clone(), short(&link.container).to_string())).collect();
    let named = attached.all.iter().filter(|(network, _)| !network.is_default());
    let page = |network: &network::Network| {
        let joined = record.request.networks.iter().find(|joined| joined.id == network.id);
        let typed = joined.into_iter().flat_map(|joined| &joined.links);
        let of_network = typed.filter_map(|text| container::Naming::link(text).ok());
        let links = of_network.map(|(name, alias)| (alias, name)).chain(own.clone()).collect();
        Page { id: network.id.clone(), name: network.name.clone(), links }
    };
    named.map(|(network, _)| page(network)).collect()
}

/// Where nothing leads elsewhere, nobody is asked from elsewhere either (CVE-2024-29018).
fn upstreams(asks: &[NameServer], attached: &Attached) -> Vec<Upstream> {
    let leads = attached.leads_elsewhere();
    let asked = asks.iter().filter(|server| server.inside || leads);
    asked.map(|one| Upstream { address: SocketAddr::new(one.address, PORT), inside: one.inside }).collect()
}

impl Life {
    /// Answers what comes to these sockets from here on.
    pub(super) fn answer_names(
        &mut self,
        sockets: NameSockets,
        asks: &[NameServer],
        attached: &Attached,
    ) -> Result<()> {
        let NameSockets { udp, tcp, namespace } = sockets;
        let book = Book {
            networks: Networks::at(self.monitor.records.root()),
            pages: pages(&self.monitor.record, attached),
            known: RefCell::default(),
        };
        let asking = Box::new(Asking { inside: namespace });
        let server = Server::new(udp, tcp, upstreams(asks, attached), asking);
        self.doors.names = Some((server.doing(|| "answer questions for names")?, book));
        Ok(())
    }

    /// The same for a container that was taken over.
    pub(super) fn answer_names_again(&mut self, attached: &Attached) -> Result<()> {
        if attached.resolving() != Resolving::ByMonitor {
            return Ok(());
        }
        let asks = name_servers(&self.monitor.record.request.naming)?;
        let container = self.monitor.containers.open(&self.monitor.record.id.parse()?)?;
        let sockets = container.network()?.listen_for_names(Resolving::MONITOR)?;
        self.answer_names(sockets, &asks, attached)
    }

    /// Its networks are others now.
    pub(super) fn networks_changed(&mut self) -> Result<()> {
        let monitor = &mut self.monitor;
        if let Some(record) = monitor.folder.record()? {
            monitor.record = record;
        }
        let attached = Attached::now(&monitor.record, monitor.records.root())?;
        self.republish(&attached)?;
        let monitor = &mut self.monitor;
        let hostname = std::fs::read_to_string(monitor.folder.path().join("hostname")).unwrap_or_default();
        let here = Here::new(&monitor.records, &monitor.record, &attached, hostname.trim_end())?;
        let naming = &monitor.record.request.naming;
        let asks = change_names(&monitor.folder, naming, here.domain(), &here.names())?;
        match &mut self.doors.names {
            Some((server, book)) => {
                book.pages = pages(&self.monitor.record, &attached);
                server.set_upstreams(upstreams(&asks, &attached));
                Ok(())
            }
            None => self.answer_names_again(&attached),
        }
    }
}
