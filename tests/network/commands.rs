//! The commands for networks, and what they say to what cannot be.

use lab::fails;

use crate::world::World;

#[test]
fn made_listed_looked_at_and_removed() {
    let world = World::new();
    // The default network's rules are there from the first network on.
    world.fine(&["network", "create", "two"]);
    world.fine(&["network", "rm", "two"]);
    let (before, elements) = (world.idle_kernel(), world.elements());
    let id = world.fine(&[
        "network",
        "create",
        "--label",
        "tier=front",
        "--subnet",
        "10.77.0.0/24",
        "--ip-range",
        "10.77.0.128/25",
        "one",
    ]);
    assert_eq!(id.trim().len(), 64);
    let listed = world.fine(&["network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}"]);
    assert_eq!(listed, "bridge bridge local\nhost host local\nnone null local\none bridge local\n");
    for (filter, expected) in [
        ("name=on", "none\none\n"),
        ("driver=null", "none\n"),
        ("label=tier", "one\n"),
        ("label=tier=back", ""),
        ("type=custom", "one\n"),
        ("dangling=true", "one\n"),
    ] {
        assert_eq!(
            world.fine(&["network", "ls", "-f", filter, "--format", "{{.Name}}"]),
            expected,
            "{filter}"
        );
    }
    let look = |format: &str| world.fine(&["network", "inspect", "-f", format, "one"]);
    assert_eq!(look("{{.Id}}"), id);
    assert_eq!(
        look("{{json .IPAM.Config}}"),
        "[{\"Subnet\":\"10.77.0.0/24\",\"IPRange\":\"10.77.0.128/25\",\"Gateway\":\"10.77.0.1\"}]\n"
    );
    assert_eq!(world.fine(&["inspect", "-f", "{{.Name}}", "--type", "network", id.trim()]), "one\n");
    let bridge = format!("br-{}", &id[..12]);
    assert!(world.kernel().contains(&bridge), "{}", world.kernel());
    world.serve("a", &["--network", "one"]);
    assert_eq!(world.addresses("a", "one")[0], "10.77.0.128");
    fails(world.nagaya(&["network", "rm", "one"]).output(), 1, &["has active endpoints"]);
    world.fine(&["rm", "-f", &world.named("a")]);
    assert_eq!(world.fine(&["network", "rm", "one"]), "one\n");
    assert_eq!(world.idle_kernel(), before);
    assert_eq!(world.elements(), elements);
    world.fine(&["network", "create", "two"]);
    assert_eq!(world.fine(&["network", "prune", "-f"]), "Deleted Networks:\ntwo\n\n");
    assert_eq!(world.idle_kernel(), before);
}

#[test]
fn what_cannot_be_made_says_why_and_leaves_nothing() {
    let world = World::new();
    world.fine(&["network", "create", "--subnet", "10.77.0.0/24", "one"]);
    world.sh(&world.here, "ip link add taken type bridge").ok();
    let before = world.kernel();
    for (words, word) in [
        (&["one"][..], "network with name one already exists"),
        (&["--subnet", "10.77.0.0/16", "two"], "Pool overlaps with other one on this address space"),
        (&["--subnet", "10.78.0.1/24", "two"], "it should be 10.78.0.0/24"),
        (&["--subnet", "10.78.0.0", "two"], "invalid CIDR address"),
        (&["--gateway", "10.78.0.1", "two"], "must have a corresponding subnet"),
        (
            &["--subnet", "10.78.0.0/24", "--gateway", "10.79.0.1", "two"],
            "no matching subnet for gateway 10.79.0.1",
        ),
        (&["--subnet", "10.78.0.0/24", "--ip-range", "10.79.0.0/25", "two"], "no matching subnet for range"),
        (&["-d", "overlay", "two"], "plugin \"overlay\" not found"),
        (&["-d", "host", "two"], "only one instance of \"host\" network is allowed"),
        (&["-d", "macvlan", "two"], "parent"),
        (&["-o", "com.docker.network.bridge.name=a-name-that-is-too-long", "two"], "no name of an interface"),
        (&["-o", "com.docker.network.bridge.name=nagaya0", "two"], "networks have same bridge name"),
        (&["-o", "com.docker.network.driver.mtu=7", "two"], "no size of packets"),
        (&["bridge"], "not permitted on predefined bridge network"),
        (&["a/b"], "Invalid network name"),
    ] {
        fails(world.nagaya(&[&["network", "create"], words].concat()).output(), 1, &[word]);
        assert_eq!(world.kernel(), before, "{words:?}");
    }
    for (words, word) in [
        (["rm", "nope"], "network nope not found"),
        (["rm", "host"], "host is a pre-defined network and cannot be removed"),
        (["inspect", "nope"], "network nope not found"),
    ] {
        fails(world.nagaya(&[&["network"], &words[..]].concat()).output(), 1, &[word]);
    }
    assert_eq!(world.fine(&["network", "ls", "-q"]).lines().count(), 4);
}

