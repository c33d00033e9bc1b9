//! From a request to an OCI config. Pure: what the root and the machine say comes in as data.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use oci::{
    Capabilities, ConsoleSize, Cpu, Linux, Memory, Namespace, NamespaceKind, Pids, Process, Resources, Root,
    Spec, User,
};

use crate::image::Image;
use crate::machine::Machine;
use crate::size::CPU_PERIOD;
use crate::users::Who;
use crate::{Network, Request, capabilities, devices, environment, mounts, protected};

/// The annotation that holds the container's id; its folder has its name.
pub(crate) const ID: &str = "nagaya.id";
/// Digits of an id that people get to see, and that name the host.
pub(crate) const SHORT_ID: usize = 12;

/// The whole config.
pub(crate) fn of(request: &Request, image: &Image, machine: &Machine, id: &str, name: &str) -> Result<Spec> {
    let who = image.accounts.resolve(request.user.as_deref().unwrap_or_default())?;
    check_mapped(&who, machine)?;
    let short = &id[..SHORT_ID.min(id.len())];
    let hostname = match (&request.hostname, request.network) {
        (Some(hostname), _) => hostname.clone(),
        (None, Network::Host) => machine.hostname.clone(),
        (None, Network::None) => short.to_string(),
    };
    let mut mounts = mounts::of(request, machine)?;
    // What the root brings with it comes first, unless something else is asked for in its place.
    let of_image =
        image.mounts.iter().filter(|one| !mounts.iter().any(|other| other.destination == one.destination));
    mounts.splice(0..0, of_image.cloned().collect::<Vec<_>>());
    Ok(Spec {
        oci_version: oci::VERSION.to_string(),
        process: Some(process(request, image, machine, &who, &hostname)?),
        root: Some(Root { path: image.path.display().to_string(), readonly: request.read_only }),
        hostname,
        mounts,
        annotations: BTreeMap::from([(ID.to_string(), id.to_string())]),
        linux: linux(request, machine, &format!("{name}-{short}")),
        ..Spec::default()
    })
}

/// Without ids of its own to give, an ordinary user's container has one user.
fn check_mapped(who: &Who, machine: &Machine) -> Result<()> {
    if machine.has_user(who.uid) && machine.has_group(who.gid) {
        return Ok(());
    }
    Err(Fault::new(Kind::Denied, format!("run as user {} and group {}", who.uid, who.gid))
        .because("you are not root on this machine, and may give a container no more ids than your own")
        .hint("leave --user out; or give yourself a range in /etc/subuid and /etc/subgid, and install newuidmap"))
}

fn process(
    request: &Request,
    image: &Image,
    machine: &Machine,
    who: &Who,
    hostname: &str,
) -> Result<Process> {
    let cwd = request.workdir.clone().unwrap_or_else(|| "/".to_string());
    if !cwd.starts_with('/') {
        return Err(Fault::invalid("--workdir", format!("`{cwd}` needs to be an absolute path")));
    }
    let can_have = capabilities::of(request, machine.grantable)?;
    let has = if who.uid == 0 { can_have.clone() } else { Vec::new() };
    let size = request.size.filter(|_| request.terminal);
    Ok(Process {
        terminal: request.terminal,
        console_size: size.map(|(height, width)| ConsoleSize { height, width }),
        user: User {
            uid: who.uid,
            gid: who.gid,
            umask: None,
            additional_gids: who.groups.iter().copied().filter(|gid| machine.has_group(*gid)).collect(),
        },
        args: args(request, image),
        env: environment::of(&request.env, hostname, request.terminal, &who.home),
        cwd,
        capabilities: Some(Capabilities {
            bounding: can_have,
            effective: has.clone(),
            permitted: has,
            ..Capabilities::default()
        }),
        ..Process::default()
    })
}

/// An entrypoint takes the place of the image's command, and what was typed is its arguments.
fn args(request: &Request, image: &Image) -> Vec<String> {
    match request.entrypoint.as_deref().filter(|program| !program.is_empty()) {
        Some(program) => [program.to_string()].into_iter().chain(request.command.iter().cloned()).collect(),
        None if request.command.is_empty() => image.command.clone(),
        None => request.command.clone(),
    }
}

fn linux(request: &Request, machine: &Machine, cgroup: &str) -> Linux {
    let (uid_mappings, gid_mappings) = machine.mappings.clone().unwrap_or_default();
    let protects = !request.privileged;
    Linux {
        namespaces: namespaces(request, machine),
        uid_mappings,
        gid_mappings,
        devices: if request.privileged { devices::all() } else { Vec::new() },
        cgroups_path: cgroup.to_string(),
        resources: resources(request, machine),
        masked_paths: if protects { protected::masked(&machine.processors) } else { Vec::new() },
        readonly_paths: if protects { protected::readonly() } else { Vec::new() },
        ..Linux::default()
    }
}

