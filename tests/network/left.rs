//! Whether what is written down of connections is what the kernel has.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lab::Nagaya;
use serde_json::Value;

use crate::world::World;

/// What there is of connections, each as a word.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    /// `veth...`
    interfaces: BTreeSet<String>,
    /// `ADDRESS` of a container that a port leads to, with the port of this machine.
    openings: BTreeSet<String>,
    /// `ADDRESS CONTAINER`.
    leases: BTreeSet<String>,
    /// `NAME CONTAINER`.
    names: BTreeSet<String>,
}

impl World {
    /// Where what is written down, what the kernel has, and what others were promised differ; nothing if they do not.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let (promised, mut there) = (self.promised(), self.there());
        there.interfaces = self.veths();
        there.openings = self.openings();
        let busy = entries(&self.networks().join("busy"));
        if promised == there && busy.is_empty() {
            return None;
        }
        Some(format!("endpoints say {promised:#?}, there is {there:#?}, busy: {busy:?}"))
    }

    fn networks(&self) -> std::path::PathBuf {
        self.lab.engine_root().join("networks")
    }

    /// What the endpoints say there is.
    fn promised(&self) -> Parts {
        let mut parts = Parts::default();
        for network in entries(&self.networks()) {
            let files = entries(&self.networks().join(&network).join("endpoints"));
            // One that somebody was killed over stands for nothing.
            for file in files.iter().filter(|file| !file.starts_with('.')) {
                let path = self.networks().join(&network).join("endpoints").join(file);
                let Ok(text) = fs::read(path) else { continue };
                let endpoint: Value = serde_json::from_slice(&text).expect("an endpoint");
                parts.promise(&endpoint, is_default(&network));
            }
        }
        parts
    }

    /// Leases and names.
    fn there(&self) -> Parts {
        let mut parts = Parts::default();
        for network in entries(&self.networks()) {
            let folder = self.networks().join(network);
            for address in entries(&folder.join("leases")) {
                let holder = fs::read_link(folder.join("leases").join(&address)).unwrap_or_default();
                parts.leases.insert(format!("{address} {}", holder.display()));
            }
            for name in entries(&folder.join("names")).into_iter().filter(|name| !name.starts_with('.')) {
                let holders = entries(&folder.join("names").join(&name));
                parts.names.extend(holders.iter().map(|holder| format!("{name} {holder}")));
            }
        }
        parts
    }

    fn veths(&self) -> BTreeSet<String> {
        let links = self.sh(&self.here, "ip -o link show type veth").ok();
        let name = |line: &str| Some(line.split_whitespace().nth(1)?.split('@').next()?.to_string());
        links.lines().filter_map(name).filter(|name| name.starts_with("veth")).collect()
    }

    fn openings(&self) -> BTreeSet<String> {
        let listed = self.sh(&self.here, "nft -j list ruleset").ok();
        let all: Value = serde_json::from_str(&listed).expect("JSON of nft");
        let maps = all["nftables"].as_array().into_iter().flatten().map(|one| &one["map"]["elem"]);
        let pairs = maps.flat_map(|map| map.as_array().into_iter().flatten());
        pairs.map(|pair| opening(&pair[1]["concat"][0], last(&pair[0]["concat"]))).collect()
    }
}

impl Parts {
    fn promise(&mut self, endpoint: &Value, is_default: bool) {
        let container = text(&endpoint["container"]);
        self.interfaces.insert(text(&endpoint["outside"]));
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let addresses: Vec<_> = list(&endpoint["addresses"]).iter().map(|one| text(&one[0])).collect();
        self.leases.extend(addresses.iter().map(|address| format!("{address} {container}")));
        for port in list(&endpoint["ports"]) {
            let host: std::net::IpAddr = text(&port["host"]).parse().expect("an address");
            let same = addresses.iter().find(|address| address.contains(':') == host.is_ipv6());
            if let Some(to) = same.filter(|_| !host.is_loopback()) {
                self.openings.insert(opening(&Value::from(to.as_str()), &port["host_port"]));
            }
        }
        if !is_default {
            let mut names: Vec<_> = list(&endpoint["aliases"]).iter().map(text).collect();
            names.extend([text(&endpoint["name"]), container[..12].to_string()]);
            self.names.extend(names.iter().map(|name| format!("{} {container}", name.to_lowercase())));
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn last(list: &Value) -> &Value {
    list.as_array().and_then(|list| list.last()).unwrap_or(&Value::Null)
}

fn opening(to: &Value, port: &Value) -> String {
    format!("{} {port}", text(to))
}

/// Its id; see `crates/network/src/defaults.rs`.
fn is_default(network: &str) -> bool {
    network.starts_with("95f776a4a49abb7b")
}

fn entries(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The control: each part that is missing, or too much, is seen.
#[test]
fn whatever_is_left_is_seen() {
    let world = World::new();
    world.fine(&["network", "create", "--ipv6", "one"]);
    let (name, id) = (world.named("a"), || {
        world.fine(&["inspect", "-f", "{{.Id}}", &world.named("a")]).trim().to_string()
    });
    world.fine(&["run", "-d", "--name", &name, "--network", "one", "-p", "8080:80", "host", "sleep", "1000"]);
    assert_eq!(world.contradiction(), None);
    let network = world.fine(&["network", "inspect", "-f", "{{.Id}}", "one"]);
    let folder = world.networks().join(network.trim());
    for (break_it, mend) in [
        ("ip link add vethx type veth peer name vethy", "ip link del vethx"),
        (
            "nft add element inet nagaya any4 '{ tcp . 99 : 192.0.2.9 . 80 }'",
            "nft delete element inet nagaya any4 '{ tcp . 99 }'",
        ),
        (
            &format!("ln -s x {}/leases/192.0.2.9", folder.display()),
            &format!("rm {}/leases/192.0.2.9", folder.display()),
        ),
        (
            &format!("mkdir {0}/names/x && touch {0}/names/x/y", folder.display()),
            &format!("rm -r {}/names/x", folder.display()),
        ),
        (
            &format!("ln -s 1.1 {}/busy/{}", world.networks().display(), id()),
            &format!("rm {}/busy/{}", world.networks().display(), id()),
        ),
        (
            &format!("mv {0}/endpoints/{1} {0}/away", folder.display(), id()),
            &format!("mv {0}/away {0}/endpoints/{1}", folder.display(), id()),
        ),
    ] {
        world.sh(&world.here, break_it).ok();
        assert!(world.contradiction().is_some(), "{break_it}");
        world.sh(&world.here, mend).ok();
        assert_eq!(world.contradiction(), None, "{mend}");
    }
}
