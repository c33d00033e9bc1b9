//! What was typed for `run` and `create`, understood.

use std::collections::BTreeMap;
use std::path::Path;

use container::{LogConfig, Request, Root, Security};
use fault::{Doing, Fault, Kind, Result};
use images::Lease;
use rustix::termios::tcgetwinsize;

use super::mounts;
use super::networking;
use super::understand;
use crate::args::run::Options;
use crate::cmd::image::{self, How};

/// From what was typed to what it means.
pub(crate) fn request(typed: Options, words: Vec<String>, root: &Path) -> Result<(Request, Vec<Lease>)> {
    understand::check_runtime(typed.runtime.as_deref())?;
    if let Some(name) = typed.isolation.as_deref().filter(|name| !["", "default"].contains(name)) {
        return Err(Fault::invalid("--isolation", format!("invalid isolation ({name}): it is for Windows")));
    }
    let all = root;
    let mut words = words.into_iter();
    let mut leases = Vec::new();
    let mounts = mounts::of(&typed, root, &mut leases)?;
    let how = How { pull: &typed.pull, platform: typed.platform.as_deref(), quiet: typed.quiet };
    let root = match (typed.rootfs, words.next()) {
        (Some(folder), first) => {
            let command: Vec<_> = first.into_iter().chain(words).collect();
            words = command.into_iter();
            Root::Folder(
                std::path::absolute(&folder).doing(|| format!("use root folder `{}`", folder.display()))?,
            )
        }
        (None, Some(image)) if image == "host" => Root::Host,
        (None, Some(image)) => {
            let (image, held) = image::of(&image, root, how)?;
            leases.push(held);
            Root::Image(Box::new(image))
        }
        (None, None) => return Err(no_image()),
    };
    let networking = networking::understand(&typed.networking, typed.hostname.as_deref(), all)?;
    let mut request = Request {
        root,
        command: words.collect(),
        entrypoint: typed.program.entrypoint.clone(),
        terminal: typed.tty,
        interactive: typed.interactive,
        auto_remove: typed.rm,
        restart: typed.restart.parse()?,
        log: LogConfig::parse(typed.log_driver.as_deref(), &typed.log_opt)?,
        stop_signal: typed.stop_signal,
        stop_timeout: typed.stop_timeout,
        health: super::health::of(&typed.health)?,
        typed: typed_words(),
        labels: labels(&typed.label, &typed.label_file)?,
        size: size_of_terminal(),
        name: typed.name,
        hostname: typed.hostname,
        naming: understand::naming(&typed.naming, all)?,
        env: understand::variables(&typed.program)?,
        workdir: typed.program.workdir.clone(),
        user: typed.program.user.clone(),
        mounts,
        volumes_from: typed.volumes_from,
        read_only: typed.read_only,
        network: networking.network,
        networks: networking.networks,
        publish: networking.publish,
        publish_all: networking.publish_all,
        exposed: networking.exposed,
        security: Security::parse(&typed.walls.security_opt)?,
        limits: understand::limits(&typed.limits)?,
        devices: understand::devices(&typed.walls)?,
        sharing: understand::sharing(&typed.walls, all)?,
        surroundings: understand::surroundings(&typed.program, &typed.limits)?,
        cap_add: typed.walls.cap_add,
        cap_drop: typed.walls.cap_drop,
        privileged: typed.walls.privileged,
        timeout: typed.limits.timeout.filter(|seconds| *seconds > 0),
        pidfile: typed.pidfile.as_deref().map(understand::absolute).transpose()?,
        ..Request::default()
    };
    understand::change(&typed.limits.changeable, &mut request)?;
    check(&request)?;
    Ok((request, leases))
}

/// From the command on: what stands before it is about nagaya itself.
fn typed_words() -> Vec<String> {
    let words = std::env::args().skip_while(|word| word != "run" && word != "create");
    words.collect()
}

/// What contradicts itself, in Docker's words.
fn check(request: &Request) -> Result<()> {
    if request.auto_remove && request.restart != container::Restart::No {
        return Err(Fault::new(Kind::Invalid, "understand the options")
            .because("conflicting options: cannot specify both --restart and --rm")
            .hint("a container that goes when its program ends cannot start again"));
    }
    if let Some(signal) = &request.stop_signal {
        launch::parse_signal(signal).map_err(|fault| fault.during("use `--stop-signal`"))?;
    }
    Ok(())
}

/// `NAME=VALUE` each; a name alone has an empty value. Later ones count.
fn labels(typed: &[String], files: &[std::path::PathBuf]) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    let mut take = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        labels.insert(name.to_string(), value.to_string());
    };
    for file in files {
        let text =
            std::fs::read_to_string(file).doing(|| format!("read `{}` for --label-file", file.display()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.for_each(&mut take);
    }
    for text in typed {
        take(text);
    }
    Ok(labels)
}

pub(super) fn size_of_terminal() -> Option<(u16, u16)> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    streams.into_iter().find_map(|stream| tcgetwinsize(stream).ok()).map(|size| (size.ws_row, size.ws_col))
}

/// In Docker's words, which has an exit code of its own for it.
pub(crate) const NO_IMAGE: &str = "'nagaya run' requires at least 1 argument";

fn no_image() -> Fault {
    Fault::new(Kind::Invalid, "understand the command")
        .because(NO_IMAGE)
        .hint("`nagaya run host` for this machine's own root, or `nagaya run --rootfs DIR`")
}