fn namespaces(request: &Request, machine: &Machine) -> Vec<Namespace> {
    use NamespaceKind::*;
    let mut kinds = vec![Mount, Pid, Ipc, Uts, Cgroup];
    kinds.extend((request.network == crate::Network::None).then_some(Network));
    kinds.extend(machine.mappings.is_some().then_some(User));
    kinds.into_iter().map(|kind| Namespace { kind, path: String::new() }).collect()
}

fn resources(request: &Request, machine: &Machine) -> Resources {
    Resources {
        // An ordinary user cannot set any; and who is nobody to the machine can open what that lets everybody.
        devices: if machine.mappings.is_some() { Vec::new() } else { devices::rules(request.privileged) },
        memory: Memory {
            limit: request.memory,
            // As much swap as memory, as docker does.
            swap: request.memory.filter(|_| machine.counts_swap).map(|bytes| bytes.saturating_mul(2)),
            ..Memory::default()
        },
        cpu: Cpu {
            quota: request.cpu_quota,
            period: request.cpu_quota.map(|_| CPU_PERIOD),
            ..Cpu::default()
        },
        pids: Pids { limit: request.pids.filter(|limit| *limit > 0) },
        ..Resources::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::IdMapping;

    fn machine() -> Machine {
        Machine {
            grantable: u64::MAX,
            mappings: None,
            ids: None,
            no_limits: None,
            counts_swap: false,
            hostname: "metal".to_string(),
            processors: Vec::new(),
        }
    }

    fn spec(request: &Request, machine: &Machine) -> Result<Spec> {
        let image = Image { command: vec!["sh".to_string()], ..Image::default() };
        of(request, &image, machine, &"0123456789abcdef".repeat(4), "web")
    }

    #[test]
    fn defaults() {
        let spec = spec(&Request::default(), &machine()).unwrap();
        let process = spec.process.unwrap();
        assert_eq!((spec.hostname.as_str(), process.args), ("0123456789ab", vec!["sh".to_string()]));
        assert_eq!(spec.linux.cgroups_path, "web-0123456789ab");
        assert!(spec.linux.namespaces.iter().any(|one| one.kind == NamespaceKind::Network));
        assert!(spec.linux.masked_paths.contains(&"/proc/kcore".to_string()));
        assert_eq!(process.capabilities.unwrap().bounding.len(), 14);
        assert!(!spec.linux.resources.devices[0].allow);
    }

    #[test]
    fn privileged_has_hardly_a_wall() {
        let spec = spec(&Request { privileged: true, ..Request::default() }, &machine()).unwrap();
        assert!(spec.linux.masked_paths.is_empty() && spec.linux.readonly_paths.is_empty());
        assert!(spec.linux.resources.devices[0].allow);
        assert!(!spec.mounts.iter().any(|mount| mount.options.contains(&"ro".to_string())));
        assert!(spec.linux.devices.iter().any(|device| device.path == "/dev/null"));
    }

    #[test]
    fn an_entrypoint_takes_the_commands_place() {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let request = Request {
            command: list(&["-l", "/"]),
            entrypoint: Some("ls".to_string()),
            network: Network::Host,
            ..Request::default()
        };
        let spec = spec(&request, &machine()).unwrap();
        assert_eq!(spec.process.unwrap().args, ["ls", "-l", "/"]);
        assert_eq!(spec.hostname, "metal");
        assert!(!spec.linux.namespaces.iter().any(|one| one.kind == NamespaceKind::Network));
    }

    #[test]
    fn an_ordinary_user_has_one_id() {
        let only = vec![IdMapping { container_id: 0, host_id: 1000, size: 1 }];
        let both = Some((only.clone(), only));
        let machine = Machine { mappings: both.clone(), ids: both, ..machine() };
        let plain = spec(&Request::default(), &machine).unwrap();
        assert!(plain.linux.resources.devices.is_empty());
        assert!(!plain.mounts.iter().any(|mount| mount.options.contains(&"gid=5".to_string())));
        let other = Request { user: Some("1000".to_string()), ..Request::default() };
        assert!(spec(&other, &machine).unwrap_err().to_string().contains("/etc/subuid"));
    }

    #[test]
    fn volumes_take_the_place_of_mounts() {
        let volume = |text| crate::Volume::parse(text, std::path::Path::new("/")).unwrap();
        let request =
            Request { volumes: vec![volume("/dev:/dev"), volume("/a:/proc")], ..Request::default() };
        let at: Vec<_> =
            spec(&request, &machine()).unwrap().mounts.into_iter().map(|m| m.destination).collect();
        assert_eq!(at, ["/sys", "/sys/fs/cgroup", "/dev", "/proc"]);
        let twice = Request { volumes: vec![volume("/a:/b"), volume("/c:/b")], ..Request::default() };
        assert!(spec(&twice, &machine()).is_err());
    }
}
