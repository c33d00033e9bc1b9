//! Which namespaces a container has of its own, and which are the machine's or another container's.

use fault::{Fault, Kind, Result};
use oci::{Namespace, NamespaceKind};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::request::Root;
use crate::{Network, Phase, Records, Request, Userns};

/// Namespaces, as far as they are not the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharing {
    /// System V IPC and message queues.
    pub ipc: Share,
    /// `none`: it has no `/dev/shm` either.
    pub no_shm: bool,
    /// Process numbers.
    pub pid: Share,
    /// The machine's host name.
    pub uts_host: bool,
    /// The machine's view of cgroups.
    pub cgroup_host: bool,
    /// Users of its own, made by the machine's root.
    pub user: Option<Userns>,
}

/// Whose namespace it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Share {
    /// Its own.
    #[default]
    Own,
    /// The machine's.
    Host,
    /// That of the container with this id.
    Container(String),
}

impl Sharing {
    /// `--ipc`. Names of containers become ids by `find`.
    pub fn set_ipc(&mut self, mode: &str, find: impl Fn(&str) -> Result<String>) -> Result<()> {
        (self.ipc, self.no_shm) = match mode {
            "" | "private" | "shareable" => (Share::Own, false),
            "none" => (Share::Own, true),
            other => {
                (share(other, find, || Fault::invalid("--ipc", format!("invalid IPC mode: {other}")))?, false)
            }
        };
        Ok(())
    }

    /// `--pid`.
    pub fn set_pid(&mut self, mode: &str, find: impl Fn(&str) -> Result<String>) -> Result<()> {
        self.pid = match mode {
            "" | "private" => Share::Own,
            other => share(other, find, || Fault::invalid("--pid", format!("invalid PID mode: {other}")))?,
        };
        Ok(())
    }

    /// `--uts`.
    pub fn set_uts(&mut self, mode: &str) -> Result<()> {
        self.uts_host = own_or_host(mode, "--uts", "UTS")?;
        Ok(())
    }

    /// `--cgroupns`.
    pub fn set_cgroupns(&mut self, mode: &str) -> Result<()> {
        self.cgroup_host = own_or_host(mode, "--cgroupns", "CGROUP")?;
        Ok(())
    }

    /// What contradicts itself.
    pub(crate) fn check(&self, request: &Request, machine: &Machine) -> Result<()> {
        if self.uts_host && request.hostname.is_some() {
            return Err(Fault::invalid("--uts", "conflicting options: hostname and the UTS mode"));
        }
        let joins = |share: &Share| matches!(share, Share::Container(_));
        let network = matches!(request.network, Network::Container(_));
        if machine.mappings.is_some() && (joins(&self.ipc) || joins(&self.pid) || network) {
            return Err(Fault::new(Kind::Unsupported, "join another container's namespaces").because(
                "for who is not root, and with --userns, each container has a user namespace of its own",
            ));
        }
        if machine.remapped {
            self.check_remapped(request)?;
        }
        if machine.is_ordinary() && request.network == Network::Own {
            return Err(Fault::new(Kind::Denied, format!("use network `{}`", request.network_mode()))
                .because("who is not root on this machine cannot connect anything to its networks")
                .hint("leave --network out for none at all, or share this machine's: --network host"));
        }
        Ok(())
    }

    /// What belongs to the machine's users is out of reach for others. Source of the words: moby, `daemon/container.go`.
    fn check_remapped(&self, request: &Request) -> Result<()> {
        let refused = [
            (request.privileged, "privileged mode is incompatible with user namespaces"),
            (
                request.network == Network::Host,
                "cannot share the host's network namespace when user namespaces are enabled",
            ),
            (self.pid == Share::Host, "cannot share the host PID namespace when user namespaces are enabled"),
            (
                !matches!(request.root, Root::Image(_)),
                "it takes an image: a folder, and the image `host`, belong to this machine's users",
            ),
        ];
        match refused.iter().find(|(is, _)| *is) {
            None => Ok(()),
            Some((_, why)) => Err(Fault::new(Kind::Unsupported, "make a user namespace for the container")
                .because(*why)
                .hint("leave out --userns, --uidmap and --gidmap")),
        }
    }

