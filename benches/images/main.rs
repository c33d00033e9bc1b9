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

mod disk;
mod engines;
mod made;
mod measure;
mod report;
mod rounds;

use std::process::ExitCode;

use bench::Usual;
use lab::Registry;

use disk::Disk;
use engines::Engines;

fn main() -> ExitCode {
    let usual = Usual { name: "images", rounds: 5, quick: 1, own_network: false };
    bench::run(&usual, |options, report| {
        let images = made::all(report)?;
        let disk = Disk::over_tmp()?;
        let registry = Registry::plain();
        for image in &images {
            registry.push(&image.layout(), image.name);
        }
        let engines = Engines::find(&registry.host(), report)?;
        for image in &images {
            let rows = rounds::of(image, &engines, &disk, options, report);
            report::tables(report, image, &rows);
        }
        engines.finish();
        Ok(())
    })
}
