//! The verbs.

use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use launch::{Containers, Foreground, Options, Started, Trace};
use oci::{ContainerId, Status};
use plan::Step;

use crate::config::ID;
use crate::{Prepared, Request};

/// Exit codes with Docker's meaning.
const OURS: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// All containers below one folder.
#[derive(Debug, Clone)]
pub struct Engine {
    containers: Containers,
}

/// A container whose program runs, and that we stand in front of.
#[derive(Debug)]
pub struct Running {
    containers: Containers,
    name: ContainerId,
    foreground: Foreground,
    started: Started,
    warnings: Vec<String>,
}

impl Engine {
    /// With everything it knows below `root`.
    pub fn at(root: &Path) -> Engine {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        Engine { containers: Containers::at(root.join("run")) }
    }

    /// Everything about a container that can be known before anything is done.
    pub fn prepare(&self, request: &Request) -> Result<Prepared> {
        Prepared::new(request)
    }

    /// Makes the folders for volumes whose source is not there, as Docker does; says which those were.
    pub fn make_volumes(&self, request: &Request) -> Result<Vec<PathBuf>> {
        let mut made = Vec::new();
        for volume in &request.volumes {
            if volume.make_missing()? {
                made.push(volume.source.clone());
            }
        }
        Ok(made)
    }

    /// Sources of volumes that are not there.
    pub fn missing_volumes(&self, request: &Request) -> Vec<PathBuf> {
        request
            .volumes
            .iter()
            .filter(|volume| volume.is_missing())
            .map(|volume| volume.source.clone())
            .collect()
    }

    /// Makes the container; its program runs when this returns.
    pub fn start(&self, prepared: Prepared) -> Result<Running> {
        let Prepared { name, spec, overlay, bundle, mut warnings, in_user_namespace, .. } = prepared;
        self.free_name(&name)?;
        let foreground = Foreground::new(true)?;
        let options = Options { overlay, mask: Some(foreground.mask()), ..Options::default() };
        let started = launch::run(&self.containers, &name, &spec, &bundle, options).map_err(|fault| {
            if is_taken(&fault) { self.taken(&name) } else { advise(fault, in_user_namespace) }
        })?;
        warnings.extend(started.warnings.iter().cloned());
        Ok(Running { containers: self.containers.clone(), name, foreground, started, warnings })
    }

    /// A name that is still held by a container that has ended, because whoever ran it was killed, is free.
    fn free_name(&self, name: &ContainerId) -> Result<()> {
        let container = match self.containers.open(name) {
            Err(fault) if fault.kind() == Kind::NotFound => return Ok(()),
            container => container?,
        };
        if container.status() != Status::Stopped {
            return Err(self.taken(name));
        }
        // Without force: whoever was faster than us, and runs by now, keeps the name.
        match container.delete(false).map(drop) {
            Err(fault) if fault.kind() == Kind::WrongState => Err(self.taken(name)),
            // Somebody else was faster, and has removed it.
            Err(fault) if fault.kind() == Kind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// In Docker's words, which people and programs know.
    fn taken(&self, name: &ContainerId) -> Fault {
        let state = self.containers.open(name).map(|container| container.state());
        let id = state.ok().and_then(|state| state.annotations.get(ID).cloned()).unwrap_or_default();
        Fault::new(Kind::Exists, "run the container")
            .because(format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove \
                 (or rename) that container to be able to reuse that name."
            ))
            .hint(format!("`nagaya rm -f {name}` removes it"))
    }

    /// Removes a container and all that was made for it; with `force` also one that runs.
    /// What went wrong on the way, and did not matter, comes back as sentences.
    pub fn remove(&self, name: &ContainerId, force: bool) -> Result<Vec<String>> {
        let container = self.containers.open(name).map_err(|fault| match fault.kind() {
            Kind::NotFound => Fault::new(Kind::NotFound, format!("remove container `{name}`"))
                .because(format!("No such container: {name}")),
            _ => fault,
        })?;
        container.delete(force).map_err(|fault| match fault.kind() {
            Kind::WrongState => fault.hint(format!("`nagaya rm -f {name}` ends it first")),
            _ => fault,
        })
    }
}

impl Running {
    /// What was done, and in which time.
    pub fn trace(&self) -> &Trace {
        &self.started.trace
    }

    /// What could not be had, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Waits until the program has ended, removes the container, and tells the exit code.
    pub fn wait(self) -> Result<u8> {
        let ended = self.foreground.wait(&self.started.process, self.started.terminal);
        let removed = self.containers.remove_ended(&self.name, &self.started.process);
        let code = ended?.exit_code();
        removed.map(|_| code)
    }
}

fn is_taken(fault: &Fault) -> bool {
    fault.kind() == Kind::Exists && is_about_record(fault)
}

/// It happened where the name is taken.
fn is_about_record(fault: &Fault) -> bool {
    let record = Step::Record { poststop: Vec::new() };
    fault.sentence().starts_with(&format!("cannot {record}"))
}

/// What to try, where it is this machine that does not let us.
fn advise(fault: Fault, in_user_namespace: bool) -> Fault {
    if fault.kind() != Kind::Denied {
        return fault;
    }
    let hint = if is_about_record(&fault) {
        Some("choose a folder of your own by --root or NAGAYA_ROOT".to_string())
    } else {
        in_user_namespace.then(forbidden_user_namespaces).flatten()
    };
    fault.or_hint(hint)
}

/// Settings by which distributions keep ordinary users from making user namespaces, or from using them.
const FORBIDS: [(&str, &str); 3] = [
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
    ("/proc/sys/user/max_user_namespaces", "0"),
];

fn forbidden_user_namespaces() -> Option<String> {
    let is_set =
        |(path, value): &&(&str, &str)| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == *value);
    let (path, value) = FORBIDS.iter().find(is_set)?;
    Some(format!("this machine forbids user namespaces to ordinary users: `{path}` is {value}"))
}

/// The exit code of a `run` that did not work: the program's fault, or ours. By the step that failed, not by
/// words in the message: a missing root folder is no missing program.
pub fn exit_code(fault: &Fault) -> u8 {
    let find = Step::FindProgram { name: String::new(), path: String::new() }.to_string();
    let exec = Step::Exec { args: Vec::new(), env: Vec::new() }.to_string();
    let sentence = fault.sentence();
    // Both end with the program's name in quotes; what stands before it names the step.
    let about = |step: &str| sentence.starts_with(&format!("cannot {}", step.trim_end_matches('`')));
    match fault.kind() {
        _ if !about(&find) && !about(&exec) => OURS,
        Kind::NotFound => NOT_FOUND,
        // A folder on the way to it is a file.
        _ if fault.errno() == Some(20) => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_fault_it_is_is_told_by_the_step() {
        let find = Step::FindProgram { name: "x".to_string(), path: String::new() };
        let of = |kind, step: &Step| exit_code(&Fault::new(kind, "y").during(step.to_string()));
        assert_eq!(of(Kind::NotFound, &find), 127);
        assert_eq!(of(Kind::Denied, &find), 126);
        assert_eq!(of(Kind::NotFound, &Step::MakeLinks), 125);
        let exec = Step::Exec { args: vec!["x".to_string()], env: vec![] };
        assert_eq!(of(Kind::Failed, &exec), 126);
        assert_eq!(exit_code(&Fault::new(Kind::NotFound, "find image `x`")), 125);
    }
}
