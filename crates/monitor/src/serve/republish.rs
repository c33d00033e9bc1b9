//! Other ports for a container that runs.

use container::Attached;
use fault::Result;
use network::{Endpoint, Networks, Publish, Published};

use super::life::Life;
use super::ports::{Ports, address, protocol, take};

/// What is kept of the ports that a container has, and what it is to have besides.
fn compare(wanted: &[Publish], held: &[Published]) -> (Vec<Published>, Vec<Publish>) {
    let mut left = held.to_vec();
    let (mut kept, mut new) = (Vec::new(), Vec::new());
    for publish in wanted {
        let Some(first) = left.iter().find(|one| fits(publish, one)).copied() else {
            new.push(*publish);
            continue;
        };
        // The same port at each address that is meant.
        let same = |one: &Published| fits(publish, one) && one.host_port == first.host_port;
        kept.extend(left.iter().filter(|one| same(one)));
        left.retain(|one| !same(one));
    }
    (kept, new)
}

fn fits(publish: &Publish, one: &Published) -> bool {
    let host = publish.host.map_or(one.host.is_unspecified(), |host| host == one.host);
    let port = publish.host_port.is_none_or(|(first, last)| (first..=last).contains(&one.host_port));
    host && port && (publish.port, publish.protocol) == (one.port, one.protocol)
}

impl Life {
    /// Has ports of this machine lead to the container as its record says, by the network that leads elsewhere now.
    pub(super) fn republish(&mut self, attached: &Attached) -> Result<()> {
        let wanted = self.monitor.record.request.to_publish();
        let (kept, new) = compare(&wanted, &self.doors.published);
        let mut added = Vec::new();
        for publish in &new {
            added.extend(take(publish)?);
        }
        let ports: Vec<_> = kept.iter().copied().chain(added.iter().map(|(port, _)| *port)).collect();
        let networks = Networks::at(self.monitor.records.root());
        let way_out = attached.publishes_by();
        let mut leads = None;
        // Those that it is not published by any more give the ports back first.
        for (at, (network, endpoint)) in attached.all.iter().enumerate() {
            if way_out != Some(at) {
                networks.republish(network, endpoint, Vec::new())?;
            }
        }
        if let Some((network, endpoint)) = way_out.and_then(|at| attached.all.get(at)) {
            leads = Some(networks.republish(network, endpoint, ports.clone())?);
        }
        let to = |port: &Published| leads.as_ref().and_then(|endpoint: &Endpoint| address(endpoint, port));
        let relay = &mut self.doors.relay;
        for gone in self.doors.published.iter().filter(|port| !ports.contains(port)) {
            relay.remove(gone.address(), protocol(gone.protocol));
        }
        for port in &kept {
            relay.lead(port.address(), protocol(port.protocol), to(port));
        }
        for (port, reserved) in added {
            relay.add(reserved, to(&port));
        }
        self.doors.published = ports;
        Ok(())
    }

    /// The same for a container that was taken over: its monitor may have been killed while it did that, or before.
    pub(super) fn republish_again(&mut self, mut attached: Attached) -> Result<()> {
        let networks = Networks::at(self.monitor.records.root());
        for (network, endpoint) in &mut attached.all {
            *endpoint = networks.mend_ports(network, endpoint)?;
        }
        self.doors.published = Ports::hold_again(&attached, &mut self.doors.relay);
        // Commands find us by now: what they write from here on, they tell.
        if let Some(record) = self.monitor.folder.record()? {
            self.monitor.record = record;
        }
        self.republish(&attached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Vec<Publish> {
        text.split(' ').filter(|one| !one.is_empty()).flat_map(|one| network::publish(one).unwrap()).collect()
    }

    fn held(list: &[(&str, u16, u16)]) -> Vec<Published> {
        let one = |(host, host_port, port): &(&str, u16, u16)| Published {
            port: *port,
            protocol: network::Protocol::Tcp,
            host: host.parse().unwrap(),
            host_port: *host_port,
        };
        list.iter().map(one).collect()
    }

    #[test]
    fn what_is_wanted_and_there_stays() {
        let all =
            held(&[("0.0.0.0", 8080, 80), ("::", 8080, 80), ("0.0.0.0", 40000, 81), ("127.0.0.1", 9, 80)]);
        for (text, kept, new) in [
            ("8080:80 81 127.0.0.1:9:80", 4, 0),
            ("8080:80 8081:80", 2, 1),
            ("81 81", 1, 1),
            ("8080:80/udp", 0, 1),
            ("8000-8100:80", 2, 0),
            ("127.0.0.1:8080:80", 0, 1),
            ("", 0, 0),
        ] {
            let (keeps, adds) = compare(&wanted(text), &all);
            assert_eq!((keeps.len(), adds.len()), (kept, new), "{text}");
        }
    }
}
