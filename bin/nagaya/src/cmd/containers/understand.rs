//! Options of `run` and `create` by subject, understood.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use container::Userns;
use container::{
    Devices, Limits, Link, Naming, OnDevice, Request, Sharing, Surroundings, Ulimit, Variable, env_file,
};
use engine::Engine;
use fault::{Doing, Fault, Kind, Result};

use crate::args::{limits, naming, program, walls};
use crate::say;

/// `NAME=VALUE` each; a name alone has an empty value. Later ones count.
pub(super) fn pairs<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_string(), value.to_string())
    };
    texts.map(pair).collect()
}

/// All limits but memory, processors and processes, which stand by themselves.
pub(super) fn limits(typed: &limits::Limits) -> Result<Limits> {
    if typed.kernel_memory.is_some() {
        say::warn("--kernel-memory is left out: no kernel can limit its own memory any more");
    }
    if let Some(option) = typed.storage_opt.first() {
        let why = match option.split('=').next() {
            Some("size") => "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
            _ => "unknown option",
        };
        return Err(Fault::invalid("--storage-opt", format!("`{option}`: {why}")));
    }
    let rates = |list: &[String], option: &str, sized| {
        list.iter().map(|text| OnDevice::rate(text, option, sized)).collect::<Result<Vec<_>>>()
    };
    Ok(Limits {
        swappiness: swappiness(typed.memory_swappiness)?,
        no_oom_killer: typed.oom_kill_disable,
        weights: typed
            .blkio_weight_device
            .iter()
            .map(|text| OnDevice::weight(text))
            .collect::<Result<_>>()?,
        read_bps: rates(&typed.device_read_bps, "--device-read-bps", true)?,
        write_bps: rates(&typed.device_write_bps, "--device-write-bps", true)?,
        read_iops: rates(&typed.device_read_iops, "--device-read-iops", false)?,
        write_iops: rates(&typed.device_write_iops, "--device-write-iops", false)?,
        ulimits: typed.ulimit.iter().map(|text| Ulimit::parse(text)).collect::<Result<_>>()?,
        unified: pairs(typed.cgroup_conf.iter().map(String::as_str)),
        ..Limits::default()
    })
}

/// Limits that were typed take the place of those of a request; the others stay.
pub(super) fn change(typed: &limits::Changeable, request: &mut Request) -> Result<()> {
    let memory = typed.memory.as_deref().map(container::memory).transpose()?;
    request.memory = memory.or(request.memory);
    request.cpu_quota = quota(typed)?.or(request.cpu_quota);
    request.pids = typed.pids_limit.or(request.pids);
    let limits = &mut request.limits;
    limits.cpu_shares = typed.cpu_shares.or(limits.cpu_shares);
    limits.cpu_period = typed.cpu_period.filter(|period| *period > 0).or(limits.cpu_period);
    limits.memory_swap = typed.memory_swap.as_deref().map(swap).transpose()?.or(limits.memory_swap);
    let reservation = sized(typed.memory_reservation.as_deref(), "--memory-reservation")?;
    limits.memory_reservation = reservation.or(limits.memory_reservation);
    limits.blkio_weight = typed.blkio_weight.filter(|weight| *weight > 0).or(limits.blkio_weight);
    if let Some(list) = &typed.cpuset_cpus {
        limits.cpuset_cpus.clone_from(list);
    }
    if let Some(list) = &typed.cpuset_mems {
        limits.cpuset_mems.clone_from(list);
    }
    Ok(())
}

