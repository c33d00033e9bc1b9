//! What was typed about the walls around a container: Docker's names and meaning.

use clap::Args;

/// What a container shares with the machine, and what it may do to it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Walls")]
pub(crate) struct Walls {
    /// Add a capability, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_add: Vec<String>,
    /// Take a capability away, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) cap_drop: Vec<String>,
    /// All capabilities and devices of this machine, and nothing masked: hardly a wall at all.
    #[arg(long)]
    pub(crate) privileged: bool,
    /// What holds the program back: seccomp=FILE|unconfined|builtin, no-new-privileges, apparmor=PROFILE, label=PART,
    /// systempaths=unconfined, mask=PATHS, unmask=PATHS, writable-cgroups=true, proc-opts=OPTIONS.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) security_opt: Vec<String>,
    /// A device of this machine, a folder of them, or a name of CDI: vendor.com/class=name.
    #[arg(long, value_name = "SOURCE[:DESTINATION][:ACCESS]")]
    pub(crate) device: Vec<String>,
    /// Devices that it may use without a node: `c 10:200 rwm`.
    #[arg(long, value_name = "RULE")]
    pub(crate) device_cgroup_rule: Vec<String>,
    /// Graphics processors, by CDI: all, a number, device=0,1.
    #[arg(long, value_name = "GPUS")]
    pub(crate) gpus: Vec<String>,
    /// System V IPC and /dev/shm: private, shareable, none, host, container:NAME.
    #[arg(long, value_name = "MODE", default_value = "", hide_default_value = true)]
    pub(crate) ipc: String,
    /// Process numbers: host, container:NAME.
    #[arg(long, value_name = "MODE", default_value = "", hide_default_value = true)]
    pub(crate) pid: String,
    /// Host name: host.
    #[arg(long, value_name = "MODE", default_value = "", hide_default_value = true)]
    pub(crate) uts: String,
    /// View of cgroups: private, host.
    #[arg(long, value_name = "MODE", default_value = "", hide_default_value = true)]
    pub(crate) cgroupns: String,
    /// Users: host, auto (root's container has ids of its own), private (those of --uidmap and --gidmap, or as auto).
    #[arg(long, value_name = "MODE", default_value = "", hide_default_value = true)]
    pub(crate) userns: String,
    /// COUNT users from CONTAINER on are MACHINE and up on this machine; the same groups, if nothing is said of them.
    #[arg(long, value_name = "CONTAINER:MACHINE[:COUNT]")]
    pub(crate) uidmap: Vec<String>,
    /// The same of groups.
    #[arg(long, value_name = "CONTAINER:MACHINE[:COUNT]")]
    pub(crate) gidmap: Vec<String>,
}
