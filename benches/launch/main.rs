//! How long from the start of a runtime to the end of the program, against its peers on the same host.
//!
//! ```text
//! cargo bench --bench launch -- [--rounds N] [--quick] [--json]
//! ```
//!
//! One BusyBox bundle, whose program does nothing, is started by ours, crun, runc and youki, as docker would have it:
//! with its capabilities and a profile of system calls. Without those, it is also started by bubblewrap, and by `floor.c`,
//! which is the same system calls without a runtime. The peers take turns, so a busy minute on the host hurts all of
//! them alike. `NAGAYA_RUNTIME` names another program in the place of ours.
//!
//! Numbers go to stdout, everything else to stderr. No time is ever a failure: the exit code is 1 only if something
//! that is installed could not be run, and 2 if the bench itself could not.

mod figures;
mod left;
mod many;
mod measure;
mod peers;
mod place;
mod report;

use std::process::ExitCode;

use bench::{Options, Report, Result, Usual};

use figures::Figures;
use left::Left;
use peers::Peer;
use place::Place;

fn main() -> ExitCode {
    bench::run(&Usual { name: "launch", rounds: 100, quick: 10, own_network: false }, bench)
}

fn bench(options: Options, report: &mut Report) -> Result<()> {
    let place = Place::new()?;
    let (mut peers, missing) = peers::find(&place);
    for why in &missing {
        bench::note(why);
    }
    peers.retain(|peer| report.keep(measure::warm(peer, &place)));
    if peers.iter().any(|peer| !peer.waits()) {
        bench::note("youki is not asked to `run`: it waited for ever in two of its first rounds");
    }

    let all: Vec<&Peer> = peers.iter().filter(|peer| peer.waits()).collect();
    let runtimes: Vec<&Peer> = peers.iter().filter(|peer| peer.is_runtime()).collect();
    let waiting: Vec<&Peer> = runtimes.iter().filter(|peer| peer.waits()).copied().collect();
    let rows = measure::run(&waiting, "docker-0", &place, options, report);
    report::table(report, "run", "from the start of the runtime to the end of the program", &rows);
    let rows = measure::exec(&runtimes, &place, options, report);
    report::table(report, "exec", "into a container that runs, to the end of the program", &rows);
    for (name, what, rows) in measure::create_start_delete(&runtimes, &place, options, report) {
        report::table(report, name, what, &rows);
    }
    let rows = many::in_a_row(&waiting, &place, options, report);
    report::table(report, "in a row", &format!("{} containers, one after the other", many::IN_A_ROW), &rows);
    let rows = many::at_once(&waiting, &place, options, report);
    report::table(report, "at once", &format!("{} containers, to the end of the last", place::MANY), &rows);
    let rows = measure::run(&all, "plain", &place, options, report);
    report::table(
        report,
        "run, plain",
        "with three capabilities and no filter, as bubblewrap and the floor do it",
        &rows,
    );
    let left: Vec<Left> = runtimes.iter().map(|peer| left::of(peer, &place, report)).collect();
    report::left(report, &left);
    let figures: Vec<Figures> = all.iter().map(|peer| figures::of(peer, &place, report)).collect();
    report::figures(report, &figures);
    if let Some(ours) = peers.iter().find(|peer| peer.is_ours()) {
        report::steps(report, &figures::steps(ours, &place));
    }
    for path in place.remove_cgroups() {
        report.fault(format!("`{path}` was left behind; removed"));
    }
    Ok(())
}
