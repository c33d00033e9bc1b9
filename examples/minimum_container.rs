//! The article's container: a command in a root folder, with namespaces, a host name and a `/proc` of its own.
//!
//! ```console
//! $ mkdir rootfs && docker export $(docker create busybox) | tar -C rootfs -x
//! $ cargo run --example minimum_container -- rootfs sh
//! ```
#![expect(clippy::print_stderr, reason = "an example has no log")]

use std::path::Path;
use std::process::ExitCode;

use fault::{Doing, Result};
use launch::{Containers, Foreground, Options};
use oci::{Linux, Mount, Namespace, NamespaceKind as Kind, Process, Root, Spec};

/// What is asked for: everything else of a `config.json` stays empty.
fn spec(rootfs: &Path, args: Vec<String>) -> Spec {
    let new = |kind| Namespace { kind, path: String::new() };
    let kinds = [Kind::Mount, Kind::Pid, Kind::Uts, Kind::Ipc, Kind::Network, Kind::Cgroup];
    let proc = Mount { destination: "/proc".into(), kind: "proc".into(), ..Mount::default() };
    let env = vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".into()];
    Spec {
        oci_version: oci::VERSION.into(),
        root: Some(Root { path: rootfs.display().to_string(), readonly: false }),
        process: Some(Process { args, env, cwd: "/".into(), ..Process::default() }),
        hostname: "container".into(),
        mounts: vec![proc],
        linux: Linux { namespaces: kinds.map(new).into(), ..Linux::default() },
        ..Spec::default()
    }
}

fn run(rootfs: &Path, args: Vec<String>) -> Result<ExitCode> {
    // The program that becomes the container must not be one that the container can change.
    launch::seal()?;
    let rootfs = rootfs.canonicalize().doing(|| format!("find `{}`", rootfs.display()))?;
    let all = Containers::at(std::env::temp_dir().join(format!("minimum-{}", std::process::id())));
    let id = "container".parse()?;
    let foreground = Foreground::new(true)?;
    let options = Options { mask: Some(foreground.mask()), ..Options::default() };
    let started = launch::run(&all, &id, &spec(&rootfs, args), &rootfs, options)?;
    let ended = foreground.wait(&started.process, started.terminal)?;
    all.remove_ended(&id, &started.process)?;
    all.remove().map(|()| ExitCode::from(ended.exit_code()))
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let rootfs = args.next().unwrap_or_else(|| "rootfs".into());
    run(Path::new(&rootfs), args.collect()).unwrap_or_else(|fault| {
        eprintln!("error: {fault}");
        ExitCode::FAILURE
    })
}
