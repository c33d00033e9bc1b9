//! What images cost: from a registry or an archive to the disk, to a program that runs, and away again, against docker,
//! podman, and skopeo with umoci.
//!
//! ```text
//! cargo bench --bench images -- [--rounds N] [--quick] [--json]
//! ```
//!
//! Two images: a large one of Debian with compilers, and one of fifty small layers. They are made once, and stay in
//! `target/tmp/images`. In each round every engine has its turn with each: it pulls, removes, loads, runs twice and
//! removes. All of them work below one folder, on a fresh ext4 that nobody else sees and that is gone with this program.
//!
//! Numbers go to stdout, everything else to stderr. No time is ever a failure: the exit code is 1 only if something
//! that is installed could not be run, and 2 if the bench itself could not.

#[path = "../../tests/callers/daemon.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod daemon;
mod disk;
mod engines;
#[path = "../launch/machine.rs"]
mod machine;
mod made;
mod measure;
mod options;
#[path = "../../tests/callers/private.rs"]
mod private;
mod report;
#[path = "../../tests/callers/rootfs.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod rootfs;
mod rounds;
#[path = "../../tests/callers/said.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod said;
#[path = "../../tests/callers/traces.rs"]
mod traces;
#[path = "../../tests/callers/wait.rs"]
mod wait;
#[path = "../../tests/callers/witness.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod witness;

use std::process::ExitCode;

use disk::Disk;
use engines::Engines;
use lab::Registry;
use options::Options;
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
    let mut report = Report::new(options.json);
    report.machine();
    let images = made::all(&mut report)?;
    let disk = Disk::over_tmp()?;
    let registry = Registry::plain();
    for image in &images {
        registry.push(&image.layout(), image.name);
    }
    let engines = Engines::find(&registry.host(), &mut report)?;
    for image in &images {
        let rows = rounds::of(image, &engines, &disk, &options, &mut report);
        report.tables(image, &rows);
    }
    engines.finish();
    Ok(if report.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
