//! What a network costs: to put a container on it and to take it off, alone, at once, and where many are there; bytes and
//! round trips between containers and through a published port; questions for names. Against docker and podman.
//!
//! ```text
//! cargo bench --bench network -- [--rounds N] [--quick] [--json]
//! ```
//!
//! All of it is in a network namespace that the bench makes, with another one beside it that stands for the world.

mod measure;
mod wire;
mod world;

use std::process::ExitCode;

use bench::{Engines, Report, Result, Table, Usual, talk};

use world::World;

fn main() -> ExitCode {
    let usual = Usual { name: "network", rounds: 5, quick: 1, own_network: true };
    bench::run(&usual, |options, report| {
        let world = World::make()?;
        let engines = Engines::with_networks()?;
        // docker's drops what others pass on; each engine is to be measured, not what another one does to it.
        world::let_all_pass()?;
        let measured = measured(&engines, &world, options.rounds, report);
        engines.finish();
        measured
    })
}

fn measured(engines: &Engines, world: &World, rounds: usize, report: &Report) -> Result<()> {
    let mut table = Table::default();
    for round in 0..rounds {
        for seat in 0..engines.all.len() {
            let engine = &engines.all[(seat + round) % engines.all.len()];
            talk(&format!("round {}: {}", round + 1, engine.name));
            measure::on_and_off(engine, &mut table)?;
            measure::through(engine, world, &mut table)?;
        }
    }
    for engine in &engines.all {
        talk(&format!("many: {}", engine.name));
        measure::many(engine, &mut table)?;
    }
    report.table("network", &table);
    Ok(())
}
