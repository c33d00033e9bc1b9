//! Networks in a folder of their own.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::endpoint::Connect;
use crate::{Networks, Pool, Wanted, disk};

/// A folder that goes with its test.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("networks-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Place(std::env::temp_dir().join(name))
    }

    pub(crate) fn networks(&self) -> Networks {
        Networks::at(&self.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn wanted(name: &str, subnet: &str) -> Wanted {
    let pool = Pool {
        subnet: subnet.parse().unwrap(),
        gateway: None,
        range: None,
        taken: Default::default(),
        asked: true,
    };
    Wanted { name: name.to_string(), pools: vec![pool], ..Wanted::default() }
}

#[test]
fn a_network_is_found_by_name_id_and_digits() {
    let place = Place::new();
    let networks = place.networks();
    let held = networks.alone().unwrap();
    let made = networks.create(wanted("one", "10.9.0.0/24"), &held).unwrap();
    drop(held);
    for word in ["one", &made.id, made.short(), &made.id[..4]] {
        assert_eq!(networks.find(word).unwrap(), made, "{word}");
    }
    assert_eq!(made.interface, format!("br-{}", made.short()));
    assert_eq!(made.pools[0].gateway, Some("10.9.0.1".parse().unwrap()));
    for word in ["two", "", "../one", "fffffffffffffffffff"] {
        let missing = networks.find(word).unwrap_err().sentence();
        assert!(missing.contains(&format!("network {word} not found")), "{missing}");
    }
    let names: Vec<_> = networks.all().unwrap().into_iter().map(|network| network.name).collect();
    assert_eq!(names, ["bridge", "host", "none", "one"]);
    let default = networks.find("bridge").unwrap();
    assert!(default.is_default() && default.is_predefined() && default.interface == "nagaya0");
    assert!(default.pools[0].subnet.is_ipv4());
}

#[test]
fn a_network_that_cannot_be_says_why() {
    let place = Place::new();
    let networks = place.networks();
    let held = networks.alone().unwrap();
    networks.create(wanted("one", "10.9.0.0/24"), &held).unwrap();
    for (name, subnet, word) in [
        ("one", "10.8.0.0/24", "network with name one already exists"),
        ("two", "10.9.0.128/25", "Pool overlaps with other one on this address space"),
        ("host", "10.8.0.0/24", "predefined host network"),
        ("a/b", "10.8.0.0/24", "Invalid network name"),
    ] {
        let refused = networks.create(wanted(name, subnet), &held).unwrap_err().to_string();
        assert!(refused.contains(word), "{name}: {refused}");
    }
    let mut outside = wanted("two", "10.8.0.0/24");
    outside.pools[0].gateway = Some("10.7.0.1".parse().unwrap());
    assert!(
        networks.create(outside, &held).unwrap_err().to_string().contains("no matching subnet for gateway")
    );
    // Nothing of them is left.
    let ours = networks.ids().unwrap();
    assert_eq!(ours.len(), 4, "those that are always there, and one: {ours:?}");
    assert_eq!(disk::names(&networks.names()).unwrap(), ["one"]);
}

#[test]
fn one_that_was_not_finished_is_none_and_its_name_is_free() {
    let place = Place::new();
    let networks = place.networks();
    let held = networks.alone().unwrap();
    let made = networks.create(wanted("one", "10.9.0.0/24"), &held).unwrap();
    // As if it was killed before it took the name.
    disk::remove(&networks.names().join("one")).unwrap();
    assert!(networks.find("one").is_err() && networks.find(&made.id).is_err());
    assert_eq!(networks.unfinished(&held).unwrap(), std::slice::from_ref(&made));
    networks.forget(&made, &held).unwrap();
    // As if it was killed before it wrote the folder.
    disk::take(&networks.names().join("two"), &"0".repeat(64)).unwrap();
    assert!(networks.find("two").is_err());
    assert!(networks.create(wanted("two", "10.9.0.0/24"), &held).is_ok());
    assert_eq!(networks.unfinished(&held).unwrap(), []);
}

#[test]
fn a_connected_container_has_addresses_and_names_until_it_is_disconnected() {
    let place = Place::new();
    let networks = place.networks();
    let held = networks.alone().unwrap();
    let mut both = wanted("one", "10.9.0.0/24");
    both.ipv6 = true;
    let network = networks.create(both, &held).unwrap();
    let (id, other) = ("a".repeat(64), "b".repeat(64));
    let aliases = ["DB".to_string()];
    let connect =
        Connect { container: &id, name: "web", aliases: &aliases, interface: "eth0", ..Connect::default() };
    let endpoint = networks.connect(&network, &connect, &held).unwrap();
    assert_eq!(endpoint.mac, "02:42:0a:09:00:02");
    let addresses: Vec<IpAddr> = endpoint.addresses.iter().map(|(address, _)| *address).collect();
    assert_eq!(addresses.len(), 2);
    for name in ["web", "WEB", "aaaaaaaaaaaa", "db"] {
        assert_eq!(networks.resolve(&network.id, name), addresses, "{name}");
    }
    for name in ["", "nobody", "..", "../names/web", "web/x"] {
        assert_eq!(networks.resolve(&network.id, name), [] as [IpAddr; 0], "{name}");
    }
    assert_eq!(networks.reverse(&network.id, addresses[0]), Some("web".to_string()));
    assert!(networks.connect(&network, &connect, &held).is_err(), "it is connected already");
    let second = Connect { container: &other, name: "db", interface: "eth0", ..Connect::default() };
    networks.connect(&network, &second, &held).unwrap();
    assert_eq!(networks.resolve(&network.id, "db").len(), 4, "an alias and a name");
    // Another name.
    let renamed = crate::Endpoint { name: "www".to_string(), ..endpoint };
    networks.write_changed(&network, &renamed).unwrap();
    assert_eq!(networks.resolve(&network.id, "web"), [] as [IpAddr; 0]);
    assert_eq!(networks.resolve(&network.id, "www"), addresses);
    networks.disconnect(&network, &id).unwrap();
    networks.disconnect(&network, &id).unwrap();
    assert_eq!(networks.resolve(&network.id, "db").len(), 2);
    assert!(networks.is_used(&network.id).unwrap());
    networks.disconnect(&network, &other).unwrap();
    assert!(!networks.is_used(&network.id).unwrap());
    for folder in ["leases", "names", "endpoints"] {
        assert_eq!(disk::names(&networks.path(&network.id).join(folder)).unwrap(), [""; 0], "{folder}");
    }
}
