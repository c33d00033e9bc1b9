//! Who reaches whom: containers of one network, of several, of none; the host that they are on, and one beside it.

use crate::world::{HERE, OUTSIDE, World};

/// Somebody, the networks that he is on, and his addresses.
struct Peer {
    name: &'static str,
    networks: &'static [&'static str],
    /// Each with the network that it is of.
    addresses: Vec<(&'static str, String)>,
}

fn peers(world: &World, all: &[(&'static str, &'static [&'static str])]) -> Vec<Peer> {
    all.iter()
        .map(|(name, networks)| {
            let of =
                |network: &&'static str| world.addresses(name, network).map(|address| (*network, address));
            let addresses = networks.iter().flat_map(of).filter(|(_, address)| !address.is_empty()).collect();
            Peer { name, networks, addresses }
        })
        .collect()
}

/// Of each answer that is not as it should be, what it is about.
fn wrong(answers: &[String], targets: &[(String, String)]) -> Vec<String> {
    assert_eq!(answers.len(), targets.len());
    let pairs = answers.iter().zip(targets);
    let wrong = pairs.filter(|(answer, (_, expected))| answer.split(' ').next() != Some(expected));
    wrong.map(|(answer, (target, expected))| format!("{target}: `{answer}`, expected `{expected}`")).collect()
}

/// All addresses of others, by TCP and UDP, and who is to answer to somebody on these networks.
fn targets(me: &Peer, all: &[Peer]) -> Vec<(String, String)> {
    let mut targets = Vec::new();
    for other in all.iter().filter(|other| other.name != me.name) {
        for (network, address) in &other.addresses {
            let shared = me.networks.contains(network);
            for protocol in ["tcp", "udp"] {
                let expected = if shared { other.name } else { "nobody" };
                targets.push((format!("{protocol}/{address}/80"), expected.to_string()));
            }
        }
    }
    targets
}

fn names(targets: &[(String, String)]) -> Vec<&str> {
    targets.iter().map(|(target, _)| target.as_str()).collect()
}

#[test]
fn containers_reach_those_of_their_networks_and_nobody_else() {
    let world = World::new();
    for words in [&["one", "--ipv6"][..], &["two", "--ipv6"], &["inner", "--internal", "--ipv6"]] {
        world.fine(&[&["network", "create"], words].concat());
    }
    world.serve("a", &["--network", "one"]);
    world.serve("b", &["--network", "one"]);
    world.serve("c", &["--network", "two"]);
    world.serve("both", &["--network", "one", "--network", "two"]);
    world.serve("i", &["--network", "inner"]);
    world.serve("j", &["--network", "inner"]);
    world.serve("d", &["--network", "bridge"]);
    let mut all = peers(
        &world,
        &[
            ("a", &["one"]),
            ("b", &["one"]),
            ("c", &["two"]),
            ("both", &["one", "two"]),
            ("i", &["inner"]),
            ("j", &["inner"]),
            ("d", &["bridge"]),
        ],
    );
    // One more who is on no network: he has nobody, and is nobody's.
    world.serve("n", &["--network", "none"]);
    all.push(Peer { name: "n", networks: &[], addresses: Vec::new() });
    let mut different = Vec::new();
    for me in &all {
        let targets = targets(me, &all);
        let answers = world.ask(me.name, &names(&targets));
        different
            .extend(wrong(&answers, &targets).into_iter().map(|text| format!("{} asks {text}", me.name)));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn this_host_and_the_one_beside_it() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    let _here = world.serve_on(&world.here, "here", "80");
    world.fine(&["network", "create", "one", "--ipv6"]);
    world.fine(&["network", "create", "inner", "--internal", "--ipv6"]);
    world.serve("a", &["--network", "one"]);
    world.serve("i", &["--network", "inner"]);
    let (a, i) = (world.addresses("a", "one"), world.addresses("i", "inner"));
    let target = |address: &str| [format!("tcp/{address}/80"), format!("udp/{address}/80")];
    let all = |addresses: &[&str]| addresses.iter().flat_map(|address| target(address)).collect::<Vec<_>>();
    let texts = |list: &[String]| list.iter().map(String::as_str).map(str::to_string).collect::<Vec<_>>();
    // A container reaches other hosts, which take it for this one; and this one, as who it is.
    let mut targets = texts(&all(&OUTSIDE));
    // Who answers a datagram that came by one of this host's addresses would have to say so: only streams.
    targets.extend(HERE.map(|address| format!("tcp/{address}/80")));
    let answers = world.ask("a", &targets.iter().map(String::as_str).collect::<Vec<_>>());
    let outside = [HERE[0], HERE[1]].map(|address| format!("outside {address}"));
    let here = [&a[0], &a[1]].map(|address| format!("here {address}"));
    let twice = outside.iter().flat_map(|text| [text.clone(), text.clone()]);
    let expected: Vec<_> = twice.chain(here).collect();
    assert_eq!(answers, expected);
    // Nothing leaves an internal network.
    let nobody = vec!["nobody".to_string(); targets.len()];
    assert_eq!(world.ask("i", &targets.iter().map(String::as_str).collect::<Vec<_>>()), nobody);
    // This host reaches both; one beside it reaches none, even if it knows the way.
    let into = all(&[&a[0], &a[1], &i[0], &i[1]]);
    let into: Vec<_> = into.iter().map(String::as_str).collect();
    let names = |answers: Vec<String>| -> Vec<String> {
        answers.iter().map(|answer| answer.split(' ').next().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(names(world.ask_from(&world.here, &into)), ["a", "a", "a", "a", "i", "i", "i", "i"]);
    let way = "for net in 172.16.0.0/12 192.168.0.0/16; do ip route add $net via 192.0.2.1; done; \
               ip -6 route add fd00::/8 via 2001:db8::1";
    world.sh(&world.outside, way).ok();
    assert_eq!(names(world.ask_from(&world.outside, &into)), ["nobody"; 8]);
}

/// The control of the test above: without our rules the same packets arrive.
#[test]
fn it_is_the_rules_that_keep_others_out() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("a", &["--network", "one"]);
    let target = format!("tcp/{}/80", world.addresses("a", "one")[0]);
    world.sh(&world.outside, "ip route add 172.16.0.0/12 via 192.0.2.1").ok();
    assert_eq!(world.ask_from(&world.outside, &[&target]), ["nobody"]);
    world.sh(&world.here, "nft flush ruleset").ok();
    assert_eq!(world.ask_from(&world.outside, &[&target]), [format!("a {}", OUTSIDE[0])]);
    // The next container brings all of them back.
    world.serve("b", &["--network", "one"]);
    assert_eq!(world.ask_from(&world.outside, &[&target]), ["nobody"]);
}

/// One that somebody else has made, or an earlier version, is replaced, with all that containers which run have in it.
#[test]
fn a_table_that_lacks_something_is_replaced() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("a", &["--network", "one", "-p", "8080:80"]);
    let before = world.elements();
    let target = format!("tcp/{}/8080", HERE[0]);
    let seen = [format!("a {}", OUTSIDE[0])];
    assert_eq!(world.ask_from(&world.outside, &[&target]), seen);
    let other = "nft delete table inet nagaya; nft add table inet nagaya; nft add chain inet nagaya publish";
    world.sh(&world.here, other).ok();
    // The control: its monitor, which keeps the port, carries it over, and the container sees that.
    assert_ne!(world.ask_from(&world.outside, &[&target]), seen);
    world.fine(&[
        "run",
        "--rm",
        "--name",
        &world.named("b"),
        "--network",
        "one",
        "-p",
        "8081:80",
        "host",
        "true",
    ]);
    assert_eq!(world.ask_from(&world.outside, &[&target]), seen);
    assert_eq!(world.elements(), before);
}

#[test]
fn containers_of_a_network_without_talk_do_not_reach_each_other() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    world.fine(&["network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "apart"]);
    world.fine(&["network", "create", "together"]);
    for (network, one, other, expected) in [("apart", "a", "b", "nobody"), ("together", "c", "d", "d")] {
        world.serve(one, &["--network", network]);
        world.serve(other, &["--network", network]);
        let target = format!("tcp/{}/80", world.addresses(other, network)[0]);
        let outside = format!("tcp/{}/80", OUTSIDE[0]);
        let answers = world.ask(one, &[&target, &outside]);
        assert_eq!(answers[0].split(' ').next(), Some(expected), "{network}");
        assert_eq!(answers[1], format!("outside {}", HERE[0]), "{network}");
    }
}

/// Another container's network, and the file of a namespace.
#[test]
fn a_network_that_is_shared() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("a", &["--network", "one"]);
    let joined = |mode: &str| {
        let call = world.nagaya(&["run", "--rm", "--name", &world.named("b"), "--network", mode, "host"]);
        call.args([
            "sh",
            "-c",
            "readlink /proc/self/ns/net; ip -o -4 addr show eth0 | tr -s ' ' | cut -d' ' -f4",
        ])
    };
    let pid = world.fine(&["inspect", "-f", "{{.State.Pid}}", &world.named("a")]);
    let expected =
        format!("{}\n{}/16\n", lab::namespace_of(pid.trim(), "net"), world.addresses("a", "one")[0]);
    assert_eq!(joined(&format!("container:{}", world.named("a"))).output().ok(), expected);
    assert_eq!(joined(&format!("ns:/proc/{}/ns/net", pid.trim())).output().ok(), expected);
    let output = joined("container:nobody").output();
    lab::fails(output, 125, &["No such container: nobody"]);
    world.fine(&["kill", &world.named("a")]);
    world.fine(&["wait", &world.named("a")]);
    let output = joined(&format!("container:{}", world.named("a"))).output();
    lab::fails(output, 125, &["cannot join network of a non running container"]);
}
