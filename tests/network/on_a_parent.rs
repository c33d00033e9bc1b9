//! Networks on an interface of this machine's: macvlan, and ipvlan where the kernel has it.

use lab::fails;

use crate::world::{HERE, OUTSIDE, World};

/// An address behind the host outside.
const BEYOND: &str = "198.51.100.7";

fn create(world: &World, name: &str, options: &[&str]) -> lab::Output {
    let subnet = ["--subnet", "192.0.2.0/24", "--gateway", OUTSIDE[0]];
    world.nagaya(&[&["network", "create"], &subnet[..], options, &[name]].concat()).output()
}

#[test]
fn macvlans_are_hosts_beside_this_one() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    world.sh(&world.outside, &format!("ip addr add {BEYOND}/32 dev lo")).ok();
    let kernel = world.kernel();
    create(&world, "lan", &["-d", "macvlan", "-o", "parent=up0", "--ip-range", "192.0.2.128/26"]).ok();
    create(
        &world,
        "inner",
        &["-d", "macvlan", "-o", "parent=up0", "--internal", "--ip-range", "192.0.2.64/26"],
    )
    .ok();
    for (name, network) in [("a", "lan"), ("b", "lan"), ("i", "inner")] {
        world.serve(name, &["--network", network]);
    }
    let address = |name: &str, network: &str| world.addresses(name, network)[0].clone();
    let (a, b) = (address("a", "lan"), address("b", "lan"));
    let at = |address: &str| format!("tcp/{address}/80");
    let targets = [at(&b), at(OUTSIDE[0]), at(BEYOND), format!("udp/{b}/80")];
    let targets: Vec<_> = targets.iter().map(String::as_str).collect();
    // Everybody sees who it is; this machine itself, on whose interface they are, is the only one that they do not reach.
    let seen = format!("outside {a}");
    assert_eq!(world.ask("a", &targets), [format!("b {a}"), seen.clone(), seen, format!("b {a}")]);
    assert_eq!(world.ask("a", &[&at(HERE[0])]), ["nobody"]);
    assert_eq!(world.ask_from(&world.outside, &[&at(&a)]), [format!("a {}", OUTSIDE[0])]);
    assert_eq!(world.ask_from(&world.here, &[&at(&a)]), ["nobody"]);
    // An internal one reaches those beside it, and what is behind them it does not.
    let i = address("i", "inner");
    assert_eq!(
        world.ask("i", &[&at(OUTSIDE[0]), &at(BEYOND)]),
        [format!("outside {i}"), "nobody".to_string()]
    );
    // Names are known there, too.
    let found = world.fine(&["exec", &world.named("a"), "getent", "ahostsv4", &world.named("b")]);
    assert!(found.starts_with(&b), "{found}");
    for name in ["a", "b", "i"] {
        world.fine(&["rm", "-f", &world.named(name)]);
    }
    world.fine(&["network", "rm", "lan", "inner"]);
    assert_eq!((world.kernel(), world.connections()), (kernel, Vec::new()));
}

#[test]
fn one_that_runs_is_connected_and_disconnected() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    create(&world, "lan", &["-d", "macvlan", "-o", "parent=up0", "--ip-range", "192.0.2.128/26"]).ok();
    world.fine(&["network", "create", "--internal", "inner"]);
    world.serve("a", &["--network", "inner"]);
    let target = format!("tcp/{}/80", OUTSIDE[0]);
    assert_eq!(world.ask("a", &[&target]), ["nobody"]);
    world.fine(&["network", "connect", "lan", &world.named("a")]);
    assert_eq!(world.ask("a", &[&target]), [format!("outside {}", world.addresses("a", "lan")[0])]);
    world.fine(&["network", "disconnect", "lan", &world.named("a")]);
    assert_eq!(world.ask("a", &[&target]), ["nobody"]);
    let links = world.fine(&["exec", &world.named("a"), "ip", "-o", "link"]);
    assert_eq!(links.lines().count(), 2, "{links}");
}

#[test]
fn a_parent_that_is_not_there() {
    let world = World::new();
    for driver in ["macvlan", "ipvlan"] {
        let output = create(&world, "lan", &["-d", driver, "-o", "parent=nope0"]);
        fails(output, 1, &["there is no interface `nope0` on this machine", "`ip link`"]);
    }
    assert_eq!(world.fine(&["network", "ls", "-q"]).lines().count(), 3);
    // One that goes later.
    world.sh(&world.here, "ip link add gone0 type veth peer name gone1").ok();
    create(&world, "lan", &["-d", "macvlan", "-o", "parent=gone0"]).ok();
    world.sh(&world.here, "ip link del gone0").ok();
    let run = ["run", "--rm", "--name", &world.named("a"), "--network", "lan", "host", "true"];
    fails(
        world.nagaya(&run).output(),
        125,
        &["find the interface `gone0`", "there is no such interface here"],
    );
    assert_eq!((world.connections(), world.fine(&["ps", "-aq"])), (Vec::new(), String::new()));
    world.fine(&["network", "rm", "lan"]);
}

#[test]
fn ipvlans_or_a_clear_word() {
    let world = World::new();
    let has_ipvlan =
        world.sh(&world.here, "ip link add link up0 name try0 type ipvlan && ip link del try0").code == 0;
    create(&world, "lan", &["-d", "ipvlan", "-o", "parent=up0", "--ip-range", "192.0.2.128/26"]).ok();
    let run = ["run", "--rm", "--name", &world.named("a"), "--network", "lan", "host", "true"];
    if has_ipvlan {
        world.fine(&run);
    } else {
        let said = fails(world.nagaya(&run).output(), 125, &["this kernel lacks the module `ipvlan`"]);
        assert!(said.contains("as an ipvlan of `up0`"), "{said}");
    }
    assert_eq!((world.connections(), world.fine(&["ps", "-aq"])), (Vec::new(), String::new()));
}
