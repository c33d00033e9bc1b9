//! What was asked for, after it was understood.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fault::Result;
use network::{Exposed, Publish};
use oci::image::{Digest, Execution};
use plan::Lower;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::{
    Devices, Health, Joined, Limits, LogConfig, Mount, Naming, Network, Restart, Security, Sharing,
    Surroundings, Variable,
};

/// A container that somebody wants. Kept with it: each start makes its config anew.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// What its root is.
    pub root: Root,
    /// The program and its arguments; nothing means the image's own.
    pub command: Vec<String>,
    /// The program, to which `command` is then the arguments.
    pub entrypoint: Option<String>,
    /// A terminal of its own.
    pub terminal: bool,
    /// Its input stays open for those who attach to it.
    pub interactive: bool,
    /// It goes when its program ends.
    pub auto_remove: bool,
    /// What happens when its program ends.
    pub restart: Restart,
    /// Where what it prints goes.
    pub log: LogConfig,
    /// What `stop` sends: a name or a number; nothing means the image's, or SIGTERM.
    pub stop_signal: Option<String>,
    /// Seconds until `stop` kills; nothing means 10.
    pub stop_timeout: Option<i64>,
    /// How to see that it works.
    pub health: Health,
    /// The line that it was made by, from the command on.
    pub typed: Vec<String>,
    /// Notes of people and programs.
    pub labels: BTreeMap<String, String>,
    /// Rows and columns of the caller's terminal.
    pub size: Option<(u16, u16)>,
    /// Its name; nothing means one of ours.
    pub name: Option<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// How its programs resolve names.
    pub naming: Naming,
    /// Variables, later ones last.
    pub env: Vec<Variable>,
    /// Where the program starts.
    pub workdir: Option<String>,
    /// `name|uid[:group|gid]`.
    pub user: Option<String>,
    /// What is mounted in it: what was asked for, and once it is created also what others bring.
    pub mounts: Vec<Mount>,
    /// Containers whose mounts it has too: `CONTAINER[:MODE]`.
    pub volumes_from: Vec<String>,
    /// Nothing of the root can be changed.
    pub read_only: bool,
    /// Bytes.
    pub memory: Option<i64>,
    /// Microseconds of processor time in each 100 ms: see [`crate::cpus`].
    pub cpu_quota: Option<i64>,
    /// Processes and threads; 0 and less mean no limit.
    pub pids: Option<i64>,
    /// Whose network namespace it has.
    pub network: Network,
    /// Networks that it is connected to, if that is its own.
    pub networks: Vec<Joined>,
    /// Ports of this machine that lead to it.
    pub publish: Vec<Publish>,
    /// All ports that it or its image names are published too.
    pub publish_all: bool,
    /// Ports that it names besides those of its image.
    pub exposed: Vec<Exposed>,
    /// Capabilities on top of the default ones.
    pub cap_add: Vec<String>,
    /// Default capabilities that it is not to have.
    pub cap_drop: Vec<String>,
    /// Nearly no wall at all.
    pub privileged: bool,
    /// What else holds it back.
    pub security: Security,
    /// What else it may use of the machine.
    pub limits: Limits,
    /// Devices of the machine.
    pub devices: Devices,
    /// Which namespaces are not its own.
    pub sharing: Sharing,
    /// What its program finds around it.
    pub surroundings: Surroundings,
    /// Seconds until it is killed.
    pub timeout: Option<u64>,
    /// A file that is to hold its first process's number.
    pub pidfile: Option<PathBuf>,
}

/// What `stop` sends: as was asked for, or as its image has it.
pub fn stop_signal(request: &Request) -> Result<Signal> {
    let of_image = match &request.root {
        Root::Image(image) => Some(image.execution.stop_signal.clone()),
        _ => None,
    };
    let name = request.stop_signal.clone().or(of_image).filter(|name| !name.is_empty());
    launch::parse_signal(name.as_deref().unwrap_or("TERM"))
}

/// What a container's root is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Root {
    /// The built-in image: this machine's own root, to be written to without any effect on it.
    #[default]
    Host,
    /// A folder, which is written to.
    Folder(PathBuf),
    /// An image; what is written is the container's own, and goes with it.
    Image(Box<OfImage>),
}

/// An image, as far as a container needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfImage {
    /// What it was called.
    pub name: String,
    /// What it is.
    pub id: Digest,
    /// Its layers.
    pub lower: Lower,
    /// What it runs, and how.
    pub execution: Execution,
    /// A folder with copies of its `/etc/passwd` and `/etc/group`.
    pub accounts: PathBuf,
}
