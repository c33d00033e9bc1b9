//! `commit`: what an image of a container is made of.

use std::io::Write;
use std::os::fd::AsFd;

use container::{Root, Variable, parts};
use fault::{Doing, Fault, Kind, Result};
use oci::image::{Digest, Execution};
use rustix::fs::{CWD, Mode, OFlags};

use crate::{Engine, Status, View};

/// What of a container goes into an image.
#[derive(Debug)]
pub struct Committing<'a> {
    view: &'a View,
    /// The image below.
    pub image: Digest,
    /// What the image runs: what the container runs.
    pub execution: Execution,
    /// Words of that, for its history.
    pub created_by: String,
    upper: std::path::PathBuf,
}

impl Engine {
    /// Looks at a container that is to become an image.
    ///
    /// # Errors
    /// `Unsupported` for one that was not made of an image.
    pub fn committing<'a>(&self, view: &'a View) -> Result<Committing<'a>> {
        let doing = || format!("commit container `{}`", view.record.name);
        let Root::Image(image) = &view.record.request.root else {
            return Err(Fault::new(Kind::Unsupported, doing())
                .because("it was not made of an image, so there are no layers to put one on")
                .hint(format!(
                    "`nagaya export {0} | nagaya import - NAME` makes one of all its files",
                    view.record.name
                )));
        };
        let part = parts(&view.record, &view.folder.changes())?.into_iter().next();
        let part = part.ok_or_else(|| Fault::new(Kind::Failed, doing()))?;
        let execution = execution(view, &image.execution);
        let words = [execution.entrypoint.clone(), execution.cmd.clone()];
        let created_by = words.into_iter().flatten().flatten().collect::<Vec<_>>().join(" ");
        Ok(Committing { view, image: image.id.clone(), execution, created_by, upper: part.upper })
    }

    /// Holds a container still while `work` is done, if it runs and is not held still already.
    pub fn held<T>(&self, view: &View, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if view.status != Status::Running {
            return work();
        }
        let container = self.running(view)?;
        // Whoever looks at it next lets go, if we are killed.
        let held = view.folder.hold_still()?;
        container.pause()?;
        let done = work();
        let resumed = container.resume();
        resumed?;
        held.end();
        done
    }
}

impl Committing<'_> {
    /// Writes the layer.
    pub fn layer(&self, to: &mut dyn Write) -> Result<()> {
        let doing = || format!("read what container `{}` has changed", self.view.record.name);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, &self.upper, flags, Mode::empty()) {
            // It was never started: nothing was changed.
            Err(rustix::io::Errno::NOENT) => {
                let empty = snapshot::tar::Writer::new(to);
                empty.finish().map(drop).doing(doing)
            }
            upper => snapshot::diff::write(upper.doing(doing)?.as_fd(), to).map(drop),
        }
    }
}

/// As the image has it, with what was asked for of the container.
fn execution(view: &View, image: &Execution) -> Execution {
    let request = &view.record.request;
    let mut execution = image.clone();
    execution.env = Variable::over(&image.env, &request.env);
    match request.entrypoint.as_deref() {
        Some("") => (execution.entrypoint, execution.cmd) = (None, None),
        Some(program) => (execution.entrypoint, execution.cmd) = (Some(vec![program.to_string()]), None),
        None => {}
    }
    if !request.command.is_empty() {
        execution.cmd = Some(request.command.clone());
    }
    if let Some(user) = &request.user {
        execution.user.clone_from(user);
    }
    if let Some(folder) = &request.workdir {
        execution.working_dir.clone_from(folder);
    }
    if let Some(signal) = &request.stop_signal {
        execution.stop_signal.clone_from(signal);
    }
    execution.labels.extend(request.labels.clone());
    execution
}
