//! Who is measured, and how each is called.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use peers::{Docker, traces};

use crate::{Result, programs, talk, timed};

/// One engine.
#[derive(Debug)]
pub struct Engine {
    /// As the table calls it.
    pub name: &'static str,
    program: PathBuf,
    /// Everything that it keeps is here.
    folder: PathBuf,
    /// What finds dockerd, for docker.
    host: Option<String>,
    /// Containers get no network, unless a command says so.
    alone: bool,
}

/// All engines that this host has, ours first.
#[derive(Debug)]
pub struct Engines {
    /// Ours first.
    pub all: Vec<Engine>,
    docker: Docker,
    folder: PathBuf,
}

const OURS: &str = "nagaya";
const DOCKER: &str = "docker";
const PODMAN: &str = "podman";

impl Engines {
    /// Starts docker's daemon, and gives its image to all. Containers get no network.
    pub fn find() -> Result<Engines> {
        Engines::with(Docker::start(), true)
    }

    /// The same with networks, in the network namespace that we are in.
    pub fn with_networks() -> Result<Engines> {
        Engines::with(Docker::with_networks(), false)
    }

    fn with(docker: Docker, alone: bool) -> Result<Engines> {
        let folder = std::env::temp_dir().join(format!("nagaya-bench-engine-{}", std::process::id()));
        let mut all = Vec::new();
        for (name, program) in
            [(OURS, programs::ours("nagaya")?), (DOCKER, "docker".into()), (PODMAN, "podman".into())]
        {
            let host =
                (name == DOCKER).then(|| format!("unix://{}", docker.folder().join("socket").display()));
            let folder = folder.join(name);
            fs::create_dir_all(&folder).map_err(|err| err.to_string())?;
            all.push(Engine { name, program, folder, host, alone });
        }
        let archive = folder.join("box.tar").display().to_string();
        timed(all[1].command(&["save", "-o", &archive, "box"]))?;
        timed(all[0].command(&["load", "-i", &archive]))?;
        if let Err(why) = timed(all[2].command(&["load", "-i", &archive])) {
            talk(&format!("without podman: {why}"));
            all.truncate(2);
        }
        Ok(Engines { all, docker, folder })
    }

    /// Ends docker's daemon, and removes what there is.
    pub fn finish(self) {
        for engine in &self.all {
            let _ = engine.command(&["ps", "-aq"]).output().map(|output| {
                for id in String::from_utf8_lossy(&output.stdout).lines() {
                    let _ = engine.command(&["rm", "-f", id]).output();
                }
            });
        }
        programs::after_podman();
        self.docker.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Engine {
    /// The one that the others are compared with.
    pub fn is_ours(&self) -> bool {
        self.name == OURS
    }

    /// A command, without a network.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = match &self.host {
            None if !self.is_ours() => programs::podman(&self.program, &self.folder),
            _ => Command::new(&self.program),
        };
        match &self.host {
            Some(host) => drop(command.args(["-H", host])),
            None => drop(command.env("NAGAYA_ROOT", &self.folder)),
        }
        let (verb, rest) = words.split_first().unwrap_or((&"help", &[]));
        command.arg(verb);
        if matches!(*verb, "run" | "create") {
            if self.alone {
                command.args(["--network", "none"]);
            }
            if self.name == PODMAN {
                command.args(programs::podman_run());
            }
        }
        command.args(rest);
        command
    }

    /// What watches containers takes of memory, divided by how many there are.
    pub fn memory_of_each(&self, count: usize) -> String {
        let word = match self.name {
            OURS => "nagaya-monitor",
            DOCKER => "containerd-shim",
            _ => "conmon",
        };
        let all: Vec<_> = traces::processes(word).into_iter().map(|(pid, _)| pss(pid)).collect();
        let sum: u64 = all.iter().sum();
        format!("{} of {}", sum / (count.max(1) as u64), all.len())
    }
}

/// Proportional set size in KiB. Source: proc_pid_smaps_rollup(5).
fn pss(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}
