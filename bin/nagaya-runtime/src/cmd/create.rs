//! `create` and `run`: they differ in who opens the gate.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fault::Result;
use launch::{Foreground, Options, PidfdSocket, Started};
use oci::{ContainerId, Spec};

use crate::args::{Args, Global, Word, takes, unknown};
use crate::{bundle, log, notify, streams};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Waits for `start`.
    Create,
    /// Runs at once.
    Run,
}

/// What was typed.
#[derive(Debug)]
struct Typed {
    id: ContainerId,
    bundle: PathBuf,
    config: Option<PathBuf>,
    console_socket: Option<PathBuf>,
    pidfd_socket: Option<PathBuf>,
    pid_file: Option<PathBuf>,
    preserve_fds: u32,
    no_pivot: bool,
    no_new_keyring: bool,
    detach: bool,
    keep: bool,
    explain: bool,
    trace: bool,
}

pub(crate) fn run(args: Args, global: &Global, verb: Verb) -> Result<ExitCode> {
    let typed = parse(args, verb)?;
    streams::settle(typed.preserve_fds)?;
    let (bundle, mut spec) = bundle::read(&typed.bundle, typed.config.as_deref())?;
    let listen_fds = spec.process.as_mut().map_or(0, streams::pass_listen_fds);
    if !typed.explain {
        let terminal = spec.process.as_ref().is_some_and(|process| process.terminal);
        let detached = verb == Verb::Create || typed.detach;
        streams::check_terminal(terminal, detached, typed.console_socket.is_some())?;
    }
    let all = global.containers();
    let notify = notify::ask(&mut spec, &all.folder(&typed.id));
    if typed.explain {
        return explain(&typed, global, &bundle, &spec, verb);
    }
    let options = Options {
        console: typed.console_socket.as_deref().map(launch::connect_console).transpose()?,
        pid_file: typed.pid_file.clone(),
        pidfd_socket: typed.pidfd_socket.as_deref().map(PidfdSocket::connect).transpose()?,
        notify,
        cgroups: global.cgroups,
        preserve_fds: typed.preserve_fds + listen_fds,
        pivot: !typed.no_pivot,
        keyring: !typed.no_new_keyring,
        ..Options::default()
    };
    let id = &typed.id;
    if verb == Verb::Create {
        let started = launch::create(&all, id, &spec, &bundle, options)?;
        tell(&typed, global, &started)?;
        return Ok(ExitCode::SUCCESS);
    }
    if typed.detach {
        let started = launch::run(&all, id, &spec, &bundle, options)?;
        tell(&typed, global, &started)?;
        if let Some(notify) = &started.notify {
            notify.relay(started.process.pid, started.process.pidfd.as_fd())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let foreground = Foreground::new(true)?;
    let options = Options { mask: Some(foreground.mask()), ..options };
    let started = launch::run(&all, id, &spec, &bundle, options)?;
    tell(&typed, global, &started)?;
    let ended = foreground.wait_and_relay(&started.process, started.terminal, started.notify)?;
    if !typed.keep {
        all.remove_ended(id, &started.process)?.iter().for_each(|warning| log::warn(global, warning));
    }
    Ok(ExitCode::from(ended.exit_code()))
}

fn parse(mut args: Args, verb: Verb) -> Result<Typed> {
    let usage = if verb == Verb::Run { "run [OPTIONS] ID" } else { "create [OPTIONS] ID" };
    let mut typed = Typed {
        id: "none".parse()?,
        bundle: PathBuf::from("."),
        config: None,
        console_socket: None,
        pidfd_socket: None,
        pid_file: None,
        preserve_fds: 0,
        no_pivot: false,
        no_new_keyring: false,
        detach: false,
        keep: false,
        explain: false,
        trace: false,
    };
    let mut id = None;
    while let Some(word) = args.next()? {
        match word {
            Word::Value(value) if id.is_none() => id = Some(value),
            Word::Value(_) => return Err(takes(usage)),
            Word::Option(name) => match name.as_str() {
                "bundle" | "b" => typed.bundle = args.value("bundle")?.into(),
                "config" | "f" => typed.config = Some(args.value("config")?.into()),
                "pidfd-socket" => typed.pidfd_socket = Some(args.value("pidfd-socket")?.into()),
                "console-socket" => typed.console_socket = Some(args.value("console-socket")?.into()),
                "pid-file" => typed.pid_file = Some(args.value("pid-file")?.into()),
                "preserve-fds" => typed.preserve_fds = args.number("preserve-fds")?.min(streams::MOST_FDS),
                "no-pivot" => typed.no_pivot = true,
                "no-new-keyring" => typed.no_new_keyring = true,
                "detach" | "d" if verb == Verb::Run => typed.detach = true,
                "keep" if verb == Verb::Run => typed.keep = true,
                // The container's first process is our own child anyhow.
                "no-subreaper" if verb == Verb::Run => {}
                "explain" => typed.explain = true,
                "trace" => typed.trace = true,
                other => return Err(unknown(other)),
            },
        }
    }
    typed.id = id.ok_or_else(|| takes(usage))?.parse()?;
    Ok(typed)
}

fn explain(typed: &Typed, global: &Global, bundle: &Path, spec: &Spec, verb: Verb) -> Result<ExitCode> {
    let host = launch::read_host(spec, &typed.id, global.cgroups)?;
    let ask = plan::Ask {
        id: &typed.id,
        spec,
        bundle,
        layers: None,
        connections: plan::Connections::default(),
        gate: verb == Verb::Create,
        pivot: !typed.no_pivot,
        keyring: !typed.no_new_keyring,
        preserve_fds: typed.preserve_fds,
    };
    super::print(&plan::explain(&plan::create(&ask, &host)?.steps, None))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(typed: &Typed, global: &Global, started: &Started) -> Result<()> {
    for warning in &started.warnings {
        log::warn(global, warning);
    }
    if typed.trace { super::trace(started) } else { Ok(()) }
}
