//! What a container costs a person: `run`, `run -d`, `exec`, `stop`, `rm`, `ps`, many at once, what a container that runs
//! takes of memory, and what it prints; against docker and podman.
//!
//! ```text
//! cargo bench --bench engine -- [--rounds N] [--quick] [--json]
//! ```
//!
//! Everything is below one folder that is gone in the end.

use std::process::ExitCode;

use bench::{Engine, Engines, Report, Result, Table, Usual, talk, timed};

/// Containers that are on record for `ps`, and that run for it.
const ON_RECORD: usize = 1000;
const RUNNING: usize = 200;
/// Started at the same time.
const AT_ONCE: usize = 64;
/// Lines that a container prints for the figure of its log: 100 MB.
const LINES: usize = 1_000_000;

fn main() -> ExitCode {
    let usual = Usual { name: "engine", rounds: 5, quick: 1, own_network: false };
    bench::run(&usual, |options, report| {
        let engines = Engines::find()?;
        let measured = measure(&engines, options.rounds, report);
        engines.finish();
        measured
    })
}

fn measure(engines: &Engines, rounds: usize, report: &Report) -> Result<()> {
    let mut table = Table::default();
    for round in 0..rounds {
        for seat in 0..engines.all.len() {
            let engine = &engines.all[(seat + round) % engines.all.len()];
            talk(&format!("round {}: {}", round + 1, engine.name));
            one_life(engine, &mut table)?;
        }
    }
    for engine in &engines.all {
        talk(&format!("many: {}", engine.name));
        many(engine, &mut table)?;
    }
    report.table("engine", &table);
    Ok(())
}

/// A container's life, command by command.
fn one_life(engine: &Engine, table: &mut Table) -> Result<()> {
    let mut turn = |what, words: &[&str]| -> Result<()> {
        let (took, _) = timed(engine.command(words))?;
        table.add(what, engine.name, took);
        Ok(())
    };
    turn("run --rm", &["run", "--rm", "box", "true"])?;
    turn("run -d", &["run", "-d", "--name", "life", "box", "sleep", "1000"])?;
    turn("exec", &["exec", "life", "true"])?;
    turn("ps", &["ps"])?;
    turn("stop -t 0", &["stop", "-t", "0", "life"])?;
    turn("start", &["start", "life"])?;
    turn("rm -f", &["rm", "-f", "life"])?;
    let script = format!(
        "yes 'a line as long as lines of logs are, more or less, with some words in it, and at its end a point......' | head -n {LINES}"
    );
    turn("print 100 MB", &["run", "--name", "talks", "box", "sh", "-c", &script])?;
    turn("rm", &["rm", "talks"])
}

/// Many containers.
fn many(engine: &Engine, table: &mut Table) -> Result<()> {
    let started = std::time::Instant::now();
    let mut running = Vec::new();
    for number in 0..AT_ONCE {
        let name = format!("once-{number}");
        let mut command = engine.command(&["run", "--rm", "--name", &name, "box", "true"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        running.push(command.spawn().map_err(|err| err.to_string())?);
    }
    let mut failed = 0;
    for mut child in running {
        failed += usize::from(!child.wait().map_err(|err| err.to_string())?.success());
    }
    table.add("64 at once", engine.name, started.elapsed());
    table.note("64 at once, failed", engine.name, &failed.to_string());
    // The others take minutes to make so many.
    let (on_record, up) =
        if engine.is_ours() { (ON_RECORD, RUNNING) } else { (ON_RECORD / 20, RUNNING / 20) };
    for number in 0..on_record {
        timed(engine.command(&["create", "--name", &format!("record-{number}"), "box", "sleep", "1000"]))?;
    }
    for number in 0..up {
        timed(engine.command(&["start", &format!("record-{number}")]))?;
    }
    let many = if engine.is_ours() { "ps, 1000 on record, 200 run" } else { "ps, 50 on record, 10 run" };
    for _ in 0..5 {
        let (took, _) = timed(engine.command(&["ps", "-a"]))?;
        table.add(many, engine.name, took);
        let (took, _) = timed(engine.command(&["run", "--rm", "box", "true"]))?;
        table.add("run --rm, beside them", engine.name, took);
    }
    let memory = engine.memory_of_each(up);
    table.note("memory for each that runs, KiB (PSS)", engine.name, &memory);
    for number in 0..on_record {
        timed(engine.command(&["rm", "-f", &format!("record-{number}")]))?;
    }
    Ok(())
}
