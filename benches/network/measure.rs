//! What is done with each engine.

use std::process::Stdio;
use std::time::Instant;

use bench::{Engine, Result, Table, Unit, timed};

use crate::wire;
use crate::world::{MACHINE, World, namespace_of};

/// Containers that are started at the same time.
const AT_ONCE: usize = 64;
/// Containers that are there while another one is put beside them. The others take minutes to make so many.
const THERE: usize = 500;
const THERE_OF_OTHERS: usize = 50;
/// Where each engine's ports are published.
const PORTS: [(&str, u16); 3] = [("nagaya", 20_000), ("docker", 30_000), ("podman", 40_000)];

/// On the default network and off again, and a network of one's own.
pub(crate) fn on_and_off(engine: &Engine, table: &mut Table) -> Result<()> {
    let mut turn = |what: &str, words: &[&str]| -> Result<()> {
        let (took, _) = timed(engine.command(words))?;
        table.add(what, engine.name, took);
        Ok(())
    };
    turn("run --rm, no network", &["run", "--rm", "--network", "none", "box", "true"])?;
    turn("run --rm, bridge", &["run", "--rm", "box", "true"])?;
    turn("run --rm, bridge, -p", &["run", "--rm", "-p", "18080:80", "box", "true"])?;
    turn("network create", &["network", "create", "once"])?;
    turn("run --rm, own network", &["run", "--rm", "--network", "once", "box", "true"])?;
    turn("network rm", &["network", "rm", "once"])
}

/// Bytes, round trips and questions.
pub(crate) fn through(engine: &Engine, world: &World, table: &mut Table) -> Result<()> {
    let port = PORTS.iter().find(|(name, _)| *name == engine.name).map_or(50_000, |(_, port)| *port);
    let (zeros, echo) = (format!("{port}:80"), format!("{}:81", port + 1));
    timed(engine.command(&["network", "create", "wire"]))?;
    let script = "nc -ll -p 80 -e cat /dev/zero & exec nc -ll -p 81 -e cat";
    let ports = ["--network", "wire", "-p", &zeros, "-p", &echo];
    stays(engine, "server", &ports, &["sh", "-c", script])?;
    stays(engine, "client", &["--network", "wire"], &["sleep", "1000"])?;
    let inspect = |name: &str, what: &str| -> Result<String> {
        Ok(timed(engine.command(&["inspect", "-f", what, name]))?.1.trim().to_string())
    };
    let address = inspect("server", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")?;
    let client = namespace_of(&inspect("client", "{{.State.Pid}}")?)?;
    let own = namespace_of("self")?;
    let outside = world.namespace()?;
    let mut note = |what: &str, figure: Result<f64>, unit: Unit| match figure {
        Ok(figure) => table.figure(what, engine.name, figure, unit),
        Err(_) => table.note(what, engine.name, "no answer"),
    };
    for (what, from, to) in [
        ("container to container", &client, format!("{address}:80")),
        ("published, from outside", &outside, format!("{MACHINE}:{port}")),
        ("published, from 127.0.0.1", &own, format!("127.0.0.1:{port}")),
    ] {
        note(&format!("{what}, bytes"), wire::throughput(from, &to), Unit::GigabitsPerSecond);
    }
    for (what, from, to) in [
        ("container to container", &client, format!("{address}:81")),
        ("published, from outside", &outside, format!("{MACHINE}:{}", port + 1)),
        ("published, from 127.0.0.1", &own, format!("127.0.0.1:{}", port + 1)),
    ] {
        let trip = wire::round_trip(from, &to).map(|trip| trip.as_secs_f64() * 1e6);
        note(&format!("{what}, round trip"), trip, Unit::Micros);
    }
    note(
        "questions for names",
        wire::questions(&client, "127.0.0.11:53", "server").map(|all| all / 1e3),
        Unit::ThousandsPerSecond,
    );
    timed(engine.command(&["rm", "-f", "server", "client"]))?;
    timed(engine.command(&["network", "rm", "wire"])).map(drop)
}

/// A container that runs until it is removed.
fn stays(engine: &Engine, name: &str, options: &[&str], program: &[&str]) -> Result<()> {
    let run = ["run", "-d", "--stop-timeout", "0", "--name", name];
    timed(engine.command(&[&run[..], options, &["box"], program].concat())).map(drop)
}

/// Many at once, and one more where many are.
pub(crate) fn many(engine: &Engine, table: &mut Table) -> Result<()> {
    let started = Instant::now();
    let mut running = Vec::new();
    for number in 0..AT_ONCE {
        let name = format!("once-{number}");
        let mut command = engine.command(&["run", "--rm", "--name", &name, "box", "true"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        running.push(command.spawn().map_err(|err| err.to_string())?);
    }
    let mut failed = 0;
    for mut child in running {
        failed += usize::from(!child.wait().map_err(|err| err.to_string())?.success());
    }
    table.add("64 at once", engine.name, started.elapsed());
    table.note("64 at once, failed", engine.name, &failed.to_string());
    let there = if engine.is_ours() { THERE } else { THERE_OF_OTHERS };
    let names: Vec<String> = (0..there).map(|number| format!("there-{number}")).collect();
    for name in &names {
        stays(engine, name, &[], &["sleep", "100000"])?;
    }
    let what = if engine.is_ours() { "run --rm, bridge, 500 there" } else { "run --rm, bridge, 50 there" };
    for _ in 0..5 {
        let (took, _) = timed(engine.command(&["run", "--rm", "box", "true"]))?;
        table.add(what, engine.name, took);
    }
    names.iter().try_for_each(|name| timed(engine.command(&["rm", "-f", name])).map(drop))
}
