//! `--network` and what belongs to it, understood. Source of rules and words: moby, `runconfig/hostconfig_unix.go`,
//! `daemon/container_operations.go`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use container::{Joined, Network};
use engine::Engine;
use fault::{Fault, Kind, Result};
use network::{Exposed, Networks, Publish};

use crate::args::network::Networking;
use crate::say;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Understood {
    pub(super) network: Network,
    pub(super) networks: Vec<Joined>,
    pub(super) publish: Vec<Publish>,
    pub(super) publish_all: bool,
    pub(super) exposed: Vec<Exposed>,
}

/// What `--network` says of one network.
#[derive(Debug, Default)]
struct Word {
    name: String,
    aliases: Vec<String>,
    ip: Option<Ipv4Addr>,
    ip6: Option<Ipv6Addr>,
    mac: Option<String>,
}

pub(super) fn understand(typed: &Networking, hostname: Option<&str>, root: &Path) -> Result<Understood> {
    let mut understood = Understood {
        publish: each(&typed.publish, network::publish)?,
        exposed: each(&typed.expose, network::exposed)?,
        publish_all: typed.publish_all,
        ..Understood::default()
    };
    let mut words = typed.network.iter().map(|text| word(text)).collect::<Result<Vec<_>>>()?;
    if words.is_empty() {
        words.push(Word::default());
    }
    for word in words.iter_mut().filter(|word| matches!(word.name.as_str(), "" | "default")) {
        word.name = usual();
    }
    let first = &mut words[0];
    first.aliases.extend(typed.network_alias.iter().cloned());
    first.ip = typed.ip.or(first.ip);
    first.ip6 = typed.ip6.or(first.ip6);
    first.mac = typed.mac_address.clone().or(first.mac.take());
    understood.network = whose(&words, root)?;
    match &understood.network {
        Network::Own => understood.networks = join(words, root)?,
        other => check_alone(other, &words[0], hostname, &understood)?,
    }
    Ok(understood)
}

fn each<T>(texts: &[String], parse: impl Fn(&str) -> Result<Vec<T>>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for text in texts {
        all.extend(parse(text)?);
    }
    Ok(all)
}

/// A name, or pairs of which one is the name.
fn word(text: &str) -> Result<Word> {
    // A path may have such a sign in it.
    if !text.contains('=') || text.starts_with("ns:") {
        return Ok(Word { name: text.to_string(), ..Word::default() });
    }
    let mut word = Word::default();
    for pair in text.split(',') {
        let wrong = |why: String| Fault::invalid(format!("--network {text}"), why);
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong(format!("invalid field {pair}")))?;
        let address = || wrong(format!("`{value}` is no address for {name}"));
        match name.trim().to_ascii_lowercase().as_str() {
            "name" => word.name = value.to_string(),
            "alias" => word.aliases.push(value.to_string()),
            "ip" => word.ip = Some(value.parse().map_err(|_| address())?),
            "ip6" => word.ip6 = Some(value.parse().map_err(|_| address())?),
            "mac-address" => word.mac = Some(value.to_string()),
            _ => return Err(wrong(format!("invalid field key {name}"))),
        }
    }
    if word.name.is_empty() {
        return Err(Fault::invalid(format!("--network {text}"), "network name/id is not specified"));
    }
    Ok(word)
}

/// Whose network namespace it has.
fn whose(words: &[Word], root: &Path) -> Result<Network> {
    let mode = |name: &str| -> Result<Network> {
        Ok(match name.split_once(':') {
            None if name == "none" => Network::None,
            None if name == "host" => Network::Host,
            Some(("container", other)) if !other.is_empty() => {
                Network::Container(Engine::at(root).find(other)?.record.id)
            }
            Some(("container", _)) => {
                return Err(Fault::invalid("--network", "Invalid container format container:<name|id>"));
            }
            Some(("ns", path)) => Network::Namespace(namespace(path)?),
            _ => Network::Own,
        })
    };
    let first = mode(&words[0].name)?;
    for word in &words[1..] {
        if first != Network::Own || mode(&word.name)? != Network::Own {
            return Err(Fault::new(Kind::Invalid, "understand the options").because(
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
            ));
        }
    }
    Ok(first)
}

