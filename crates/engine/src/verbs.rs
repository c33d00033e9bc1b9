//! What can be done with a container.

use std::path::{Path, PathBuf};

use container::{Bind, Mount, Prepared, Record, Records, Request, Volumes, name_for, new_id};
use fault::{Fault, Kind, Result};
use launch::{Container, Containers};
use monitor::{Attach, Channel};
use store::Store;

use crate::remove::lock_ended;
use crate::{Status, View};

/// All containers below one folder.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) records: Records,
    pub(crate) containers: Containers,
}

/// A container that is to be created.
#[derive(Debug)]
pub struct Create {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What people will call it.
    pub name: String,
    /// What was asked for.
    pub request: Request,
    /// What it comes to, on this machine and now.
    pub prepared: Prepared,
}

impl Engine {
    /// With everything it knows below `root`.
    pub fn at(root: &Path) -> Engine {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        Engine { containers: Containers::at(root.join("run")), records: Records::at(&root) }
    }

    /// What is kept of all containers.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Everything about a container that can be known before anything is done.
    pub fn prepare(&self, request: Request) -> Result<Create> {
        let mounts_of = |container: &str| Ok(self.records.find(container)?.request.mounts);
        let request = request.with_all_mounts(mounts_of, new_id)?;
        let id = new_id()?;
        let name = request.name.clone().unwrap_or_else(|| name_for(&id));
        // Before anything else that it is a part of finds fault with it.
        Records::check_name(&name)?;
        let prepared = Prepared::new(&request, &id, &name, &self.records)?;
        Ok(Create { id, name, request, prepared })
    }

    /// Takes the name, and writes down what was asked for. Its images stay as long as the container does, and so do its
    /// volumes, which are made where they are not there: what is written down comes first, so that no volume is nobody's.
    pub fn create(&self, create: Create) -> Result<Record> {
        let volumes = Volumes::at(self.records.root());
        let has_volumes = create.request.mounts.iter().any(|mount| mount.volume().is_some());
        let held = has_volumes.then(|| volumes.shared()).transpose()?;
        let record = self.records.create(&create.id, &create.name, create.request)?;
        let made = volumes.make_for(&record.request).and_then(|()| self.begin_use(&record));
        drop(held);
        made.inspect_err(|_| drop(self.records.remove(&record, true)))?;
        self.records.note(&record, "create", &[]);
        Ok(record)
    }

    /// Images that are mounted have a number behind the container's id.
    fn begin_use(&self, record: &Record) -> Result<()> {
        let images = record.images();
        if images.is_empty() {
            return Ok(());
        }
        let store = Store::open(self.records.root())?;
        let lasting = !record.request.auto_remove;
        images.iter().try_for_each(|(user, image)| store.begin_use(user, image, lasting))
    }

    /// Has its program started. The answer is [`Channel::until_up`]'s; whoever attaches hears it from its first word.
    ///
    /// # Errors
    /// `WrongState` if it runs, or is being removed.
    pub fn start(&self, record: &Record, attach: Attach) -> Result<Channel> {
        let folder = self.records.folder(&record.id);
        let doing = || format!("start container `{}`", record.name);
        let busy =
            || Fault::new(Kind::WrongState, doing()).because("container is already running, or about to");
        let lock = lock_ended(&folder)?.ok_or_else(busy)?;
        if folder.record()?.is_none() {
            return Err(
                Fault::new(Kind::NotFound, doing()).because(format!("No such container: {}", record.name))
            );
        }
        folder.set_stopped(false)?;
        let state = folder.state()?;
        if state.restarts > 0 {
            folder.write_state(&container::State { restarts: 0, ..state })?;
        }
        if attach != Attach::default() {
            self.records.note(record, "attach", &[]);
        }
        monitor::start(&self.records, record, lock, attach)
    }

