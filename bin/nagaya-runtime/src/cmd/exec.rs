//! `exec`: one more process in a container that runs.

use std::path::PathBuf;
use std::process::ExitCode;

use fault::{Fault, Kind, Result};
use launch::{Container, Entering, Foreground, PidfdSocket, Subgroup};
use oci::{Capabilities, ContainerId, Process};

use crate::args::{Args, Global, Word, takes, unknown};
use crate::{bundle, log, streams};

const USAGE: &str = "exec [OPTIONS] ID COMMAND [ARGS], or exec --process FILE ID";

/// Our own failure, which no program's status is to be mistaken for.
const FAILED: u8 = 255;

/// What was typed.
#[derive(Debug, Default)]
struct Typed {
    process: Option<PathBuf>,
    console_socket: Option<PathBuf>,
    pidfd_socket: Option<PathBuf>,
    pid_file: Option<PathBuf>,
    detach: bool,
    ignore_paused: bool,
    trace: bool,
    preserve_fds: u32,
    subgroups: Vec<Subgroup>,
    changes: Changes,
}

/// How the process differs from the container's own.
#[derive(Debug, Default)]
struct Changes {
    args: Vec<String>,
    cwd: Option<String>,
    env: Vec<String>,
    tty: bool,
    user: Option<String>,
    groups: Vec<u32>,
    no_new_privileges: bool,
    capabilities: Vec<String>,
    profile: Option<String>,
    label: Option<String>,
}

pub(crate) fn run(args: Args, global: &Global) -> ExitCode {
    try_run(args, global).unwrap_or_else(|fault| {
        log::error(global, &fault);
        ExitCode::from(FAILED)
    })
}

fn try_run(args: Args, global: &Global) -> Result<ExitCode> {
    let (id, typed) = parse(args)?;
    streams::settle(typed.preserve_fds)?;
    let container = global.containers().open(&id)?;
    let mut process = match &typed.process {
        Some(path) => fill_in(bundle::read_process(path)?, &container),
        None => typed.changes.apply(container.process().cloned().unwrap_or_default())?,
    };
    let listen_fds = streams::pass_listen_fds(&mut process);
    streams::check_terminal(process.terminal, typed.detach, typed.console_socket.is_some())?;
    let entering = Entering {
        console: typed.console_socket.as_deref().map(launch::connect_console).transpose()?,
        pid_file: typed.pid_file,
        pidfd_socket: typed.pidfd_socket.as_deref().map(PidfdSocket::connect).transpose()?,
        preserve_fds: typed.preserve_fds + listen_fds,
        ignore_paused: typed.ignore_paused,
        subgroups: typed.subgroups,
        mask: None,
    };
    let foreground = if typed.detach { None } else { Some(Foreground::new(true)?) };
    let mask = foreground.as_ref().map(Foreground::mask);
    let started = launch::exec(&container, &process, Entering { mask, ..entering })?;
    started.warnings.iter().for_each(|warning| log::warn(global, warning));
    if typed.trace {
        super::trace(&started)?;
    }
    match foreground {
        None => Ok(ExitCode::SUCCESS),
        Some(foreground) => {
            let ended = foreground.wait(&started.process, started.terminal)?;
            Ok(ExitCode::from(ended.exit_code()))
        }
    }
}

fn parse(mut args: Args) -> Result<(ContainerId, Typed)> {
    let mut typed = Typed::default();
    let mut id: Option<String> = None;
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) => {
                id = Some(value);
                // What follows is the command, with options of its own.
                typed.changes.args = args.rest()?;
                break;
            }
            Word::Option(name) => option(&mut args, &name, &mut typed)?,
        }
    }
    let id = id.ok_or_else(|| takes(USAGE))?.parse()?;
    if typed.changes.args.first().is_some_and(|word| word == "--") {
        typed.changes.args.remove(0);
    }
    if typed.process.is_none() && typed.changes.args.is_empty() {
        return Err(takes(USAGE));
    }
    Ok((id, typed))
}

