//! Names of containers, asked for from containers: who is known, who is not, and what becomes of the rest.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::world::World;

/// Where a container's own name server is.
const OWN: &str = "127.0.0.11";

/// The script, where containers and hosts find it.
pub(crate) fn script(world: &World) -> PathBuf {
    let path = world.lab.folder().join("names.py");
    fs::write(&path, include_str!("names.py")).expect("a script");
    path
}

/// A container that does nothing, with the script in it.
pub(crate) fn idle(world: &World, name: &str, options: &[&str]) {
    let mount = format!("{}:/names.py:ro", script(world).display());
    let call = world.nagaya(&["run", "-d", "--name", &world.named(name), "-v", &mount]).args(options);
    call.args(["host", "sleep", "1000"]).output().ok();
}

/// What the script says in a container.
#[track_caller]
pub(crate) fn in_container(world: &World, name: &str, words: &[&str]) -> Vec<String> {
    let call = world.nagaya(&["exec", &world.named(name), "/usr/bin/python3", "/names.py"]);
    call.args(words).output().ok().lines().map(String::from).collect()
}

#[track_caller]
fn ask(world: &World, name: &str, kind: &str, names: &[&str]) -> Vec<String> {
    let by = |verb| in_container(world, name, &[&[verb, OWN, kind], names].concat());
    let answers = by("ask");
    assert_eq!(answers, by("ask-tcp"), "by datagrams and by a stream");
    answers
}

#[test]
fn everybody_on_a_network_is_known_by_all_names() {
    let world = World::new();
    world.fine(&["network", "create", "--ipv6", "Front"]);
    world.fine(&["network", "create", "back"]);
    idle(&world, "web", &["--network", "Front", "--network-alias", "WWW"]);
    idle(&world, "db", &["--network", "back"]);
    idle(&world, "asks", &["--network", "Front", "--link", &format!("{}:data", world.named("web"))]);
    let web = world.named("web");
    let id = world.fine(&["ps", "-q", "-f", &format!("name={web}")]);
    let [v4, v6] = world.addresses("web", "Front");
    let names =
        [web.as_str(), "www", "WWW.front", id.trim(), "data", &format!("{web}.Front")].map(String::from);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(ask(&world, "asks", "A", &names), vec![format!("found {v4}"); names.len()]);
    assert_eq!(ask(&world, "asks", "AAAA", &names), vec![format!("found {v6}"); names.len()]);
    let reverse = ask(&world, "asks", "PTR", &[&v4, &v6]);
    assert_eq!(reverse, vec![format!("found {web}.Front"); 2]);
    // A name that has no address of this kind is known all the same.
    let db = world.named("db");
    assert_eq!(ask(&world, "db", "AAAA", &[&db]), ["found"]);
    // Who is on another network is not known, and a link is known to one alone. Nobody else can be asked here.
    assert_eq!(ask(&world, "asks", "A", &[&db, "nobody", &format!("{db}.back")]), ["failed"; 3]);
    assert_eq!(ask(&world, "web", "A", &["data"]), ["failed"]);
    // The C library finds them, too.
    let getent = world.fine(&["exec", &world.named("asks"), "getent", "ahostsv4", "www"]);
    assert!(getent.starts_with(&v4), "{getent}");
}

/// A program may be a name server itself.
#[test]
fn the_port_of_name_servers_is_free() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    idle(&world, "server", &["--network", "one"]);
    idle(&world, "asks", &["--network", "one"]);
    let serve = [
        "exec",
        "-d",
        &world.named("server"),
        "/usr/bin/python3",
        "/names.py",
        "serve",
        "0.0.0.0",
        "/tmp/log",
    ];
    world.fine(&serve);
    let address = world.addresses("server", "one")[0].clone();
    lab::until("its own server answers", || {
        in_container(&world, "asks", &["ask", &address, "A", "x.example"]) == ["found 198.51.100.7"]
    });
    // Its own names are still answered, there and here.
    let name = world.named("server");
    assert_eq!(ask(&world, "server", "A", &[&name]), [format!("found {address}")]);
    assert_eq!(ask(&world, "asks", "A", &[&name]), [format!("found {address}")]);
}

