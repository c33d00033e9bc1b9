//! Who is measured, and how each is called.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bench::programs::{self, in_path};
use bench::{Report, Result, note};
use peers::{Docker, traces};

use crate::made::Image;

/// What an engine does with an image, in the order of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Pull,
    /// Of what was pulled.
    RemovePulled,
    Load,
    FirstRun,
    SecondRun,
    Remove,
}

/// What a table is called, and what it says; no table for what is only cleaned up.
pub(crate) const VERBS: [(Verb, &str, &str); 6] = [
    (Verb::Pull, "pull", "from a registry on this machine"),
    (Verb::RemovePulled, "", ""),
    (Verb::Load, "load", "of an archive as `docker save` writes it"),
    (Verb::FirstRun, "first run", "run --rm --network none IMAGE true"),
    (Verb::SecondRun, "second run", "the same again"),
    (Verb::Remove, "rmi", "of the image, which no container uses"),
];

/// One way to deal with images.
#[derive(Debug)]
pub(crate) struct Engine {
    /// As the tables call it.
    pub(crate) name: &'static str,
    program: PathBuf,
    /// Everything that it keeps is here.
    folder: PathBuf,
}

/// All engines that this host has.
#[derive(Debug)]
pub(crate) struct Engines {
    pub(crate) all: Vec<Engine>,
    docker: Option<Docker>,
    /// Of the registry.
    host: String,
}

/// Ours first: the others are compared with it.
pub(crate) const OURS: &str = "nagaya";
const FOLDERS: &str = "folders";
const DOCKER: &str = "docker";
const PODMAN: &str = "podman";
const UMOCI: &str = "skopeo+umoci";

impl Engines {
    /// Looks who is here, and starts docker's daemon.
    pub(crate) fn find(host: &str, report: &mut Report) -> Result<Engines> {
        let ours = programs::ours("nagaya")?;
        let programs = [
            (OURS, Ok(ours.clone())),
            (FOLDERS, Ok(ours)),
            (DOCKER, in_path("dockerd").and_then(|_| in_path("docker"))),
            (PODMAN, in_path("podman")),
            (UMOCI, in_path("skopeo").and_then(|_| in_path("umoci"))),
        ];
        let mut all = Vec::new();
        for (name, program) in programs {
            let folder = std::env::temp_dir().join(name);
            match program {
                Ok(program) if report.keep(fs::create_dir(&folder).map_err(|err| err.to_string())) => {
                    all.push(Engine { name, program, folder });
                }
                Ok(_) => {}
                Err(why) => note(&format!("without {name}: {why}")),
            }
        }
        let docker = all.iter().any(|engine| engine.name == DOCKER).then(Docker::beside_registries);
        Ok(Engines { all, docker, host: host.to_string() })
    }

    /// Ends docker's daemon, and removes what podman leaves.
    pub(crate) fn finish(self) {
        programs::after_podman();
        if let Some(docker) = self.docker {
            docker.stop();
        }
    }

    /// Processes that work for an engine besides those that are started for it.
    pub(crate) fn daemons(&self, engine: &Engine) -> Vec<i32> {
        let docker = self.docker.as_ref().filter(|_| engine.name == DOCKER);
        let folder = docker.map(|docker| docker.folder().display().to_string());
        folder
            .map_or(Vec::new(), |folder| traces::processes(&folder).into_iter().map(|(pid, _)| pid).collect())
    }

    /// What is to be run for a verb, one after the other; nothing if the engine does not have it.
    pub(crate) fn commands(&self, engine: &Engine, verb: Verb, image: &Image) -> Vec<Command> {
        let pulled = format!("{}/{}:latest", self.host, image.name);
        let saved = image.saved().display().to_string();
        if engine.name == UMOCI {
            return engine.umoci(verb, image, &pulled, &saved);
        }
        let words: Vec<&str> = match verb {
            Verb::Pull if engine.name == PODMAN => vec!["pull", "--tls-verify=false", &pulled],
            Verb::Pull => vec!["pull", &pulled],
            Verb::RemovePulled => vec!["rmi", &pulled],
            Verb::Load => vec!["load", "-i", &saved],
            Verb::FirstRun | Verb::SecondRun => {
                let (run, program) = (["run", "--rm", "--network", "none"], [image.name, "true"]);
                let more = if engine.name == PODMAN { programs::podman_run().collect() } else { Vec::new() };
                [&run[..], &more, &program].concat()
            }
            Verb::Remove => vec!["rmi", image.name],
        };
        vec![match &self.docker {
            Some(docker) if engine.name == DOCKER => docker.command(&words),
            _ => engine.command(&words),
        }]
    }
}

impl Engine {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = match self.name {
            PODMAN => programs::podman(&self.program, &self.folder),
            _ => Command::new(&self.program),
        };
        command
            .env("NAGAYA_ROOT", &self.folder)
            .envs((self.name == FOLDERS).then_some(("NAGAYA_LAYERS", "folders")));
        command.args(words);
        command
    }

    /// A layout and a bundle; what then runs is a runtime's, whose bench is another.
    fn umoci(&self, verb: Verb, image: &Image, pulled: &str, saved: &str) -> Vec<Command> {
        let (layout, bundle) = (self.folder.join("layout"), self.folder.join("bundle"));
        let copy = |from: String| {
            let mut skopeo = Command::new("skopeo");
            skopeo.args(["copy", "--quiet", "--src-tls-verify=false", &from]);
            skopeo.arg(format!("oci:{}:{}", layout.display(), image.name));
            let mut umoci = Command::new("umoci");
            umoci
                .args(["unpack", "--image"])
                .arg(format!("{}:{}", layout.display(), image.name))
                .arg(&bundle);
            vec![skopeo, umoci]
        };
        match verb {
            Verb::Pull => copy(format!("docker://{pulled}")),
            Verb::Load => copy(format!("docker-archive:{saved}")),
            Verb::FirstRun | Verb::SecondRun => Vec::new(),
            Verb::RemovePulled | Verb::Remove => {
                let mut rm = Command::new("rm");
                rm.arg("-rf").arg(&layout).arg(&bundle);
                vec![rm]
            }
        }
    }
}
