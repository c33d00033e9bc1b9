//! `run`: what was typed, understood; and a program in a new container.

use engine::{Engine, Request, Root, Running, Variable, Volume};
use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{isatty, tcgetwinsize};

use crate::args::Run;
use crate::say;

/// In Docker's words, which has an exit code of its own for it.
pub(crate) const NOT_A_TERMINAL: &str = "the input device is not a TTY";

pub(crate) fn run(typed: Run, engine: &Engine) -> Result<u8> {
    // Before anything of the container is looked at: from here on we are a program that it cannot change.
    launch::seal()?;
    let (interactive, trace) = (typed.interactive, typed.trace);
    check_terminal(&typed)?;
    let request = request(typed)?;
    let prepared = engine.prepare(&request)?;
    // Everything that can be refused is refused before anything is made.
    prepared.plan()?;
    for made in engine.make_volumes(&request)? {
        say::note(&format!("`{}` was not there: made it, as a folder", made.display()));
    }
    if !interactive {
        no_input()?;
    }
    let running = engine.start(prepared)?;
    running.warnings().iter().for_each(|warning| say::warn(warning));
    if trace {
        say::talk(&lines(&running));
    }
    running.wait()
}

fn lines(running: &Running) -> String {
    let trace = running.trace();
    let lines: String = trace.steps.iter().map(|(step, took)| plan::trace_line(step, *took) + "\n").collect();
    lines + &format!("{:>8} us  in all\n", trace.whole.as_micros())
}

/// Keys can be passed on to a terminal from a terminal only.
fn check_terminal(typed: &Run) -> Result<()> {
    if !typed.tty || !typed.interactive || isatty(rustix::stdio::stdin()) {
        return Ok(());
    }
    Err(Fault::new(Kind::Invalid, "use `--tty`").because(NOT_A_TERMINAL).hint("leave -t out, and keep -i"))
}

/// What is typed is not for the program: it reads from nowhere.
fn no_input() -> Result<()> {
    let doing = || "close the program's input";
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).doing(doing)?;
    rustix::stdio::dup2_stdin(&null).doing(doing)
}

/// From what was typed to what it means.
pub(crate) fn request(typed: Run) -> Result<Request> {
    let mut words = typed.words.into_iter();
    let root = match (typed.rootfs, words.next()) {
        (Some(folder), first) => {
            let command: Vec<_> = first.into_iter().chain(words).collect();
            words = command.into_iter();
            Root::Folder(folder)
        }
        (None, Some(image)) => image.parse()?,
        (None, None) => return Err(no_image()),
    };
    let here = std::env::current_dir().doing(|| "find the folder that we are in")?;
    let caller = |name: &str| std::env::var(name).ok();
    Ok(Request {
        root,
        command: words.collect(),
        entrypoint: typed.entrypoint,
        terminal: typed.tty,
        size: size_of_terminal(),
        name: typed.name,
        hostname: typed.hostname,
        env: typed.env.iter().map(|text| Variable::parse(text, caller)).collect::<Result<_>>()?,
        workdir: typed.workdir,
        user: typed.user,
        volumes: typed.volume.iter().map(|text| Volume::parse(text, &here)).collect::<Result<_>>()?,
        read_only: typed.read_only,
        memory: typed.memory.map(|text| engine::memory(&text)).transpose()?,
        cpu_quota: typed.cpus.map(|text| engine::cpus(&text, processors())).transpose()?,
        pids: typed.pids_limit,
        network: typed.network.parse()?,
        cap_add: typed.cap_add,
        cap_drop: typed.cap_drop,
        privileged: typed.privileged,
    })
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn size_of_terminal() -> Option<(u16, u16)> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    streams.into_iter().find_map(|stream| tcgetwinsize(stream).ok()).map(|size| (size.ws_row, size.ws_col))
}

fn no_image() -> Fault {
    Fault::new(Kind::Invalid, "understand the command")
        .because("there is no image to run")
        .hint("`nagaya run host` for this machine's own root, or `nagaya run --rootfs DIR`")
}
