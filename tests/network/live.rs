//! Networks of containers that run: connected and disconnected, renamed, started again, without their monitor.

use lab::{Nagaya, fails};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{HERE, OUTSIDE, World};

fn first(answers: &[String]) -> Vec<&str> {
    answers.iter().map(|answer| answer.split(' ').next().unwrap_or_default()).collect()
}

#[test]
fn connected_and_disconnected_while_it_runs() {
    let world = World::new();
    let _outside = world.serve_on(&world.outside, "outside", "80");
    for (name, subnet) in [("one", "10.66.1.0/24"), ("two", "10.66.2.0/24")] {
        world.fine(&["network", "create", "--ipv6", "--subnet", subnet, name]);
    }
    world.serve("a", &["--network", "one"]);
    world.serve("b", &["--network", "two"]);
    let (a, b) = (world.named("a"), world.named("b"));
    let outside = OUTSIDE.map(|address| format!("tcp/{address}/80"));
    let of_b = world.addresses("b", "two").map(|address| format!("tcp/{address}/80"));
    let targets: Vec<_> = of_b.iter().chain(&outside).map(String::as_str).collect();
    assert_eq!(first(&world.ask("a", &targets)), ["nobody", "nobody", "outside", "outside"]);
    world.fine(&["network", "connect", "two", &a]);
    assert_eq!(first(&world.ask("a", &targets)), ["b", "b", "outside", "outside"]);
    // The network that led outside goes; the other one leads there too.
    world.fine(&["network", "disconnect", "one", &a]);
    assert_eq!(first(&world.ask("a", &targets)), ["b", "b", "outside", "outside"]);
    world.fine(&["network", "disconnect", "two", &a]);
    assert_eq!(first(&world.ask("a", &targets)), ["nobody"; 4]);
    world.fine(&["network", "connect", "--ip", &next_of(&world, "one", 77), "--alias", "other", "one", &a]);
    assert_eq!(world.addresses("a", "one")[0], next_of(&world, "one", 77));
    assert_eq!(first(&world.ask("a", &targets)), ["nobody", "nobody", "outside", "outside"]);
    // It is so again when it is started again.
    world.fine(&["restart", "-t", "0", &a]);
    world.until_ready("a");
    assert_eq!(world.addresses("a", "one")[0], next_of(&world, "one", 77));
    assert_eq!(first(&world.ask("a", &targets)), ["nobody", "nobody", "outside", "outside"]);
    for (words, word) in [
        (["connect", "one", a.as_str()], "already exists in network one"),
        (["connect", "host", &a], "disconnected from host network or connected to host network"),
        (["connect", "none", &a], "in private (none) mode"),
        (["connect", "nope", &a], "network nope not found"),
        (["connect", "one", "nope"], "No such container: nope"),
        (["disconnect", "one", &b], "is not connected to network one"),
    ] {
        fails(world.nagaya(&[&["network"], &words[..]].concat()).output(), 1, &[word]);
    }
}

/// An address of a network, by its number.
fn next_of(world: &World, network: &str, at: u32) -> String {
    let subnet = world.fine(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", network]);
    let first = subnet.trim().split('/').next().unwrap_or_default();
    let first: std::net::Ipv4Addr = first.parse().expect("an address");
    std::net::Ipv4Addr::from_bits(first.to_bits() + at).to_string()
}

#[test]
fn one_that_does_not_run_is_connected_when_it_does() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    let name = world.named("a");
    let create = world.nagaya(&["create", "--name", &name, "--network", "bridge", "host", "sleep", "1000"]);
    create.output().ok();
    world.fine(&["network", "connect", "one", &name]);
    assert_eq!(world.connections(), [""; 0]);
    world.fine(&["start", &name]);
    assert!(!world.addresses("a", "one")[0].is_empty() && !world.addresses("a", "bridge")[0].is_empty());
    world.fine(&["stop", "-t", "0", &name]);
    assert_eq!(world.connections(), [""; 0]);
    assert_eq!(world.addresses("a", "one")[0], "");
    world.fine(&["network", "rm", "one"]);
    fails(world.nagaya(&["start", &name]).output(), 1, &["network", "not found"]);
    world.fine(&["network", "disconnect", "-f", "bridge", &name]);
    assert_eq!(world.connections(), [""; 0]);
}

/// The kernel goes on, and the next monitor takes back what there is to take back.
#[test]
fn without_its_monitor() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("a", &["--network", "one", "-p", "8080:80"]);
    let monitor = i32::try_from(world.monitor("a")).expect("a number");
    kill_process(Pid::from_raw(monitor).expect("a process"), Signal::KILL)
        .expect("a monitor that can be killed");
    let target = format!("tcp/{}/8080", HERE[0]);
    assert_eq!(world.ask_from(&world.outside, &[&target]), [format!("a {}", OUTSIDE[0])]);
    let listed = world.fine(&["ps", "--format", "{{.Status}} {{.Ports}}"]);
    assert!(listed.starts_with("Up") && listed.contains("0.0.0.0:8080->80/tcp"), "{listed}");
    assert_eq!(world.ask_from(&world.outside, &[&target]), [format!("a {}", OUTSIDE[0])]);
    world.fine(&["stop", "-t", "0", &world.named("a")]);
    assert_eq!(world.connections(), [""; 0]);
    assert_eq!(world.ask_from(&world.outside, &[&target]), ["nobody"]);
}

#[test]
fn many_at_once_have_addresses_of_their_own() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    let name = world.named("c");
    let root = world.lab.engine_root();
    let program = lab::engine();
    let script = format!(
        "for i in $(seq 200); do {0} --root {1} run -d --name {name}$i --network one host sleep 1000 >/dev/null & [ $((i % 40)) != 0 ] || wait; done; wait",
        program.display(),
        root.display()
    );
    let output = world
        .here
        .on(world.lab.program("sh").args(["-c", &script]))
        .deadline(std::time::Duration::from_mins(3))
        .output();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let format = "{{range $id, $c := .Containers}}{{$c.IPv4Address}} {{end}}";
    let shown = world.fine(&["network", "inspect", "-f", format, "one"]);
    let mut addresses: Vec<_> = shown.split_whitespace().collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 200, "{shown}");
    let ids = world.fine(&["ps", "-aq"]);
    let ids: Vec<_> = ids.split_whitespace().collect();
    world.nagaya(&["rm", "-f"]).args(&ids).deadline(std::time::Duration::from_mins(3)).output().ok();
    assert_eq!(world.connections(), [""; 0]);
    // No port of a bridge is left.
    world.idle_kernel();
}

/// One that ran before has its address again, and nobody else gets it at once.
#[test]
fn an_address_stays() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    let run = |name: &str| {
        let call = world.nagaya(&["run", "-d", "--name", &world.named(name), "--network", "one", "host"]);
        call.args(["sleep", "1000"]).output().ok();
        world.addresses(name, "one")[0].clone()
    };
    let (first, second) = (run("a"), run("b"));
    world.fine(&["stop", "-t", "0", &world.named("a")]);
    let third = run("c");
    assert!(first != third && second != third, "{first} {second} {third}");
    world.fine(&["start", &world.named("a")]);
    assert_eq!(world.addresses("a", "one")[0], first);
    world.fine(&["restart", "-t", "0", &world.named("b")]);
    assert_eq!(world.addresses("b", "one")[0], second);
}
