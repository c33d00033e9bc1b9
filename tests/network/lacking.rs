//! Kernels that lack something: clear words, and nothing left; and what needs none of it goes on.

use std::fs;

use lab::{Call, Nagaya, fails};

use crate::world::{HERE, OUTSIDE, World};

/// `EOPNOTSUPP`, which is what a kernel answers that has no such kind of interface, or no nf_tables.
const NOT_SUPPORTED: i32 = 95;

/// A command on a kernel that lacks something: see `lacks.py`.
fn on_poor_kernel(world: &World, lacks: &str, words: &[&str]) -> Call {
    let script = world.lab.folder().join("lacks.py");
    fs::write(&script, include_str!("lacks.py")).expect("a script");
    let under = ["/usr/bin/python3", script.to_str().expect("a path of ours"), lacks];
    let call = world.lab.nagaya(words).env("NAGAYA_NETWORK", "").under(under);
    if lacks == "nftables" {
        return world.here.on(call);
    }
    let hide = "mount -t tmpfs none /proc/sys/net/ipv6 && exec \"$@\"";
    world.here.on(call.under(["unshare", "-m", "--propagation", "private", "sh", "-c", hide, "sh"]))
}

/// A line of a trace in which an interface is asked for, or the table of rules. strace knows some of the words.
fn asks_for_interface(line: &str) -> bool {
    let of = |kind: &str| line.contains(&format!("nlmsg_type={kind}, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK|"));
    of("RTM_NEWLINK") || of("0x10 /* NLMSG_??? */")
}

fn asks_for_table(line: &str) -> bool {
    line.contains("nlmsg_type=0xa0a ") || line.contains("NFT_MSG_GETSET")
}

/// A command to which the kernel answers with an error, where it has been asked for that for the first time.
fn refused_at(world: &World, words: &[&str], asks: fn(&str) -> bool) -> Call {
    let trace = world.lab.folder().join("trace");
    let strace = ["strace", "-o", trace.to_str().expect("a path of ours")];
    let _ = world.nagaya(words).under(strace.iter().copied().chain(["-e", "trace=sendto,recvfrom"])).output();
    let text = fs::read_to_string(&trace).expect("the trace");
    let asked = text.lines().position(|line| line.starts_with("sendto") && asks(line));
    let asked = asked.unwrap_or_else(|| panic!("not asked for: {text}"));
    let answers = text.lines().take(asked).filter(|line| line.starts_with("recvfrom")).count();
    let answer = text.lines().nth(asked + 1).expect("an answer");
    let number = answer.split("nlmsg_seq=").nth(1).and_then(|rest| rest.split(',').next());
    let number: u32 = number.and_then(|number| number.parse().ok()).expect("its number");
    // An error without the request that it is about: its length, type, flags, number, sender; the error; a header.
    let mut error = [&36_u32.to_ne_bytes()[..], &2_u16.to_ne_bytes(), &0x100_u16.to_ne_bytes()].concat();
    error.extend([number.to_ne_bytes(), [0; 4], (-NOT_SUPPORTED).to_ne_bytes()].concat());
    error.resize(36, 0);
    let bytes = error.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let inject = format!("inject=recvfrom:poke_exit=@arg2={bytes}:when={}", answers + 1);
    world.nagaya(words).under(strace.iter().map(ToString::to_string).chain(["-e".to_string(), inject]))
}

#[test]
fn without_nftables() {
    let world = World::new();
    let before = (world.kernel(), world.sh(&world.here, "cat /proc/sys/net/ipv4/ip_forward").ok());
    let lacking = |words: &[&str]| on_poor_kernel(&world, "nftables", words).output();
    let name = world.named("a");
    let hint = ["nftables", "this kernel lacks a part of nftables", "--network none"];
    fails(lacking(&["network", "create", "one"]), 1, &hint);
    fails(lacking(&["run", "--rm", "--name", &name, "--network", "bridge", "host", "true"]), 125, &hint);
    let after = (world.kernel(), world.sh(&world.here, "cat /proc/sys/net/ipv4/ip_forward").ok());
    assert_eq!(after, before);
    assert_eq!(world.connections(), [""; 0]);
    assert_eq!(world.fine(&["network", "ls", "-q"]).lines().count(), 3);
    // What needs no filters works.
    for network in ["none", "host"] {
        lacking(&["run", "--rm", "--name", &name, "--network", network, "host", "true"]).ok();
    }
    // The control: the same with what it lacked.
    world.fine(&["network", "create", "one"]);
    world.fine(&["run", "--rm", "--name", &name, "--network", "bridge", "host", "true"]);
}

