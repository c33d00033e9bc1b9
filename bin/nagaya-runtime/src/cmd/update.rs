//! `update`: other limits for a container that exists.

use std::io::Read;
use std::process::ExitCode;

use fault::{Doing, Fault, Kind, Result};
use oci::{ContainerId, IntelRdt, Resources};

use crate::args::{Args, Global, Word, takes, unknown};
use crate::log;

const USAGE: &str = "update [OPTIONS] ID";

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode> {
    let asked = parse(args)?;
    let container = global.containers().open(&asked.id)?;
    if asked.share != IntelRdt::default() {
        launch::update_share(&container, &asked.share)?;
    }
    for warning in launch::update(&container, &asked.limits)? {
        log::warn(global, &warning);
    }
    Ok(ExitCode::SUCCESS)
}

struct Asked {
    id: ContainerId,
    limits: Resources,
    /// Of the processors' cache and of the bandwidth to memory.
    share: IntelRdt,
}

fn parse(mut args: Args) -> Result<Asked> {
    let (mut id, mut from_file) = (None, None);
    let (mut typed, mut share) = (Resources::default(), IntelRdt::default());
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) if matches!(name.as_str(), "resources" | "r") => {
                from_file = Some(read(&args.text("resources")?)?);
            }
            Word::Option(name) => match name.as_str() {
                "l3-cache-schema" => share.l3_cache_schema = args.text(&name)?,
                "mem-bw-schema" => share.mem_bw_schema = args.text(&name)?,
                _ => option(&mut args, &name, &mut typed)?,
            },
        }
    }
    let id = id.ok_or_else(|| takes(USAGE))?.parse()?;
    // As with runc: a file says it all.
    Ok(Asked { id, limits: from_file.unwrap_or(typed), share })
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
        "blkio-weight" => limits.block_io.weight = Some(number(args, name)?),
        "cpu-rt-period" => cpu.realtime_period = Some(number(args, name)?),
        "cpu-rt-runtime" => cpu.realtime_runtime = Some(number(args, name)?),
        "kernel-memory" => memory.kernel = Some(bytes(args, name)?),
        "kernel-memory-tcp" => memory.kernel_tcp = Some(bytes(args, name)?),
        other => return Err(unknown(other)),
    }
    Ok(())
}

fn number<T: std::str::FromStr>(args: &mut Args, name: &str) -> Result<T> {
    let text = args.text(name)?;
    text.parse().map_err(|_| wrong(name, &format!("expected a number, got `{text}`")))
}

/// `512m`, `1.5g` and the like: powers of 1024; -1 for no limit.
fn bytes(args: &mut Args, name: &str) -> Result<i64> {
    let text = args.text(name)?;
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_suffix("ib").or(lower.strip_suffix('b')).unwrap_or(&lower);
    let shift = |unit: char| "kmgtp".find(unit).map(|at| 10 * (at + 1));
    let (digits, shift) = match lower.chars().last().and_then(shift) {
        Some(shift) => (&lower[..lower.len() - 1], shift),
        None => (lower, 0),
    };
    let bytes = match digits.trim_end().split_once('.') {
        Some((whole, part)) => fraction(whole, part, shift),
        None => digits.trim_end().parse::<i64>().ok().and_then(|count| count.checked_mul(1 << shift)),
    };
    bytes
        .filter(|bytes| *bytes >= -1)
        .ok_or_else(|| wrong(name, &format!("expected bytes such as `512m`, or -1, got `{text}`")))
}

/// A number of units with decimals, rounded down to bytes.
fn fraction(whole: &str, part: &str, shift: usize) -> Option<i64> {
    /// Decimals; more of them would be less than a byte of what anybody has.
    const MOST: usize = 9;
    if whole.is_empty()
        || part.is_empty()
        || part.len() > MOST
        || !format!("{whole}{part}").bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
    let digits = format!("{whole}{part}").parse::<i128>().ok()?;
    i64::try_from(digits.checked_mul(1 << shift)? / scale).ok()
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