#[test]
fn names_follow_what_happens() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.fine(&["network", "create", "two"]);
    idle(&world, "web", &["--network", "one"]);
    idle(&world, "asks", &["--network", "bridge"]);
    let (web, asks) = (world.named("web"), world.named("asks"));
    let resolv = |word: &str| world.fine(&["exec", &asks, "cat", "/etc/resolv.conf"]).contains(word);
    assert!(!resolv(OWN), "on the default network nobody answers");
    world.fine(&["network", "connect", "one", &asks]);
    assert!(resolv(OWN));
    let found = |address: &str| [format!("found {address}")];
    assert_eq!(ask(&world, "asks", "A", &[&web]), found(&world.addresses("web", "one")[0]));
    let hosts = world.fine(&["exec", &asks, "cat", "/etc/hosts"]);
    assert!(hosts.contains(&world.addresses("asks", "one")[0]), "{hosts}");
    // Another network, and the first one is gone.
    world.fine(&["network", "connect", "--alias", "other", "two", &web]);
    world.fine(&["network", "connect", "two", &asks]);
    world.fine(&["network", "disconnect", "one", &asks]);
    assert_eq!(ask(&world, "asks", "A", &["other"]), found(&world.addresses("web", "two")[0]));
    let hosts = world.fine(&["exec", &asks, "cat", "/etc/hosts"]);
    assert_eq!(
        hosts.matches(&world.fine(&["exec", &asks, "hostname"]).trim().to_string()).count(),
        2,
        "{hosts}"
    );
    let renamed = world.named("renamed");
    world.fine(&["rename", &web, &renamed]);
    assert_eq!(ask(&world, "asks", "A", &[&renamed]), found(&world.addresses("renamed", "two")[0]));
    assert_eq!(ask(&world, "asks", "A", &[&web]), ["failed"]);
    world.fine(&["stop", "-t", "0", &renamed]);
    assert_eq!(ask(&world, "asks", "A", &[&renamed]), ["failed"], "it has no address");
    world.fine(&["start", &renamed]);
    assert_eq!(ask(&world, "asks", "A", &[&renamed]), found(&world.addresses("renamed", "two")[0]));
    world.fine(&["restart", "-t", "0", &asks]);
    assert_eq!(ask(&world, "asks", "A", &["other"]), found(&world.addresses("renamed", "two")[0]));
}

#[test]
fn another_monitor_answers_too() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    idle(&world, "web", &["--network", "one"]);
    let web = world.named("web");
    let address = format!("found {}", world.addresses("web", "one")[0]);
    assert_eq!(ask(&world, "web", "A", &[&web]), [address.as_str()]);
    let state = || world.monitor("web");
    let monitor = state();
    kill_process(Pid::from_raw(i32::try_from(monitor).expect("a number")).expect("a process"), Signal::KILL)
        .expect("its monitor");
    // The control: nobody is there to answer.
    let alone = in_container(&world, "web", &["ask", OWN, "A", &web]);
    assert!(alone[0].starts_with("nobody") || state() != monitor, "{alone:?}");
    world.fine(&["ps"]);
    lab::until("another monitor", || state() != monitor);
    lab::until("answers again", || {
        in_container(&world, "web", &["ask", OWN, "A", &web]) == [address.clone()]
    });
}

/// Twenty containers, and more questions than there is room for at once.
#[test]
fn names_resolve_under_load() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    idle(&world, "asks", &["--network", "one"]);
    let names: Vec<_> = (0..20).map(|number| world.named(&format!("n{number}"))).collect();
    for name in &names {
        world.fine(&["run", "-d", "--name", name, "--network", "one", "host", "sleep", "1000"]);
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let load = |names: &[&str]| in_container(&world, "asks", &[&["load", OWN, "4000"], names].concat());
    assert_eq!(load(&names), ["0"]);
    // The control: a name that nobody has is counted.
    assert!(!load(&["nobody"])[0].starts_with('0'));
}

/// Who shares a network shares its names.
#[test]
fn the_network_of_another_container_has_its_names() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    idle(&world, "web", &["--network", "one", "--add-host", "db:192.0.2.9"]);
    let web = world.named("web");
    idle(&world, "beside", &["--network", &format!("container:{web}")]);
    let address = format!("found {}", world.addresses("web", "one")[0]);
    assert_eq!(ask(&world, "beside", "A", &[&web]), [address]);
    let cat = |name: &str| world.fine(&["exec", &world.named(name), "cat", "/etc/hosts", "/etc/resolv.conf"]);
    assert_eq!(cat("beside"), cat("web"));
}

/// Where nobody answers questions, a link is a line of a file.
#[test]
fn links_on_the_default_network() {
    let world = World::new();
    idle(&world, "web", &["--network", "bridge"]);
    let web = world.named("web");
    idle(
        &world,
        "asks",
        &["--network", "bridge", "--link", &format!("{web}:db"), "--add-host", "me:host-gateway"],
    );
    let getent = |name: &str| world.nagaya(&["exec", &world.named("asks"), "getent", "hosts", name]).output();
    let address = world.addresses("web", "bridge")[0].clone();
    for name in ["db", web.as_str()] {
        assert!(getent(name).ok().starts_with(&address), "{name}");
    }
    let gateway = world.fine(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge"]);
    assert!(getent("me").ok().starts_with(gateway.trim()));
    world.fine(&["stop", "-t", "0", &web]);
    let call = world.nagaya(&["run", "--rm", "--network", "bridge", "--link", &web, "host", "true"]);
    lab::fails(call.output(), 125, &["Cannot link to a non running container"]);
}