/// A kernel that has packet filters, but not those of nftables, says so in its answer.
#[test]
fn without_a_kind_of_interface_or_rules() {
    let world = World::new();
    world.fine(&["network", "create", "there"]);
    for network in ["there", "bridge"] {
        world.fine(&["run", "--rm", "--name", &world.named("a"), "--network", network, "host", "true"]);
    }
    let before = (world.idle_kernel(), world.elements());
    let create = ["network", "create", "one"];
    for (asks, hint) in [
        (asks_for_interface as fn(&str) -> bool, "this kernel lacks the module `bridge`"),
        (asks_for_table, "this kernel lacks a part of nftables"),
    ] {
        // It is made while it is looked for.
        let call = refused_at(&world, &create, asks);
        world.fine(&["network", "rm", "one"]);
        fails(call.output(), 1, &[hint]);
        assert_eq!(world.fine(&["network", "ls", "-q", "-f", "type=custom"]).lines().count(), 1);
        assert_eq!((world.kernel(), world.elements()), before, "{hint}");
    }
    let name = world.named("a");
    world.fine(&["run", "-d", "--name", &name, "--network", "bridge", "host", "sleep", "1000"]);
    let connect = ["network", "connect", "there", name.as_str()];
    let call = refused_at(&world, &connect, asks_for_interface);
    world.fine(&["network", "disconnect", "there", &name]);
    fails(call.output(), 1, &["this kernel lacks the module `veth`"]);
    assert_eq!(world.contradiction(), None);
    world.fine(&connect);
    world.fine(&["rm", "-f", &name]);
    assert_eq!((world.idle_kernel(), world.elements()), before);
}

/// Over IPv4 it is reached from everywhere, and reaches everybody.
#[track_caller]
fn works_by_ipv4(world: &World, name: &str, network: &str) {
    let (target, outside) = (format!("tcp/{}/8080", HERE[0]), format!("tcp/{}/80", OUTSIDE[0]));
    assert_eq!(world.ask_from(&world.outside, &[&target]), [format!("{name} {}", OUTSIDE[0])]);
    let loopback = world.ask_from(&world.here, &["tcp/127.0.0.1/8080", "udp/127.0.0.1/8080"]);
    assert!(loopback.iter().all(|answer| answer.starts_with(&format!("{name} "))), "{loopback:?}");
    assert_eq!(world.ask(name, &[&outside]), [format!("outside {}", HERE[0])]);
    assert_eq!(world.addresses(name, network)[1], "");
}

#[test]
fn where_ipv6_is_switched_off() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    world
        .sh(
            &world.here,
            "for f in all default lo up0; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done",
        )
        .ok();
    world.fine(&["network", "create", "one"]);
    world.serve("a", &["--network", "one", "-p", "8080:80", "-p", "8080:80/udp"]);
    works_by_ipv4(&world, "a", "one");
    // Who asks for it has it on this network.
    world.fine(&["network", "create", "--ipv6", "six"]);
    world.serve("b", &["--network", "six"]);
    world.serve("c", &["--network", "six"]);
    let target = format!("tcp/{}/80", world.addresses("b", "six")[1]);
    assert!(world.ask("c", &[&target])[0].starts_with("b "));
}

#[test]
fn without_ipv6() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    world.fine(&["network", "create", "one"]);
    let before = world.kernel();
    let lacking = |words: &[&str]| on_poor_kernel(&world, "ipv6", words).output();
    fails(lacking(&["network", "create", "--ipv6", "six"]), 1, &["this machine has no IPv6", "`six`"]);
    assert_eq!(world.kernel(), before);
    assert_eq!(world.fine(&["network", "ls", "-q"]).lines().count(), 4);
    let mount = format!("{}:/peers.py:ro", world.script().display());
    let run = [
        "run",
        "-d",
        "--name",
        &world.named("a"),
        "-v",
        &mount,
        "--network",
        "one",
        "-p",
        "8080:80",
        "-p",
        "8080:80/udp",
    ];
    lacking(&[&run[..], &["host", "/usr/bin/python3", "/peers.py", "serve", "a"]].concat()).ok();
    world.until_ready("a");
    works_by_ipv4(&world, "a", "one");
    assert_eq!(world.fine(&["port", &world.named("a"), "80/tcp"]), "0.0.0.0:8080\n");
    // One address that it does not have.
    let ports = [
        "run",
        "--rm",
        "--name",
        &world.named("b"),
        "--network",
        "one",
        "-p",
        "[::1]:8081:80",
        "host",
        "true",
    ];
    fails(lacking(&ports), 125, &["publish port 80/tcp", "address family not supported"]);
}
