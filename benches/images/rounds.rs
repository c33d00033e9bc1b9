//! Rounds in which every engine has its turn.

use bench::{Options, Report, talk};

use crate::disk::Disk;
use crate::engines::{Engines, VERBS, Verb};
use crate::made::Image;
use crate::measure::{self, Figures};

/// What an engine took for each verb, a figure for each round.
#[derive(Debug)]
pub(crate) struct Row {
    /// The engine's name.
    pub(crate) engine: &'static str,
    pub(crate) verbs: Vec<(Verb, Vec<Figures>)>,
}

/// Runs all rounds with one image. An engine that fails is reported once and sits out the rest.
///
/// Each round begins with another engine, so that nobody always follows the same neighbour.
pub(crate) fn of(
    image: &Image,
    engines: &Engines,
    disk: &Disk,
    options: Options,
    report: &mut Report,
) -> Vec<Row> {
    let count = engines.all.len();
    let fresh = |name| Row { engine: name, verbs: VERBS.map(|(verb, ..)| (verb, Vec::new())).to_vec() };
    let mut rows: Vec<Row> = engines.all.iter().map(|engine| fresh(engine.name)).collect();
    let mut failed = vec![false; count];
    for round in 0..options.rounds {
        for at in (0..count).map(|seat| (seat + round) % count) {
            let engine = &engines.all[at];
            talk(&format!("{}, round {}: {}", image.name, round + 1, engine.name));
            for (verb, figures) in &mut rows[at].verbs {
                let commands = engines.commands(engine, *verb, image);
                if failed[at] || commands.is_empty() {
                    continue;
                }
                match measure::turn(&commands, &|| engines.daemons(engine), disk) {
                    Ok(took) => figures.push(took),
                    Err(why) => {
                        failed[at] = true;
                        report.fault(format!("{} failed to {verb:?} in round {round}: {why}", engine.name));
                    }
                }
            }
        }
    }
    rows
}
