//! The program of a container: what runs, as whom, with which rights.

use fault::{Fault, Kind, Result};
use oci::image::Execution;
use oci::{Capabilities, ConsoleSize, Process, Rlimit, User};

use crate::image::Image;
use crate::machine::Machine;
use crate::users::Who;
use crate::{Request, Ulimit, environment};

/// What runs, as `who`, who `can_have` these capabilities.
pub(crate) fn process(
    request: &Request,
    image: &Image,
    machine: &Machine,
    who: &Who,
    hostname: &str,
    can_have: Vec<String>,
) -> Result<Process> {
    let of_image = Some(&image.execution.working_dir).filter(|path| !path.is_empty());
    let cwd = request.workdir.as_ref().or(of_image).map_or("/", String::as_str).to_string();
    if !cwd.starts_with('/') {
        return Err(Fault::invalid("--workdir", format!("`{cwd}` needs to be an absolute path")));
    }
    let env = if request.surroundings.unset_all { &Vec::new() } else { &image.execution.env };
    let has = if who.uid == 0 { can_have.clone() } else { Vec::new() };
    let size = request.size.filter(|_| request.terminal);
    Ok(Process {
        terminal: request.terminal,
        console_size: size.map(|(height, width)| ConsoleSize { height, width }),
        user: User {
            uid: who.uid,
            gid: who.gid,
            umask: request.surroundings.umask,
            additional_gids: who.groups.iter().copied().filter(|gid| machine.has_group(*gid)).collect(),
        },
        args: request.surroundings.args(args(request, &image.execution)?),
        env: environment::of(env, &request.env, hostname, request.terminal, &who.home),
        cwd,
        capabilities: Some(Capabilities {
            bounding: can_have,
            effective: has.clone(),
            permitted: has,
            ..Capabilities::default()
        }),
        rlimits: rlimits(request),
        oom_score_adj: request.surroundings.oom_score_adj,
        no_new_privileges: request.security.no_new_privileges,
        apparmor_profile: request.security.apparmor_profile(),
        selinux_label: if machine.selinux { request.security.program_label() } else { String::new() },
        ..Process::default()
    })
}

/// An entrypoint that was asked for takes the place of the image's, and of its command too; an empty one leaves
/// what was typed.
pub(crate) fn args(request: &Request, image: &Execution) -> Result<Vec<String>> {
    let of_image = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let mut args = match request.entrypoint.as_deref() {
        Some("") => Vec::new(),
        Some(program) => vec![program.to_string()],
        None => of_image(&image.entrypoint),
    };
    if request.command.is_empty() && request.entrypoint.is_none() {
        args.extend(of_image(&image.cmd));
    }
    args.extend(request.command.iter().cloned());
    if args.is_empty() {
        return Err(Fault::new(Kind::Invalid, "find out what to run")
            .because("No command specified")
            .hint("the image names no program: type one behind its name"));
    }
    Ok(args)
}

/// The last one of each kind counts.
fn rlimits(request: &Request) -> Vec<Rlimit> {
    let mut limits: Vec<Rlimit> = Vec::new();
    for limit in request.limits.ulimits.iter().map(Ulimit::rlimit) {
        limits.retain(|other| other.kind != limit.kind);
        limits.push(limit);
    }
    limits
}