    /// All namespaces; those of other containers by their first process.
    pub(crate) fn namespaces(
        request: &Request,
        machine: &Machine,
        records: &Records,
    ) -> Result<Vec<Namespace>> {
        use NamespaceKind::*;
        let own = |kind| Namespace { kind, path: String::new() };
        let sharing = &request.sharing;
        let mut all = vec![own(Mount)];
        for (kind, share, name) in [(Pid, &sharing.pid, "pid"), (Ipc, &sharing.ipc, "ipc")] {
            match share {
                Share::Own => all.push(own(kind)),
                Share::Host => {}
                Share::Container(id) => {
                    let pid = pid_of(records, id, name)?;
                    all.push(Namespace { kind, path: format!("/proc/{pid}/ns/{name}") });
                }
            }
        }
        all.extend((!sharing.uts_host).then(|| own(Uts)));
        all.extend((!sharing.cgroup_host).then(|| own(Cgroup)));
        match &request.network {
            crate::Network::None | crate::Network::Own => all.push(own(Network)),
            crate::Network::Host => {}
            crate::Network::Container(id) => {
                let pid = pid_of(records, id, "network")?;
                all.push(Namespace { kind: Network, path: format!("/proc/{pid}/ns/net") });
            }
            crate::Network::Namespace(path) => {
                all.push(Namespace { kind: Network, path: path.display().to_string() });
            }
        }
        all.extend(machine.mappings.is_some().then(|| own(User)));
        Ok(all)
    }

    /// It has this machine's host name.
    pub(crate) fn has_name_of_machine(request: &Request) -> bool {
        request.sharing.uts_host || request.network == Network::Host
    }
}

fn share(mode: &str, find: impl Fn(&str) -> Result<String>, wrong: impl Fn() -> Fault) -> Result<Share> {
    match mode.split_once(':') {
        None if mode == "host" => Ok(Share::Host),
        Some(("container", name)) if !name.is_empty() => Ok(Share::Container(find(name)?)),
        _ => Err(wrong()),
    }
}

fn own_or_host(mode: &str, option: &str, what: &str) -> Result<bool> {
    match mode {
        "" | "private" => Ok(false),
        "host" => Ok(true),
        other => Err(Fault::invalid(option, format!("invalid {what} mode: {other}"))),
    }
}

/// The first process of a container that runs.
fn pid_of(records: &Records, id: &str, kind: &str) -> Result<i32> {
    let doing = || format!("join the {kind} namespace of container `{}`", crate::short(id));
    let folder = records.folder(id);
    if !folder.path().is_dir() {
        return Err(Fault::new(Kind::NotFound, doing()).because(format!("No such container: {id}")));
    }
    let state = folder.state()?;
    if state.phase != Phase::Running || state.pid <= 0 {
        let kind = if kind == "network" { kind.to_string() } else { kind.to_ascii_uppercase() };
        let why = format!("cannot join {kind} of a non running container: {id}");
        return Err(Fault::new(Kind::WrongState, doing()).because(why));
    }
    Ok(state.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Result<String> {
        if name.is_empty() { Err(Fault::invalid("--pid", "no name")) } else { Ok(format!("id-of-{name}")) }
    }

    #[test]
    fn modes() {
        let mut sharing = Sharing::default();
        sharing.set_ipc("none", find).unwrap();
        assert!(sharing.no_shm && sharing.ipc == Share::Own);
        sharing.set_ipc("shareable", find).unwrap();
        assert_eq!(sharing, Sharing::default());
        sharing.set_pid("container:web", find).unwrap();
        assert_eq!(sharing.pid, Share::Container("id-of-web".to_string()));
        for (word, refused) in [
            ("invalid IPC mode: x", sharing.set_ipc("x", find)),
            ("invalid PID mode: container:", sharing.set_pid("container:", find)),
            ("invalid UTS mode: x", sharing.set_uts("x")),
            ("invalid CGROUP mode: x", sharing.set_cgroupns("x")),
        ] {
            assert!(refused.unwrap_err().to_string().contains(word), "{word}");
        }
    }
}