    /// Attaches to a container that runs.
    pub fn attach(&self, view: &View, attach: Attach) -> Result<Channel> {
        let doing = || format!("attach to container `{}`", view.record.name);
        let cause = match view.status {
            Status::Running => None,
            Status::Paused => Some("You cannot attach to a paused container, unpause it first"),
            Status::Restarting => {
                Some("You cannot attach to a restarting container, wait until it is running")
            }
            _ => Some("You cannot attach to a stopped container, start it first"),
        };
        if let Some(cause) = cause {
            return Err(Fault::new(Kind::WrongState, doing()).because(cause));
        }
        let gone = || Fault::new(Kind::WrongState, doing()).because("it has ended in this moment");
        let mut channel = self.to_monitor(view)?.ok_or_else(gone)?;
        channel.say_later(&monitor::Frame::Attach(attach))?;
        self.records.note(&view.record, "attach", &[]);
        Ok(channel)
    }

    /// The container as the launcher knows it, which it does while its program runs.
    ///
    /// # Errors
    /// `WrongState`, in Docker's words.
    pub fn running(&self, view: &View) -> Result<Container> {
        let stopped = || {
            Fault::new(Kind::WrongState, format!("reach container `{}`", view.record.name))
                .because(format!("Container {} is not running", view.record.id))
                .hint(format!("`nagaya start {}` starts it", view.record.name))
        };
        if !view.status.is_up() {
            return Err(stopped());
        }
        self.containers.open(&view.record.id.parse()?).map_err(|fault| match fault.kind() {
            Kind::NotFound => stopped(),
            _ => fault,
        })
    }

    /// Holds all its processes still.
    pub fn pause(&self, view: &View) -> Result<()> {
        if view.status == Status::Paused {
            return Err(Fault::new(Kind::WrongState, format!("pause container `{}`", view.record.name))
                .because(format!("Container {} is already paused", view.record.id)));
        }
        view.folder.forget_held();
        self.running(view)?.pause()?;
        self.records.note(&view.record, "pause", &[]);
        Ok(())
    }

    /// Gives it another name.
    ///
    /// # Errors
    /// In Docker's words: `Invalid` if that is none, or its own; `Exists` if it is somebody else's.
    pub fn rename(&self, view: &View, new: &str) -> Result<()> {
        let doing = || format!("rename container `{}`", view.record.name);
        let name = new.strip_prefix('/').unwrap_or(new);
        if name == view.record.name {
            return Err(Fault::new(Kind::Invalid, doing())
                .because("Renaming a container with the same name as its current name"));
        }
        let renamed = self.records.rename(&view.record, name);
        if renamed.is_ok() {
            container::rename(&view.record, name, self.records.root())?;
            let record = Record { name: name.to_string(), ..view.record.clone() };
            self.records.note(&record, "rename", &[("oldName", &format!("/{}", view.record.name))]);
        }
        renamed.map_err(|fault| {
            let cause = fault.cause().unwrap_or_default().replace(&format!("({name})"), &format!("({new})"));
            fault.during(doing()).because(format!("Error when allocating new name: {cause}"))
        })
    }

    /// Lets them go on.
    pub fn unpause(&self, view: &View) -> Result<()> {
        if view.status == Status::Running {
            return Err(Fault::new(Kind::WrongState, format!("unpause container `{}`", view.record.name))
                .because(format!("Container {} is not paused", view.record.id)));
        }
        self.running(view)?.resume()?;
        self.records.note(&view.record, "unpause", &[]);
        Ok(())
    }

    /// Makes the folders for volumes whose source is not there, as Docker does; says which those were.
    pub fn make_volumes(&self, request: &Request) -> Result<Vec<PathBuf>> {
        let mut made = Vec::new();
        for bind in request.mounts.iter().filter_map(Mount::bind) {
            if bind.make_missing()? {
                made.push(bind.source.clone());
            }
        }
        Ok(made)
    }

    /// Sources of volumes that are not there, and would be made.
    ///
    /// # Errors
    /// One is not there, and would not be made; or it cannot be shared.
    pub fn missing_volumes(&self, request: &Request) -> Result<Vec<PathBuf>> {
        request.mounts.iter().filter_map(Mount::bind).try_for_each(Bind::check_sharing)?;
        let missing: Vec<_> =
            request.mounts.iter().filter_map(Mount::bind).filter(|bind| bind.is_missing()).collect();
        match missing.iter().find(|bind| !bind.make) {
            Some(bind) => Err(bind.missing()),
            None => Ok(missing.into_iter().map(|bind| bind.source.clone()).collect()),
        }
    }
}