fn option(args: &mut Args, name: &str, typed: &mut Typed) -> Result<()> {
    let changes = &mut typed.changes;
    match name {
        "process" | "p" => typed.process = Some(args.value("process")?.into()),
        "console-socket" => typed.console_socket = Some(args.value("console-socket")?.into()),
        "pidfd-socket" => typed.pidfd_socket = Some(args.value("pidfd-socket")?.into()),
        "pid-file" => typed.pid_file = Some(args.value("pid-file")?.into()),
        "detach" | "d" => typed.detach = true,
        "ignore-paused" => typed.ignore_paused = true,
        "trace" => typed.trace = true,
        "preserve-fds" => typed.preserve_fds = args.number("preserve-fds")?.min(streams::MOST_FDS),
        "cgroup" => typed.subgroups.push(Subgroup::parse(&args.text("cgroup")?)?),
        "cwd" => changes.cwd = Some(args.text("cwd")?),
        "env" | "e" => changes.env.push(args.text("env")?),
        "tty" | "t" => changes.tty = true,
        "user" | "u" => changes.user = Some(args.text("user")?),
        "additional-gids" | "g" => changes.groups.push(args.number("additional-gids")?),
        "apparmor" => changes.profile = Some(args.text("apparmor")?),
        "process-label" => changes.label = Some(args.text("process-label")?),
        "no-new-privs" => changes.no_new_privileges = true,
        "cap" | "c" => changes.capabilities.push(args.text("cap")?),
        other => return Err(unknown(other)),
    }
    Ok(())
}

/// What a `process.json` does not say is as the container's program has it.
fn fill_in(mut process: Process, container: &Container) -> Process {
    let Some(own) = container.process() else { return process };
    if process.capabilities.is_none() {
        process.capabilities.clone_from(&own.capabilities);
    }
    if process.apparmor_profile.is_empty() {
        process.apparmor_profile.clone_from(&own.apparmor_profile);
    }
    if process.selinux_label.is_empty() {
        process.selinux_label.clone_from(&own.selinux_label);
    }
    process.scheduler = process.scheduler.or_else(|| own.scheduler.clone());
    process.io_priority = process.io_priority.or_else(|| own.io_priority.clone());
    process.exec_cpu_affinity = process.exec_cpu_affinity.or_else(|| own.exec_cpu_affinity.clone());
    if process.rlimits.is_empty() {
        process.rlimits.clone_from(&own.rlimits);
    }
    process
}

impl Changes {
    fn apply(self, mut process: Process) -> Result<Process> {
        process.args = self.args;
        process.terminal = self.tty;
        process.console_size = None;
        process.cwd = self.cwd.unwrap_or(process.cwd);
        process.env.extend(self.env);
        process.apparmor_profile = self.profile.unwrap_or(process.apparmor_profile);
        process.selinux_label = self.label.unwrap_or(process.selinux_label);
        process.no_new_privileges |= self.no_new_privileges;
        if let Some(user) = &self.user {
            (process.user.uid, process.user.gid) = ids(user, process.user.gid)?;
        }
        process.user.additional_gids.extend(self.groups);
        if !self.capabilities.is_empty() {
            add_capabilities(process.capabilities.get_or_insert_default(), &self.capabilities);
        }
        Ok(process)
    }
}

/// `UID[:GID]`. Numbers only: there is no image whose names could be meant.
fn ids(text: &str, group: u32) -> Result<(u32, u32)> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number != u32::MAX).ok_or_else(|| {
            Fault::new(Kind::Invalid, "use `--user`")
                .because(format!("expected UID or UID:GID in numbers, got `{text}`"))
        })
    };
    match text.split_once(':') {
        None => Ok((number(text)?, group)),
        Some((user, group)) => Ok((number(user)?, number(group)?)),
    }
}

/// Inheritable and ambient ones only where the container's program has such: nothing is gained by accident.
fn add_capabilities(sets: &mut Capabilities, names: &[String]) {
    let more = |set: &mut Vec<String>| set.extend(names.iter().cloned());
    more(&mut sets.bounding);
    more(&mut sets.effective);
    more(&mut sets.permitted);
    if !sets.ambient.is_empty() {
        more(&mut sets.inheritable);
        more(&mut sets.ambient);
    }
}
