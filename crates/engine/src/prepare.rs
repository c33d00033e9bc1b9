//! Everything about a container that can be known before anything is done.

use std::path::{Path, PathBuf};

use fault::Result;
use oci::{ContainerId, Resources, Spec};
use plan::{Ask, Overlay, Plan};

use crate::image::Image;
use crate::machine::Machine;
use crate::request::Root;
use crate::{Network, Request, config, host_image, id};

/// A container that is ready to be made. Nothing was done for it yet.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) name: ContainerId,
    pub(crate) spec: Spec,
    pub(crate) overlay: Option<Overlay>,
    /// What its config counts relative paths from; there are none in it.
    pub(crate) bundle: PathBuf,
    /// What cannot be had here, a sentence each.
    pub(crate) warnings: Vec<String>,
    /// It is made by an ordinary user.
    pub(crate) in_user_namespace: bool,
    hidden: Vec<(PathBuf, &'static str)>,
}

impl Prepared {
    pub(crate) fn new(request: &Request) -> Result<Prepared> {
        let id = id::new()?;
        let name: ContainerId = request.name.clone().unwrap_or_else(|| id::name(&id)).parse()?;
        let machine = Machine::read(&name)?;
        let in_user_namespace = machine.ids.is_some();
        let (image, overlay, hidden) = match &request.root {
            Root::Folder(folder) => (Image::read(folder)?, None, Vec::new()),
            Root::Host => {
                let host = host_image::look(in_user_namespace)?;
                let image = Image { mounts: host.files, ..Image::read(Path::new("/"))?.with_shell_of_host() };
                (image, Some(host.overlay), host.reasons)
            }
        };
        let image = if request.network == Network::Host { image.with_names_of_network() } else { image };
        let mut spec = config::of(request, &image, &machine, &id, name.as_str())?;
        let mut warnings = Vec::new();
        if in_user_namespace && overlay.is_some() {
            warnings.push(OTHERS_FILES.to_string());
        }
        // Root is refused what cannot be had; anybody else gets the rest, and is told.
        if let Some(why) = machine.no_limits.filter(|_| in_user_namespace) {
            warnings.extend(leave_limits_out(request, &mut spec.linux.resources, &why));
        }
        Ok(Prepared { name, spec, overlay, bundle: PathBuf::from("/"), warnings, in_user_namespace, hidden })
    }

    /// The steps that would make it.
    ///
    /// # Errors
    /// What cannot be done here at all.
    pub fn plan(&self) -> Result<Plan> {
        let host = launch::read_host(&self.spec, &self.name)?;
        let ask = Ask {
            id: &self.name,
            spec: &self.spec,
            bundle: &self.bundle,
            overlay: self.overlay.clone(),
            gate: false,
            pivot: true,
            keyring: true,
            preserve_fds: 0,
        };
        plan::create(&ask, &host)
    }

    /// What it does not see of this machine, and why.
    pub fn hidden(&self) -> &[(PathBuf, &'static str)] {
        &self.hidden
    }

    /// What cannot be had here, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn leave_limits_out(request: &Request, resources: &mut Resources, why: &str) -> Option<String> {
    let asked = [
        ("--memory", request.memory.is_some()),
        ("--cpus", request.cpu_quota.is_some()),
        ("--pids-limit", request.pids.is_some_and(|limit| limit > 0)),
    ];
    *resources = Resources::default();
    let options: Vec<_> = asked.iter().filter(|(_, asked)| *asked).map(|(option, _)| *option).collect();
    (!options.is_empty()).then(|| format!("limits are left out ({}): {why}", options.join(", ")))
}

/// What the kernel does not let a user namespace do: `chown` a copy to somebody whom it does not know.
const OTHERS_FILES: &str = "you are not root on this machine: its files can be read as far as you may read them, and \
                            those of others cannot be changed, not even in the container's own copy of them";