/// A network whose bridge somebody has made before stays his.
#[test]
fn a_bridge_of_somebody_elses() {
    let world = World::new();
    world
        .sh(
            &world.here,
            "ip link add mine type bridge; ip addr add 10.88.0.1/24 dev mine; ip link set mine up",
        )
        .ok();
    let option = "com.docker.network.bridge.name=mine";
    world.fine(&["network", "create", "--subnet", "10.88.0.0/24", "-o", option, "one"]);
    world.serve("a", &["--network", "one"]);
    let target = format!("tcp/{}/80", world.addresses("a", "one")[0]);
    assert_eq!(world.ask_from(&world.here, &[&target]), ["a 10.88.0.1"]);
    world.fine(&["rm", "-f", &world.named("a")]);
    world.fine(&["network", "rm", "one"]);
    assert!(world.kernel().contains("mine") && world.kernel().contains("10.88.0.1/24"), "{}", world.kernel());
}

/// Addresses that this machine has a way to are nobody's to give away; and at some point there are none.
#[test]
fn networks_keep_out_of_each_others_way_and_this_hosts() {
    let world = World::new();
    let subnet =
        |name: &str| world.fine(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", name]);
    world.sh(&world.here, "ip route add 172.18.0.0/17 via 192.0.2.2").ok();
    for (name, expected) in [("one", "172.19.0.0/16"), ("two", "172.20.0.0/16")] {
        world.fine(&["network", "create", name]);
        assert_eq!(subnet(name), format!("{expected}\n"));
    }
    world.fine(&["network", "rm", "one"]);
    world.fine(&["network", "create", "three"]);
    assert_eq!(subnet("three"), "172.19.0.0/16\n", "what was given back is given again");
    world
        .sh(&world.here, "for net in 172.16.0.0/12 192.168.0.0/16; do ip route add $net via 192.0.2.2; done")
        .ok();
    let before = (world.kernel(), world.elements());
    let none = "could not find an available, non-overlapping IPv4 address pool";
    fails(world.nagaya(&["network", "create", "four"]).output(), 1, &[none, "--subnet"]);
    assert_eq!((world.kernel(), world.elements()), before);
    assert_eq!(world.fine(&["network", "ls", "-q"]).lines().count(), 5);
    world.fine(&["network", "create", "--subnet", "10.77.0.0/24", "four"]);
}

#[test]
fn addresses_that_are_asked_for() {
    let world = World::new();
    world.fine(&["network", "create", "--subnet", "10.77.0.0/29", "--subnet", "fd77::/64", "small"]);
    let run = |name: &str, options: &[&str]| {
        let call =
            world.nagaya(&["run", "-d", "--name", &world.named(name), "--network", "small"]).args(options);
        call.args(["host", "sleep", "1000"]).output()
    };
    run("a", &["--ip", "10.77.0.5", "--ip6", "fd77::77", "--mac-address", "02:42:00:00:00:77"]).ok();
    assert_eq!(world.addresses("a", "small"), ["10.77.0.5", "fd77::77"]);
    let seen = world.fine(&["exec", &world.named("a"), "cat", "/sys/class/net/eth0/address"]);
    assert_eq!(seen, "02:42:00:00:00:77\n");
    for (options, word) in [
        (&["--ip", "10.77.0.5"][..], "Address already in use"),
        (&["--ip", "10.77.0.1"], "Address already in use"),
        (&["--ip", "10.78.0.5"], "does not belong to any of this network's subnets"),
    ] {
        fails(run("bad", options), 125, &[word]);
        world.fine(&["rm", &world.named("bad")]);
    }
    // All that there are: five, of which one is taken.
    for name in ["b", "c", "d", "e"] {
        run(name, &[]).ok();
    }
    fails(run("bad", &[]), 125, &["no available IPv4 addresses on this network's address pools: small"]);
    world.fine(&["rm", &world.named("bad")]);
    world.fine(&["rm", "-f", &world.named("c")]);
    run("again", &[]).ok();
}

#[test]
fn options_that_contradict_each_other() {
    let world = World::new();
    for (options, word) in [
        (&["--network", "bridge", "--ip", "172.17.0.9"][..], "supported on user defined networks only"),
        (&["--network", "bridge", "--network-alias", "x"], "network-scoped aliases are only supported"),
        (&["--network", "none", "--ip", "172.17.0.9"], "supported on user defined networks only"),
        (
            &["--network", "none", "--network", "bridge"],
            "cannot attach both user-defined and non-user-defined",
        ),
        (&["--network", "nope"], "network nope not found"),
        (&["--network", "container:"], "Invalid container format"),
        (&["--network", "ns:/nowhere"], "no network namespace at `/nowhere`"),
        (&["--network", "bridge", "--mac-address", "x"], "is not a valid mac address"),
        (&["--network", "bridge", "-p", "x"], "invalid containerPort: x"),
    ] {
        let call = world.nagaya(&["run", "--rm", "--name", &world.named("a")]).args(options);
        fails(call.args(["host", "true"]).output(), 125, &[word]);
    }
    assert_eq!(world.connections(), [""; 0]);
}

/// The steps of the network are in the list, and nothing of them is done.
#[test]
fn they_are_explained() {
    let world = World::new();
    let before = world.kernel();
    let text = world.fine(&["explain", "run", "--network", "bridge", "-p", "8080:80", "host", "true"]);
    for word in [
        "connect `eth0` to network `bridge`, by a port of `nagaya0`",
        "publish 80/tcp as 0.0.0.0:8080",
        "give `eth0` a free address",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(world.idle_kernel(), before);
    let traced = world.nagaya(&["run", "--rm", "--trace", "--network", "bridge", "host", "true"]).output();
    assert!(traced.stderr.contains("give `eth0` 172."), "{traced:?}");
}

/// Root's containers are on the default network, unless something else is said; there they reach others, and nobody knows names.
#[test]
fn the_default_network() {
    let world = World::new();
    let names = |options: &[&str], variable: &str| {
        let call = world
            .nagaya(&["create", "--name", &world.named("a")])
            .args(options)
            .env("NAGAYA_NETWORK", variable);
        call.args(["host", "true"]).output().ok();
        let names = world.fine(&["ps", "-a", "--format", "{{.Networks}}"]);
        world.fine(&["rm", &world.named("a")]);
        names.trim().to_string()
    };
    assert_eq!(names(&[], ""), "bridge");
    assert_eq!(names(&["--network", "default"], ""), "bridge");
    assert_eq!(names(&[], "none"), "none");
    assert_eq!(names(&["--network", "bridge"], "none"), "bridge");
    world.serve("a", &[]);
    let first = world.addresses("a", "bridge");
    assert_eq!((first[0].is_empty(), first[1].as_str()), (false, ""));
    // Who is not root has none, and asking for one says why.
    let user = |options: &[&str]| {
        let root = world.lab.folder().join("ordinary");
        std::fs::create_dir_all(&root).expect("a folder");
        std::os::unix::fs::chown(&root, Some(lab::ORDINARY_USER), Some(lab::ORDINARY_USER)).expect("its own");
        let call =
            world.lab.program(lab::engine()).arg("--root").arg(root).args(["run", "--rm"]).args(options);
        call.args(["host", "ls", "/sys/class/net"])
            .env("NAGAYA_NETWORK", "")
            .user(lab::ORDINARY_USER)
            .output()
    };
    assert_eq!(user(&[]).ok(), "lo\n");
    fails(user(&["--network", "bridge"]), 125, &["not root on this machine", "--network host"]);
}
