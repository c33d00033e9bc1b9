//! Everything about a container that can be known before anything is done.

use std::path::{Path, PathBuf};

use fault::Result;
use oci::{ContainerId, Resources, Spec};
use plan::{Ask, Connections, IdMaps, ImageRoot, Layers, Plan};

use crate::image::Image;
use crate::machine::Machine;
use crate::request::Root;
use crate::{Limits, OfImage, Records, Request, Volumes, attach, config, host_image, naming};

/// A container that is ready to be launched. Nothing was done for it yet.
#[derive(Debug)]
pub struct Prepared {
    /// Its id, as the launcher knows it.
    pub id: ContainerId,
    /// Its config.
    pub spec: Spec,
    /// Its host name.
    pub hostname: String,
    /// What its root is laid from.
    pub layers: Option<Layers>,
    /// What its config counts relative paths from; there are none in it.
    pub bundle: PathBuf,
    /// What cannot be had here, a sentence each.
    pub warnings: Vec<String>,
    /// It is made by an ordinary user.
    pub in_user_namespace: bool,
    /// How it is connected to its networks: which addresses it has is not known before [`Prepared::attach`].
    pub connections: Connections,
    /// What it does not see of this machine, and why.
    pub hidden: Vec<(PathBuf, &'static str)>,
}

impl Prepared {
    /// From what was asked for: what this machine and that root are is looked up now. What it changes of its image goes
    /// to the container's folder, which need not be there.
    pub fn new(request: &Request, id: &str, name: &str, records: &Records) -> Result<Prepared> {
        let container: ContainerId = id.parse()?;
        let changes = &records.folder(id).changes();
        let volumes = Volumes::at(records.root()).places(request)?;
        let machine = Machine { volumes, ..Machine::read(&container)?.with(request.sharing.user.as_ref())? };
        let in_user_namespace = machine.ids.is_some() && !machine.remapped;
        let mut warnings = Vec::new();
        let (image, layers, hidden) = match &request.root {
            Root::Folder(folder) => (Image::read(folder)?, None, Vec::new()),
            Root::Host => {
                let mut host = host_image::look(in_user_namespace, changes)?;
                // What goes with its program needs no disk.
                if request.auto_remove {
                    host.overlay.changes = None;
                } else if host.overlay.changes.is_none() {
                    warnings.push(IN_MEMORY.to_string());
                }
                let image = Image { mounts: host.files, ..Image::read(Path::new("/"))?.with_shell_of_host() };
                (image, Some(Layers::Host(host.overlay)), host.reasons)
            }
            Root::Image(image) => {
                let mut laid = laid(image, changes, machine.owners(), request.auto_remove);
                laid.shown = request.sharing.user.as_ref().map(|user| user.or_first().shown());
                (Image::of(image, changes), Some(Layers::Image(laid)), Vec::new())
            }
        };
        let mut image = image;
        image.mounts.extend(naming::mounts(request, id, records, in_user_namespace));
        if machine.remapped {
            // The container's own files are its root's there.
            image.mounts.iter_mut().for_each(|mount| mount.options.push("idmap".to_string()));
        }
        let mut spec = config::of(request, &image, &machine, (id, name), records)?;
        warnings.extend(Limits::warnings(request, &machine));
        if in_user_namespace && request.root == Root::Host {
            warnings.push(OTHERS_FILES.to_string());
        }
        // Root is refused what cannot be had; anybody else gets the rest, and is told.
        if let Some(why) = machine.no_limits.filter(|_| in_user_namespace) {
            warnings.extend(leave_limits_out(request, &mut spec.linux.resources, &why));
        }
        let bundle = PathBuf::from("/");
        let hostname = if spec.hostname.is_empty() { machine.hostname } else { spec.hostname.clone() };
        let connections = attach::preview(request, records)?;
        Ok(Prepared {
            id: container,
            hostname,
            spec,
            layers,
            bundle,
            warnings,
            in_user_namespace,
            connections,
            hidden,
        })
    }

    /// It was started before: volumes that are empty by now stay so.
    pub fn again(&mut self) {
        for mount in &mut self.spec.mounts {
            mount.options.retain(|option| !option.starts_with("copyup="));
        }
    }

    /// The steps that would make it.
    ///
    /// # Errors
    /// What cannot be done here at all.
    pub fn plan(&self) -> Result<Plan> {
        let host = launch::read_host(&self.spec, &self.id, launch::CgroupManager::default())?;
        let ask = Ask {
            id: &self.id,
            spec: &self.spec,
            bundle: &self.bundle,
            layers: self.layers.clone(),
            connections: self.connections.clone(),
            gate: false,
            pivot: true,
            keyring: true,
            preserve_fds: 0,
        };
        plan::create(&ask, &host)
    }
}

fn laid(image: &OfImage, changes: &Path, owners: Option<IdMaps>, volatile: bool) -> ImageRoot {
    let (name, lower) = (image.name.clone(), image.lower.clone());
    ImageRoot { name, lower, changes: changes.to_path_buf(), owners, shown: None, volatile }
}

fn leave_limits_out(request: &Request, resources: &mut Resources, why: &str) -> Option<String> {
    let asked = [
        ("--memory", request.memory.is_some()),
        ("--cpus", request.cpu_quota.is_some()),
        ("--pids-limit", request.pids.is_some_and(|limit| limit > 0)),
    ];
    *resources = Resources::default();
    let others = request.limits.asked();
    let options: Vec<_> =
        asked.iter().chain(&others).filter(|(_, asked)| *asked).map(|(option, _)| *option).collect();
    (!options.is_empty()).then(|| format!("limits are left out ({}): {why}", options.join(", ")))
}

/// Overlayfs does not write to every file system.
const IN_MEMORY: &str = "what this container writes is kept in memory, and lost when it stops: overlayfs cannot write to the \
                         file system that nagaya keeps containers on";

/// What the kernel does not let a user namespace do: `chown` a copy to somebody whom it does not know.
const OTHERS_FILES: &str = "you are not root on this machine: its files can be read as far as you may read them, and \
                            those of others cannot be changed, not even in the container's own copy of them";