/// Microseconds of processor time, by either way to say it.
fn quota(typed: &limits::Changeable) -> Result<Option<i64>> {
    let conflict = |with: &str| {
        let why = format!("Conflicting options: Nano CPUs and CPU {with} cannot both be set");
        Err(Fault::invalid("--cpus", why))
    };
    match (&typed.cpus, typed.cpu_quota, typed.cpu_period) {
        (Some(_), _, Some(1..)) => conflict("Period"),
        (Some(_), Some(1..), _) => conflict("Quota"),
        (Some(text), ..) => container::cpus(text, processors()).map(Some),
        (None, quota, _) => Ok(quota.filter(|quota| *quota != 0)),
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn sized(text: Option<&str>, option: &str) -> Result<Option<i64>> {
    text.map(|text| container::size(text, option)).transpose()
}

fn swap(text: &str) -> Result<i64> {
    if text == "-1" { Ok(-1) } else { container::size(text, "--memory-swap") }
}

fn swappiness(typed: Option<i64>) -> Result<Option<u64>> {
    match typed {
        None | Some(-1) => Ok(None),
        Some(value) => u64::try_from(value).map(Some).map_err(|_| {
            let why = format!("Invalid value: {value}, valid memory swappiness range is 0-100");
            Fault::invalid("--memory-swappiness", why)
        }),
    }
}

/// Namespaces. Names of containers become ids.
pub(super) fn sharing(typed: &walls::Walls, root: &Path) -> Result<Sharing> {
    let find = |name: &str| Engine::at(root).find(name).map(|view| view.record.id);
    let mut sharing = Sharing::default();
    sharing.set_ipc(&typed.ipc, find)?;
    sharing.set_pid(&typed.pid, find)?;
    sharing.set_uts(&typed.uts)?;
    sharing.set_cgroupns(&typed.cgroupns)?;
    let is_root = rustix::process::geteuid().is_root();
    sharing.user = Userns::parse(&typed.userns, &typed.uidmap, &typed.gidmap, is_root)?;
    Ok(sharing)
}

/// How names are resolved. Names of containers become ids.
pub(super) fn naming(typed: &naming::Naming, root: &Path) -> Result<Naming> {
    let link = |text: &String| {
        let (name, alias) = Naming::link(text)?;
        let found = Engine::at(root).find(&name).map_err(|fault| fault.during("use `--link`"))?;
        Ok(Link { container: found.record.id, alias })
    };
    Ok(Naming {
        servers: typed.dns.iter().map(|text| Naming::server(text)).collect::<Result<_>>()?,
        search: typed.dns_search.iter().map(|text| Naming::search(text)).collect::<Result<_>>()?,
        options: typed.dns_option.iter().map(|text| Naming::option(text)).collect::<Result<_>>()?,
        hosts: typed.add_host.iter().map(|text| Naming::host(text)).collect::<Result<_>>()?,
        links: typed.link.iter().map(link).collect::<Result<_>>()?,
    })
}

pub(super) fn devices(typed: &walls::Walls) -> Result<Devices> {
    let mut devices = Devices::default();
    typed.device.iter().try_for_each(|text| devices.add(text))?;
    typed.gpus.iter().try_for_each(|text| devices.add_gpus(text))?;
    typed.device_cgroup_rule.iter().try_for_each(|text| devices.add_rule(text))?;
    Ok(devices)
}

/// What the program finds around it.
pub(super) fn surroundings(typed: &program::Program, limits: &limits::Limits) -> Result<Surroundings> {
    Ok(Surroundings {
        groups: typed.group_add.clone(),
        unset_all: typed.unsetenv_all,
        sysctls: typed.sysctl.iter().map(|text| Surroundings::sysctl(text)).collect::<Result<_>>()?,
        annotations: pairs(typed.annotation.iter().map(String::as_str)),
        domainname: typed.domainname.clone(),
        init: typed.init.then(Surroundings::find_init).transpose()?,
        tz: typed.tz.clone(),
        umask: typed.umask.as_deref().map(Surroundings::umask).transpose()?,
        oom_score_adj: limits.oom_score_adj.map(Surroundings::oom_score).transpose()?,
        personality: typed.personality.clone(),
        rdt_class: limits.rdt_class.clone(),
        cgroup_parent: limits.cgroup_parent.clone().filter(|parent| !parent.is_empty()),
        shm_size: sized(limits.shm_size.as_deref(), "--shm-size")?.filter(|size| *size > 0),
    })
}

/// Variables: all of the caller's, then those of files, then those that were typed. One without a value is taken away.
pub(super) fn variables(typed: &program::Program) -> Result<Vec<Variable>> {
    let caller = |name: &str| std::env::var(name).ok();
    let mut variables = Vec::new();
    if typed.env_host {
        let own = std::env::vars().map(|(name, value)| Variable::parse(&format!("{name}={value}"), caller));
        variables.extend(own.filter_map(Result::ok));
    }
    for name in &typed.unsetenv {
        variables.push(Variable::parse(name, |_| None)?);
    }
    for file in &typed.env_file {
        variables.extend(env_file(file, caller)?);
    }
    for text in &typed.env {
        variables.push(Variable::parse(text, caller)?);
    }
    Ok(variables)
}

/// There is one runtime, and it is this program.
pub(super) fn check_runtime(name: Option<&str>) -> Result<()> {
    match name {
        None | Some("nagaya" | "nagaya-runtime") => Ok(()),
        Some(other) => Err(Fault::new(Kind::Unsupported, format!("use runtime `{other}`"))
            .because(format!("unknown or invalid runtime name: {other}"))
            .hint("nagaya is its own runtime: leave --runtime out")),
    }
}

/// An absolute path, from where we are.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).doing(|| "find the folder that we are in")
}
