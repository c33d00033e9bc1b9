//! Ports of containers as `ps`, `port` and `inspect` show them. Source: docker/cli, cli/command/formatter/container.go.

use std::net::SocketAddr;
use std::path::Path;

use engine::View;
use network::{Exposed, Networks, Published};

/// Ports of this machine that lead to a container's, in order. None of one that does not run.
pub(super) fn published(view: &View, root: &Path) -> Vec<Published> {
    let networks = Networks::at(root);
    let joined = view.record.request.networks.iter();
    let endpoints = joined.filter_map(|joined| networks.endpoint(&joined.id, &view.record.id).ok().flatten());
    let mut ports: Vec<_> = endpoints.flat_map(|endpoint| endpoint.ports).collect();
    ports.sort_by_key(|port| (port.port, port.host.is_ipv6(), port.host, port.host_port, port.protocol));
    ports
}

/// In one line: `0.0.0.0:8080->80/tcp, 443/tcp`.
pub(super) fn shown(view: &View, root: &Path) -> String {
    if !view.status.is_up() || view.record.request.networks.is_empty() {
        return String::new();
    }
    let published = published(view, root);
    let is_published = |exposed: &Exposed| published.iter().any(|port| port.exposed() == *exposed);
    let exposed: Vec<_> =
        view.record.request.all_exposed().into_iter().filter(|port| !is_published(port)).collect();
    line(&published, &exposed)
}

/// Ports that follow each other are one, as long as they lead to the same number.
fn line(published: &[Published], exposed: &[Exposed]) -> String {
    let mut all: Vec<_> = published.iter().map(|port| (port.exposed(), Some(port.address()))).collect();
    all.extend(exposed.iter().map(|port| (*port, None)));
    all.sort_by_key(|(port, address)| {
        (port.port, address.map(|address| (address.is_ipv6(), address)), port.protocol)
    });
    let mut groups: Vec<Group> = Vec::new();
    let (mut done, mut others) = (Vec::new(), Vec::new());
    for (port, address) in all {
        let number = port.port;
        if let Some(address) = address.filter(|address| address.port() != number) {
            others.push(format!("{address}->{port}"));
            continue;
        }
        let key = (address.map(|address| address.ip()), port.protocol);
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) if group.last.checked_add(1) == Some(number) => group.last = number,
            Some(group) => {
                done.push(group.shown());
                (group.first, group.last) = (number, number);
            }
            None => groups.push(Group { key, first: number, last: number }),
        }
    }
    done.extend(groups.iter().map(Group::shown));
    done.extend(others);
    done.join(", ")
}

struct Group {
    key: (Option<std::net::IpAddr>, network::Protocol),
    first: u16,
    last: u16,
}

impl Group {
    fn shown(&self) -> String {
        let ports = if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}-{}", self.first, self.last)
        };
        let (address, protocol) = self.key;
        match address {
            None => format!("{ports}/{protocol}"),
            Some(address) => {
                // With the brackets that it needs in front of a port.
                let with_port = SocketAddr::new(address, 0).to_string();
                let host = with_port.trim_end_matches('0').trim_end_matches(':');
                format!("{host}:{ports}->{ports}/{protocol}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use network::Protocol;

    #[test]
    fn ports_as_docker_shows_them() {
        let published = |host: &str, host_port, port| Published {
            port,
            protocol: Protocol::Tcp,
            host: host.parse().expect("an address"),
            host_port,
        };
        let exposed = |port| Exposed { port, protocol: Protocol::Udp };
        for (ports, others, expected) in [
            (
                &[published("0.0.0.0", 8080, 80), published("::", 8080, 80)][..],
                &[][..],
                "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
            ),
            (&[published("0.0.0.0", 80, 80), published("0.0.0.0", 81, 81)], &[], "0.0.0.0:80-81->80-81/tcp"),
            (
                &[published("127.0.0.1", 80, 80), published("127.0.0.1", 90, 90)],
                &[],
                "127.0.0.1:80->80/tcp, 127.0.0.1:90->90/tcp",
            ),
            (&[], &[exposed(53), exposed(54)], "53-54/udp"),
            (&[published("0.0.0.0", 8080, 80)], &[exposed(53)], "53/udp, 0.0.0.0:8080->80/tcp"),
        ] {
            assert_eq!(line(ports, others), expected);
        }
    }
}
