//! `create` and `run`: they differ in who opens the gate.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fault::{Doing, Fault, Kind, Result};
use launch::{Foreground, Options, Started};
use oci::{ContainerId, Spec};

use crate::args::{Args, Global, Word, takes, unknown};
use crate::{bundle, log};

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
    console_socket: Option<PathBuf>,
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
    let given = 3 + typed.preserve_fds + listen_fds();
    // Descriptors that the caller forgot are nobody's in a container, not even while it waits at the gate.
    sys::fds::close_on_exec_from(given).doing(|| "close descriptors of the caller")?;
    // Before anything of the container is looked at: from here on we are a program that it cannot change.
    launch::seal()?;
    check_given(given)?;
    let (bundle, mut spec) = bundle::read(&typed.bundle)?;
    let listen_fds = pass_listen_fds(&mut spec);
    check_terminal(&typed, &spec, verb)?;
    if typed.explain {
        return explain(&typed, &bundle, &spec, verb);
    }
    let all = global.containers();
    let options = Options {
        console: typed.console_socket.as_deref().map(launch::connect_console).transpose()?,
        pid_file: typed.pid_file.clone(),
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
        return tell(&typed, global, &started).map(|()| ExitCode::SUCCESS);
    }
    let foreground = Foreground::new(true)?;
    let options = Options { mask: Some(foreground.mask()), ..options };
    let started = launch::run(&all, id, &spec, &bundle, options)?;
    tell(&typed, global, &started)?;
    let ended = foreground.wait(&started.process, started.terminal)?;
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
        console_socket: None,
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
                "console-socket" => typed.console_socket = Some(args.value("console-socket")?.into()),
                "pid-file" => typed.pid_file = Some(args.value("pid-file")?.into()),
                "preserve-fds" => typed.preserve_fds = args.number("preserve-fds")?.min(MOST_FDS),
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

/// Somebody must take the outer end of a terminal, and nobody waits for one that does not come.
fn check_terminal(typed: &Typed, spec: &Spec, verb: Verb) -> Result<()> {
    let terminal = spec.process.as_ref().is_some_and(|process| process.terminal);
    let detached = verb == Verb::Create || typed.detach;
    let socket = typed.console_socket.is_some();
    let wrong = |cause, hint: &str| {
        Err(Fault::new(Kind::Invalid, "use `--console-socket`").because(cause).hint(hint))
    };
    match (terminal, detached, socket) {
        (true, true, false) if !typed.explain => wrong(
            "cannot allocate a terminal for a container that is detached without a console socket",
            "name a console socket, or set `process.terminal` to false",
        ),
        (false, _, true) => {
            wrong("`process.terminal` is false: there is no terminal to send", "leave it out")
        }
        (true, false, true) => {
            wrong("a container in the foreground uses the terminal at hand", "leave it out, or add --detach")
        }
        _ => Ok(()),
    }
}

/// Descriptors that the program is to inherit must be there.
fn check_given(end: u32) -> Result<()> {
    match (3..end).find(|number| !Path::new(&format!("/proc/self/fd/{number}")).exists()) {
        None => Ok(()),
        Some(number) => Err(Fault::new(Kind::Invalid, "use `--preserve-fds`")
            .because(format!("descriptor {number} is not open"))
            .hint("count those behind the standard ones only")),
    }
}

fn listen_fds() -> u32 {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u32>().ok());
    match number("LISTEN_PID") {
        Some(pid) if pid != std::process::id() => 0,
        _ => number("LISTEN_FDS").unwrap_or(0).min(MOST_FDS),
    }
}

/// Descriptors that may be passed on; what the kernel lets a process have by default.
const MOST_FDS: u32 = 1024;

/// Descriptors of socket activation that were meant for us are for the program, which is told in the same
/// way: it will be process 1. Source: sd_listen_fds(3).
fn pass_listen_fds(spec: &mut Spec) -> u32 {
    let count = listen_fds();
    if let Some(process) = spec.process.as_mut().filter(|_| count > 0) {
        process.env.extend([format!("LISTEN_FDS={count}"), "LISTEN_PID=1".to_string()]);
    }
    count
}

fn explain(typed: &Typed, bundle: &Path, spec: &Spec, verb: Verb) -> Result<ExitCode> {
    let host = launch::read_host(spec, &typed.id)?;
    let ask = plan::Ask {
        id: &typed.id,
        spec,
        bundle,
        overlay: None,
        gate: verb == Verb::Create,
        pivot: !typed.no_pivot,
        keyring: !typed.no_new_keyring,
        preserve_fds: typed.preserve_fds,
    };
    super::print(&plan::explain(&plan::create(&ask, &host)?.steps))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(typed: &Typed, global: &Global, started: &Started) -> Result<()> {
    for warning in &started.warnings {
        log::warn(global, warning);
    }
    if !typed.trace {
        return Ok(());
    }
    let mut lines = String::new();
    for (step, took) in &started.trace.steps {
        lines.push_str(&plan::trace_line(step, *took));
        lines.push('\n');
    }
    let whole = started.trace.whole.as_micros();
    let mut out = std::io::stderr().lock();
    out.write_all(lines.as_bytes())
        .and_then(|()| writeln!(out, "{whole:>8} us  in all"))
        .doing(|| "write the trace")
}
