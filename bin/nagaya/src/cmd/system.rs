//! `system df` and `check`.

use std::path::Path;

use container::Volumes;
use engine::Engine;
use fault::{Fault, Kind, Result};
use images::{Checked, Images, Problem};
use serde_json::{Value, json};

use super::images::load::Warnings;
use super::images::{as_owner, list, pull};
use super::volumes;
use super::{events, info, prune};
use crate::args::images::List;
use crate::args::system::{Check, Df, System};
use crate::progress::Meter;
use crate::table::Table;
use crate::{human, say};

pub(crate) fn run(verb: &System, root: &Path) -> Result<()> {
    match verb {
        System::Events(typed) => events::run(typed, root).map(drop),
        System::Info(typed) => info::run(typed, root).map(drop),
        System::Df(typed) => df(typed, root),
        System::Prune(typed) => as_owner(|| prune::run(typed, root)),
        System::Boot => boot(root),
        System::Check(typed) => as_owner(|| check(typed, root)),
    }
}

const TABLE: Table = Table {
    columns: &[
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ],
    usual: &["Type", "TotalCount", "Active", "Size", "Reclaimable"],
};

fn df(typed: &Df, root: &Path) -> Result<()> {
    let images = Images::open(root)?;
    let usage = images.usage()?;
    let containers = Engine::at(root).usage()?;
    let volumes = Volumes::at(root);
    let (of_volumes, volumes) = (&volumes, volumes.usage()?);
    let rows = [
        row("Images", usage.images, usage.active, usage.size, usage.reclaimable),
        row("Containers", containers.all, containers.running, containers.size, containers.reclaimable),
        row("Local Volumes", volumes.all, volumes.used, volumes.size, volumes.reclaimable),
        row("Build Cache", 0, 0, 0, 0),
    ];
    say::print(&TABLE.render(typed.format.as_deref(), &rows)?)?;
    if typed.verbose && typed.format.is_none() {
        say::print("\nImages space usage:\n\n")?;
        list::run(&List::default(), &images)?;
        say::print(&format!("\nLocal Volumes space usage:\n\n{}", volumes::with_links(of_volumes)?))?;
    }
    Ok(())
}

fn row(kind: &str, all: usize, active: usize, size: u64, reclaimable: u64) -> Value {
    let share = (reclaimable * 100).checked_div(size).map(|share| format!(" ({share}%)"));
    json!({
        "Type": kind,
        "TotalCount": all.to_string(),
        "Active": active.to_string(),
        "Size": human::size_in_full(size),
        "Reclaimable": human::size_in_full(reclaimable) + &share.unwrap_or_default(),
    })
}

/// One that cannot be started does not keep the others.
fn boot(root: &Path) -> Result<()> {
    let mut failed = None;
    for (record, fault) in Engine::at(root).boot()? {
        match fault {
            None => say::print(&format!("{}\n", record.name))?,
            Some(fault) => {
                say::error(&fault);
                failed = Some(fault.during(format!("start container `{}`", record.name)));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn check(typed: &Check, root: &Path) -> Result<()> {
    let of_containers = Engine::at(root).check(typed.repair)?;
    let images = Images::open(root)?;
    let checked = look(&images)?;
    let read = format!("{} blobs, {}", checked.blobs, human::size(checked.bytes));
    let in_containers = of_containers.problems.len();
    if checked.problems.is_empty() && in_containers == 0 {
        return say::print(&format!("{read}: everything is as it was\n"));
    }
    say::print(&(say::lines(of_containers.problems) + &say::lines(&checked.problems)))?;
    let in_images = checked.problems.len();
    let found = in_containers + in_images;
    let stay = if typed.repair && in_images > 0 { repair(&images, checked.problems)? } else { in_images };
    let stay = stay + in_containers - of_containers.mended;
    say::print(&format!("{read}: {found} problems, {} mended\n", found - stay))?;
    if stay == 0 {
        return Ok(());
    }
    let fault = Fault::new(Kind::Failed, format!("mend {stay} of {found} problems"));
    Err(if typed.repair {
        fault.hint("what is said above is to be fetched or loaded again, or removed by `nagaya rmi`")
    } else {
        Fault::new(Kind::Failed, "call it sound")
            .because(format!("{found} problems"))
            .hint("--repair mends them")
    })
}

/// Mends, and counts what stays.
fn repair(images: &Images, problems: Vec<Problem>) -> Result<usize> {
    let missing = images.mend(problems)?;
    if missing.is_empty() {
        return Ok(0);
    }
    let failed = images.fetch_missing(&missing, &pull::client()?, &Warnings)?;
    for why in failed {
        say::warn(&why);
    }
    Ok(look(images)?.problems.len())
}

/// Reads everything, with a bar where somebody looks.
fn look(images: &Images) -> Result<Checked> {
    let meter = Meter::on_terminal("Checking", Some(images.bytes_to_check()?));
    images.check(&mut |bytes| meter.passed(bytes))
}