/// What a container has for which nothing is asked for: what `NAGAYA_NETWORK` names, or a network if we may connect it to one.
fn usual() -> String {
    let named = std::env::var("NAGAYA_NETWORK").ok().filter(|name| !name.is_empty());
    named.unwrap_or_else(|| if container::can_connect() { "bridge" } else { "none" }.to_string())
}

/// The file of a network namespace; whether it is one, the kernel knows.
fn namespace(path: &str) -> Result<PathBuf> {
    let path = PathBuf::from(path);
    if path.is_absolute() && path.exists() {
        return Ok(path);
    }
    Err(Fault::invalid("--network", format!("there is no network namespace at `{}`", path.display()))
        .hint("an absolute path, as /run/netns/NAME or /proc/PID/ns/net"))
}

/// The networks themselves.
fn join(words: Vec<Word>, root: &Path) -> Result<Vec<Joined>> {
    let networks = Networks::at(root);
    let mut all: Vec<Joined> = Vec::new();
    for word in words {
        let network = networks.find(&word.name)?;
        let wrong = |why: &str| {
            Err(Fault::new(Kind::Invalid, format!("use network `{}`", network.name)).because(why))
        };
        if network.is_default() && (word.ip.is_some() || word.ip6.is_some()) {
            return wrong("user specified IP address is supported on user defined networks only");
        }
        if network.is_default() && !word.aliases.is_empty() {
            return wrong("network-scoped aliases are only supported for user-defined networks");
        }
        if word.ip.is_some() && network.pool(true).is_some_and(|pool| !pool.asked)
            || word.ip6.is_some() && network.pool(false).is_some_and(|pool| !pool.asked)
        {
            return Err(not_asked(&network.name));
        }
        if let Some(mac) = &word.mac {
            mac.parse::<netlink::Mac>()?;
        }
        if all.iter().any(|other| other.id == network.id) {
            return wrong("network is specified multiple times");
        }
        let Word { aliases, ip, ip6, mac, .. } = word;
        all.push(Joined { id: network.id, name: network.name, aliases, ip, ip6, mac, ..Joined::default() });
    }
    Ok(all)
}

/// Addresses that nobody has asked for may be others the next time that the network is made.
fn not_asked(name: &str) -> Fault {
    Fault::new(Kind::Invalid, format!("use network `{name}`"))
        .because(
            "user specified IP address is supported only when connecting to networks with user configured subnets",
        )
        .hint("make the network with --subnet")
}

/// What makes no sense without a network of its own.
fn check_alone(
    network: &Network,
    word: &Word,
    hostname: Option<&str>,
    understood: &Understood,
) -> Result<()> {
    let wrong = |why: &str| Err(Fault::new(Kind::Invalid, "understand the options").because(why));
    if word.ip.is_some() || word.ip6.is_some() {
        return wrong("user specified IP address is supported on user defined networks only");
    }
    if !word.aliases.is_empty() {
        return wrong("network-scoped alias is supported only for containers in user defined networks");
    }
    let published = !understood.publish.is_empty() || understood.publish_all;
    if let Network::Container(_) = network {
        for (conflict, is) in [
            ("hostname and the network mode", hostname.is_some()),
            ("mac-address and the network mode", word.mac.is_some()),
            ("port publishing and the container type network mode", published),
            ("port exposing and the container type network mode", !understood.exposed.is_empty()),
        ] {
            if is {
                return wrong(&format!("conflicting options: {conflict}"));
            }
        }
    }
    if published && *network == Network::Host {
        say::warn("Published ports are discarded when using host network mode");
    }
    Ok(())
}
