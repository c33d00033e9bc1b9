//! What must not come through: questions out of internal networks, false routers, ports of this machine's loopback. Each with
//! a control that shows that it could.

use std::fs;
use std::process::{Command, Stdio};

use lab::{Call, Lab, Nagaya};

use crate::names::{idle, in_container, script};
use crate::world::{HERE, OUTSIDE, World};

/// The engine on a host whose name server is outside.
fn with_name_server(world: &World, words: &[&str]) -> Call {
    let file = world.lab.folder().join("resolv.conf");
    fs::write(&file, format!("nameserver {}\n", OUTSIDE[0])).expect("a file");
    let script = "file=$1; shift; mount --bind \"$file\" /etc/resolv.conf && exec \"$@\"";
    let under = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"];
    let call = world
        .lab
        .nagaya(words)
        .under(under.iter().map(ToString::to_string).chain([file.display().to_string()]));
    world.here.on(call)
}

/// Something that runs on a host until it is dropped.
struct Running(std::process::Child);

impl Running {
    fn on(host: &crate::world::Host, lab: &Lab, words: &[&str]) -> Running {
        let mut command = Command::new("nsenter");
        command.args(["-t", &host.pid(), "-n"]).args(words).env("LAB", lab.name());
        Running(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A name server outside; the file has what it was asked.
fn name_server(world: &World) -> (Running, std::path::PathBuf) {
    let log = world.lab.folder().join("asked");
    let (script, path) = (script(world).display().to_string(), log.display().to_string());
    let words = ["/usr/bin/python3", &script, "serve", OUTSIDE[0], &path];
    let server = Running::on(&world.outside, &world.lab, &words);
    lab::until("a name server", || log.exists());
    (server, log)
}

/// CVE-2024-29018: what an internal network asks must not reach anybody outside, not even as a name.
#[test]
fn an_internal_network_asks_nobody() {
    let world = World::new();
    let (_server, log) = name_server(&world);
    world.fine(&["network", "create", "--internal", "inner"]);
    world.fine(&["network", "create", "open"]);
    let mount = format!("{}:/names.py:ro", script(&world).display());
    for (name, network) in [("inside", "inner"), ("other", "open")] {
        let name = world.named(name);
        let run = ["run", "-d", "--name", &name, "--network", network, "-v", &mount, "host", "sleep", "1000"];
        with_name_server(&world, &run).output().ok();
    }
    let ask = |name: &str, verb: &str, server: &str, asked: &str| {
        in_container(&world, name, &[verb, server, "A", asked])
    };
    for verb in ["ask", "ask-tcp"] {
        assert_eq!(ask("inside", verb, "127.0.0.11", "secret.example"), ["failed"]);
        assert!(ask("inside", verb, OUTSIDE[0], "secret.example")[0].starts_with("nobody"));
    }
    // The control: from another network the same question gets there, and back, both ways.
    for verb in ["ask", "ask-tcp"] {
        assert_eq!(ask("other", verb, "127.0.0.11", "public.example"), ["found 198.51.100.7"]);
    }
    let asked = fs::read_to_string(&log).expect("what was asked");
    assert!(!asked.contains("secret") && asked.contains("public"), "{asked}");
    // One that is on both asks by the other.
    world.fine(&["network", "connect", "open", &world.named("inside")]);
    assert_eq!(ask("inside", "ask", "127.0.0.11", "public.example"), ["found 198.51.100.7"]);
    world.fine(&["network", "disconnect", "open", &world.named("inside")]);
    assert_eq!(ask("inside", "ask", "127.0.0.11", "secret.example"), ["failed"]);
    assert!(!fs::read_to_string(&log).expect("what was asked").contains("secret"));
}

/// `--dns` is reached from where the container is, and from nowhere else.
#[test]
fn a_server_that_was_asked_for_is_reached_from_inside() {
    let world = World::new();
    let (_server, log) = name_server(&world);
    world.fine(&["network", "create", "--internal", "inner"]);
    world.fine(&["network", "create", "open"]);
    idle(&world, "inside", &["--network", "inner", "--dns", OUTSIDE[0]]);
    idle(&world, "other", &["--network", "open", "--dns", OUTSIDE[0]]);
    assert_eq!(
        in_container(&world, "other", &["ask", "127.0.0.11", "A", "public.example"]),
        ["found 198.51.100.7"]
    );
    assert_eq!(in_container(&world, "inside", &["ask", "127.0.0.11", "A", "secret.example"]), ["failed"]);
    assert!(!fs::read_to_string(&log).expect("what was asked").contains("secret"));
}

/// Docker moby#45610: a port at the loopback is for this machine, also where a neighbour sends packets to it.
#[test]
fn the_loopback_is_this_hosts_alone() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("web", &["--network", "one", "-p", "127.0.0.1:8080:80"]);
    let _own = world.serve_on(&world.here, "own", "9999");
    let listens = Running::on(
        &world.here,
        &world.lab,
        &["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "9998"],
    );
    lab::until("a server at the loopback", || {
        world.sh(&world.here, "ss -ltn | grep -c 127.0.0.1:9998").stdout.trim() == "1"
    });
    let at = |port: &str| format!("tcp/127.0.0.1/{port}");
    // A neighbour that takes 127.0.0.1 for an address of ours.
    let pretend = format!(
        "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via {}",
        HERE[0]
    );
    world.sh(&world.outside, &pretend).ok();
    assert_eq!(world.ask_from(&world.outside, &[&at("8080"), &at("9999")]), ["nobody"; 2]);
    // The control: the host itself gets there.
    let answers = world.ask_from(&world.here, &[&at("8080"), &at("9999")]);
    assert!(answers[0].starts_with("web ") && answers[1].starts_with("own "), "{answers:?}");
    // A container reaches this host by its gateway, and nothing there that listens at the loopback alone.
    let gateway = world.fine(&["network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "one"]);
    let by_gateway = |port: &str| format!("tcp/{}/{port}", gateway.trim());
    let answers = world.ask("web", &[&by_gateway("9998"), &by_gateway("8080"), &by_gateway("9999")]);
    assert_eq!(&answers[..2], ["nobody"; 2]);
    assert!(answers[2].starts_with("own "), "the control: {answers:?}");
    drop(listens);
}

/// CVE-2020-13401: a container that says it is a router is nobody's.
#[test]
fn a_container_is_nobodys_router() {
    let world = World::new();
    world.fine(&["network", "create", "--ipv6", "one"]);
    idle(&world, "liar", &["--network", "one"]);
    idle(&world, "beside", &["--network", "one"]);
    let told = |text: &str| text.contains("2001:db8:bad") || text.contains("default via fe80");
    let of_container =
        |name: &str| world.fine(&["exec", &world.named(name), "sh", "-c", "ip -o -6 addr; ip -6 route"]);
    let of_host = |host: &crate::world::Host| world.sh(host, "ip -o -6 addr; ip -6 route").stdout;
    assert_eq!(in_container(&world, "liar", &["advertise", "eth0"]), ["said"]);
    // The control: on a link of two hosts, one that listens believes it.
    let listen = "echo 2 > /proc/sys/net/ipv6/conf/up0/accept_ra";
    world.sh(&world.outside, listen).ok();
    let script = script(&world).display().to_string();
    lab::until("somebody believes it", || {
        world.sh(&world.here, &format!("/usr/bin/python3 {script} advertise up0")).ok();
        told(&of_host(&world.outside))
    });
    // This host hears itself on the other link.
    let own = of_host(&world.here);
    let own: String = own.lines().filter(|line| !line.contains("up0")).collect();
    for (who, seen) in [("the one beside it", of_container("beside")), ("this host", own)] {
        assert!(!told(&seen), "{who}: {seen}");
    }
}
