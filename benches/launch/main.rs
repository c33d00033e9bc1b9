//! How long from the start of a runtime to the end of the program, against its peers on the same host.
//!
//! ```text
//! cargo bench --bench launch -- [--rounds N] [--quick] [--json]
//! ```
//!
//! One BusyBox bundle, whose program does nothing, is started by ours, crun, runc and bubblewrap, and by `floor.c`,
//! which is the same system calls without a runtime. The peers take turns, so a busy minute on the host hurts all of
//! them alike. `NAGAYA_RUNTIME` names another program in the place of ours.
//!
//! Numbers go to stdout, everything else to stderr. No time is ever a failure: the exit code is 1 only if something
//! that is installed could not be run, and 2 if the bench itself could not.

mod figures;
mod machine;
mod measure;
mod options;
mod peers;
mod place;
mod report;

use std::process::ExitCode;

use figures::Figures;
use options::Options;
use place::Place;
use report::Report;

/// What went wrong, as a sentence.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    match bench() {
        Ok(code) => code,
        Err(why) => {
            report::talk(&format!("error: {why}"));
            ExitCode::from(2)
        }
    }
}

fn bench() -> Result<ExitCode> {
    let options = Options::parse(std::env::args().skip(1))?;
    if options.help {
        report::talk(options::HELP);
        return Ok(ExitCode::SUCCESS);
    }
    if !options.inside {
        return Err(machine::enter_private_mounts());
    }
    machine::prepare()?;
    let place = Place::new()?;
    let mut report = Report::new(options.json);
    report.machine();

    let (mut peers, missing) = peers::find(&place);
    for why in &missing {
        report::note(why);
    }
    peers.retain(|peer| report.keep(measure::warm(peer, &place)));

    let runs = measure::run(&peers, &place, &options, &mut report);
    report.table("run", "from the start of the runtime to the end of the program", &runs);
    for (name, what, rows) in measure::create_start_delete(&peers, &place, &options, &mut report) {
        report.table(name, what, &rows);
    }
    if place.at("filtered").exists() {
        let rows = measure::run_filtered(&peers, &place, &options, &mut report);
        report.table(
            "run, filtered",
            "as an engine runs it: docker's capabilities, a profile of 300 calls",
            &rows,
        );
        let rows = measure::exec(&peers, &place, &options, &mut report);
        report.table("exec, filtered", "into such a container, to the end of the program", &rows);
    } else {
        report::note("without a profile of system calls: it comes with podman");
    }
    let figures: Vec<Figures> = peers.iter().map(|peer| figures::of(peer, &place, &mut report)).collect();
    report.figures(&figures);
    if let Some(ours) = peers.iter().find(|peer| peer.is_ours()) {
        report.steps(&figures::steps(ours, &place));
    }
    for path in place.remove_cgroups() {
        report.fault(format!("`{path}` was left behind; removed"));
    }
    Ok(if report.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
