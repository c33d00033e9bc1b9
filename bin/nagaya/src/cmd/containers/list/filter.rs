//! `--filter` of `ps`. Source: docs.docker.com, "docker container ls", and moby, `daemon/list.go`.

use std::collections::BTreeSet;
use std::path::Path;

use container::Phase;
use engine::{Engine, View};
use fault::{Fault, Result};
use images::Images;
use oci::image::Digest;
use regex_lite::Regex;

use super::row::mount_name;
use crate::args::views::Filter;
use crate::cmd::containers::ports;
use crate::cmd::filter::Labels;

/// Which containers are meant. Of several values of one name one must fit; of labels all.
#[derive(Debug, Default)]
pub(super) struct Filters {
    names: Option<Vec<Regex>>,
    ids: Option<Vec<Regex>>,
    statuses: Option<BTreeSet<String>>,
    exited: Option<Vec<i32>>,
    healths: Option<BTreeSet<String>>,
    labels: Labels,
    ancestors: Option<Vec<Option<Digest>>>,
    of_host: bool,
    volumes: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    /// The latest of those before which, and the first of those after which it was created.
    before: Option<String>,
    since: Option<String>,
    /// Of this machine (`true`) or of the container, any of these.
    ports: Vec<(bool, Vec<network::Exposed>)>,
    /// Something that no container here has.
    none: bool,
}

const STATUSES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

impl Filters {
    pub(super) fn parse(filters: &[Filter], engine: &Engine, root: &Path) -> Result<Filters> {
        let mut all = Filters::default();
        for Filter { name, value } in filters {
            all.take(name, value, engine, root)?;
        }
        Ok(all)
    }

    fn take(&mut self, name: &str, value: &str, engine: &Engine, root: &Path) -> Result<()> {
        let wrong = |cause: String| Fault::invalid(format!("--filter {name}={value}"), cause);
        let one = value.to_string();
        match name {
            // What is no pattern fits nothing, as in docker.
            "name" => self.names.get_or_insert_default().extend(Regex::new(value)),
            "id" => self.ids.get_or_insert_default().extend(Regex::new(value)),
            "status" if STATUSES.contains(&value) => self.statuses.get_or_insert_default().extend([one]),
            "status" => return Err(wrong(format!("Invalid filter 'status={value}'"))),
            "exited" => {
                let code = value.parse().map_err(|_| wrong(not_a_number("Atoi", value)))?;
                self.exited.get_or_insert_default().push(code);
            }
            "health" if ["starting", "healthy", "unhealthy", "none"].contains(&value) => {
                self.healths.get_or_insert_default().extend([one]);
            }
            "health" => return Err(wrong(format!("Unrecognised filter value for health: {value}"))),
            "label" => self.labels.add(true, value),
            "ancestor" if value == "host" => {
                self.of_host = true;
                self.ancestors.get_or_insert_default();
            }
            "ancestor" => {
                let image = Images::open(root)?.look(value).ok().map(|listed| listed.image.id);
                self.ancestors.get_or_insert_default().push(image);
            }
            "volume" => self.volumes.get_or_insert_default().push(one),
            "network" => self.networks.get_or_insert_default().push(one),
            "before" => self.before = Some(created(value, engine)?),
            "since" => self.since = Some(created(value, engine)?),
            "publish" | "expose" => {
                check_port(value)
                    .map_err(|why| wrong(format!("error while looking up for {name} {value}: {why}")))?;
                let wanted = (name == "publish", network::exposed(value)?);
                self.ports.push(wanted);
            }
            "is-task" => self.none |= value == "true" || value == "1",
            _ => return Err(wrong(format!("Invalid filter '{name}'"))),
        }
        Ok(())
    }

    /// They ask for what does not run, so it need not be asked for by `-a`.
    pub(super) fn wants_stopped(&self) -> bool {
        self.statuses.is_some()
    }

