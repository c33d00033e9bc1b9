//! What a network costs: to put a container on it and to take it off, alone, at once, and where many are there; bytes and
//! round trips between containers and through a published port; questions for names. Against docker and podman.
//!
//! ```text
//! cargo bench --bench network -- [--rounds N] [--quick]
//! ```
//!
//! In each round every engine has its turn with each command. All of it is in a network namespace that the bench makes,
//! with another one beside it that stands for the world. No time is ever a failure.

#[path = "../../tests/callers/daemon.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod daemon;
#[path = "../engine/engines.rs"]
#[allow(dead_code, reason = "the bench of the engine uses the rest")]
mod engines;
#[path = "../launch/machine.rs"]
#[allow(dead_code, reason = "the other benches use the rest")]
mod machine;
mod measure;
#[path = "../images/options.rs"]
#[allow(dead_code, reason = "the bench of images uses the rest")]
mod options;
#[path = "../../tests/callers/private.rs"]
mod private;
#[path = "../engine/report.rs"]
mod report;
#[path = "../../tests/callers/rootfs.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod rootfs;
#[path = "../../tests/callers/said.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod said;
#[path = "../../tests/callers/traces.rs"]
mod traces;
#[path = "../../tests/callers/wait.rs"]
mod wait;
mod wire;
#[path = "../../tests/callers/witness.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod witness;
mod world;

use std::process::ExitCode;

use engines::Engines;
use options::Options;
use report::Table;
use world::World;

/// What went wrong, as a sentence.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report::talk(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    if options.help {
        report::talk(options::HELP);
        return Ok(());
    }
    if !options.inside {
        return Err(world::enter());
    }
    machine::prepare()?;
    report::print(&machine::describe());
    let world = World::make()?;
    let engines = Engines::with_networks()?;
    // docker's drops what others pass on; each engine is to be measured, not what another one does to it.
    world::let_all_pass()?;
    let measured = measured(&engines, &world, options.rounds);
    engines.finish();
    measured
}

fn measured(engines: &Engines, world: &World, rounds: usize) -> Result<()> {
    let mut table = Table::default();
    for round in 0..rounds {
        for seat in 0..engines.all.len() {
            let engine = &engines.all[(seat + round) % engines.all.len()];
            report::talk(&format!("round {}: {}", round + 1, engine.name));
            measure::on_and_off(engine, &mut table)?;
            measure::through(engine, world, &mut table)?;
        }
    }
    report::print(&table.shown());
    for engine in &engines.all {
        report::talk(&format!("many: {}", engine.name));
        measure::many(engine, &mut table)?;
    }
    report::print(&table.shown());
    Ok(())
}
