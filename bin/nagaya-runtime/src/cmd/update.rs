//! `update`: other limits for a container that exists.

use std::io::Read;
use std::process::ExitCode;

use fault::{Doing, Fault, Kind, Result};
use oci::{ContainerId, Resources};

use crate::args::{Args, Global, Word, takes, unknown};

const USAGE: &str = "update [OPTIONS] ID";

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let (id, limits) = parse(args)?;
    launch::update(&global.containers().open(&id)?, &limits)?;
    Ok(ExitCode::SUCCESS)
}

fn parse(mut args: Args) -> Result<(ContainerId, Resources)> {
    let (mut id, mut from_file, mut typed) = (None, None, Resources::default());
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) if matches!(name.as_str(), "resources" | "r") => {
                from_file = Some(read(&args.text("resources")?)?);
            }
            Word::Option(name) => option(&mut args, &name, &mut typed)?,
        }
    }
    let id = id.ok_or_else(|| takes(USAGE))?.parse()?;
    // As with runc: a file says it all.
    Ok((id, from_file.unwrap_or(typed)))
}

fn option(args: &mut Args, name: &str, limits: &mut Resources) -> Result<()> {
    let (cpu, memory) = (&mut limits.cpu, &mut limits.memory);
    match name {
        "cpu-period" => cpu.period = Some(number(args, name)?),
        "cpu-quota" => cpu.quota = Some(number(args, name)?),
        "cpu-burst" => cpu.burst = Some(number(args, name)?),
        "cpu-share" => cpu.shares = Some(number(args, name)?),
        "cpu-idle" => cpu.idle = Some(number(args, name)?),
        "cpuset-cpus" => cpu.cpus = args.text(name)?,
        "cpuset-mems" => cpu.mems = args.text(name)?,
        "memory" => memory.limit = Some(bytes(args, name)?),
        "memory-reservation" => memory.reservation = Some(bytes(args, name)?),
        "memory-swap" => memory.swap = Some(bytes(args, name)?),
        "pids-limit" => limits.pids.limit = Some(number(args, name)?),
        // No kernel has these any more.
        "kernel-memory" | "kernel-memory-tcp" => drop(args.text(name)?),
        "blkio-weight" | "cpu-rt-period" | "cpu-rt-runtime" | "l3-cache-schema" | "mem-bw-schema" => {
            return Err(
                Fault::new(Kind::Unsupported, format!("use `--{name}`")).because("it is not supported yet")
            );
        }
        other => return Err(unknown(other)),
    }
    Ok(())
}

fn number<T: std::str::FromStr>(args: &mut Args, name: &str) -> Result<T> {
    let text = args.text(name)?;
    text.parse().map_err(|_| wrong(name, &format!("expected a number, got `{text}`")))
}

/// `512m` and the like: powers of 1024; -1 for no limit.
fn bytes(args: &mut Args, name: &str) -> Result<i64> {
    let text = args.text(name)?;
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_suffix("ib").or(lower.strip_suffix('b')).unwrap_or(&lower);
    let shift = |unit: char| "kmgtp".find(unit).map(|at| 10 * (at + 1));
    let (digits, shift) = match lower.chars().last().and_then(shift) {
        Some(shift) => (&lower[..lower.len() - 1], shift),
        None => (lower, 0),
    };
    let bytes = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(1 << shift));
    bytes
        .filter(|bytes| *bytes >= -1)
        .ok_or_else(|| wrong(name, &format!("expected bytes such as `512m`, or -1, got `{text}`")))
}

fn wrong(name: &str, why: &str) -> Fault {
    Fault::new(Kind::Invalid, format!("use `--{name}`")).because(why)
}

/// `linux.resources` of a config, alone in a file; `-` is stdin.
fn read(path: &str) -> Result<Resources> {
    let doing = || format!("read `{path}`");
    let mut bytes = Vec::new();
    let read = if path == "-" {
        std::io::stdin().take(oci::LONGEST_CONFIG).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(oci::LONGEST_CONFIG).read_to_end(&mut bytes))
    };
    read.doing(doing)?;
    oci::from_json(&bytes, "the resources", "linux.resources.")
}