    pub(super) fn fit(&self, view: &View, root: &Path) -> bool {
        let record = &view.record;
        let any = |patterns: &Option<Vec<Regex>>, texts: &[&str]| match patterns {
            Some(patterns) => patterns.iter().any(|pattern| texts.iter().any(|text| pattern.is_match(text))),
            None => true,
        };
        let one_of = |wanted: &Option<BTreeSet<String>>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.contains(text))
        };
        let slashed = format!("/{}", record.name);
        !self.none
            && any(&self.names, &[&record.name, &slashed])
            && any(&self.ids, &[&record.id])
            && one_of(&self.statuses, &view.status.to_string())
            && one_of(&self.healths, view.state.health.as_ref().map_or("none", |health| &health.status))
            && self.before.as_ref().is_none_or(|before| record.created < *before)
            && self.since.as_ref().is_none_or(|since| record.created > *since)
            && self.networks.as_ref().is_none_or(|networks| {
                let names = record.request.network_names();
                let ids = record.request.networks.iter().map(|joined| &joined.id);
                names.iter().chain(ids).any(|name| networks.contains(name))
            })
            && self.fits_ports(view, root)
            && self.fits_end(view)
            && (self.labels.is_empty() || self.labels.fit(&record.labels()))
            && self.fits_image(view)
            && self.fits_volumes(view, root)
    }

    fn fits_ports(&self, view: &View, root: &Path) -> bool {
        if self.ports.is_empty() {
            return true;
        }
        let published = ports::published(view, root);
        let of_machine: Vec<_> = published
            .iter()
            .map(|port| network::Exposed { port: port.host_port, protocol: port.protocol })
            .collect();
        let mut own = view.record.request.all_exposed();
        own.extend(published.iter().map(network::Published::exposed));
        let has = |(publish, wanted): &(bool, Vec<network::Exposed>)| {
            let there = if *publish { &of_machine } else { &own };
            wanted.iter().any(|port| there.contains(port))
        };
        self.ports.iter().any(has)
    }

    fn fits_end(&self, view: &View) -> bool {
        let ended = view.state.phase == Phase::Exited;
        self.exited.as_ref().is_none_or(|codes| ended && codes.contains(&view.state.exit_code))
    }

    fn fits_image(&self, view: &View) -> bool {
        let Some(wanted) = &self.ancestors else { return true };
        let id = view.record.image_id();
        self.of_host && view.record.image() == "host"
            || id.is_some_and(|id| wanted.iter().flatten().any(|wanted| wanted == id))
    }

    fn fits_volumes(&self, view: &View, root: &Path) -> bool {
        let Some(wanted) = &self.volumes else { return true };
        let mounts = view.record.mounts(root);
        mounts.iter().any(|mount| {
            let name = mount_name(mount);
            wanted.iter().any(|text| [&name, &mount.destination].contains(&text))
        })
    }
}

fn created(name: &str, engine: &Engine) -> Result<String> {
    engine.find(name).map(|view| view.record.created)
}

/// In Go's words.
fn not_a_number(function: &str, text: &str) -> String {
    format!("strconv.{function}: parsing {}: invalid syntax", crate::human::quoted(text))
}

/// `80`, `80/udp`, `80-90/tcp`.
pub(in crate::cmd::containers) fn check_port(text: &str) -> std::result::Result<(), String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    for port in [first, last] {
        port.parse::<u16>().map_err(|_| not_a_number("ParseUint", port))?;
    }
    match protocol {
        "tcp" | "udp" | "sctp" => Ok(()),
        _ => Err(format!("invalid proto: {protocol}")),
    }
}

#[cfg(test)]
mod tests {
    use super::check_port;

    #[test]
    fn ports() {
        for good in ["80", "80/udp", "80-90/tcp"] {
            assert_eq!(check_port(good), Ok(()));
        }
        assert_eq!(check_port("x"), Err("strconv.ParseUint: parsing \"x\": invalid syntax".to_string()));
        assert!(check_port("80/x").is_err() && check_port("70000").is_err());
    }
}
