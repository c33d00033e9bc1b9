//! From a request to an OCI config. Pure: what the root and the machine say comes in as data.

use fault::{Fault, Kind, Result};
use oci::{Root, Spec};

use crate::image::Image;
use crate::linux::linux;
use crate::machine::Machine;
use crate::process::process;
use crate::users::Who;
use crate::{Records, Request, Sharing, capabilities, cdi, mounts};

/// The annotation that holds the container's id; its folder has its name.
pub(crate) const ID: &str = "nagaya.id";
/// Digits of an id that people get to see, and that name the host.
pub(crate) const SHORT_ID: usize = 12;

/// The whole config.
pub(crate) fn of(
    request: &Request,
    image: &Image,
    machine: &Machine,
    (id, name): (&str, &str),
    records: &Records,
) -> Result<Spec> {
    let mut who = image.accounts.resolve(request.user.as_deref().unwrap_or(&image.execution.user))?;
    image.accounts.add_groups(&mut who, &request.surroundings.groups)?;
    request.sharing.check(request, machine)?;
    check_mapped(&who, machine)?;
    let short = &id[..SHORT_ID.min(id.len())];
    let hostname = match &request.hostname {
        Some(hostname) => hostname.clone(),
        None if Sharing::has_name_of_machine(request) => machine.hostname.clone(),
        None => short.to_string(),
    };
    let can_have = capabilities::of(request, machine.grantable)?;
    let mut mounts = mounts::of(request, machine, &who)?;
    // What the root brings with it comes first, unless something else is asked for in its place.
    let of_image =
        image.mounts.iter().filter(|one| !mounts.iter().any(|other| other.destination == one.destination));
    mounts.splice(0..0, of_image.cloned().collect::<Vec<_>>());
    let surroundings = &request.surroundings;
    let mut annotations = surroundings.annotations.clone();
    annotations.insert(ID.to_string(), id.to_string());
    let mut spec = Spec {
        oci_version: oci::VERSION.to_string(),
        linux: linux(request, machine, &can_have, &format!("{name}-{short}"), records)?,
        process: Some(process(request, image, machine, &who, &hostname, can_have)?),
        root: Some(Root { path: image.path.display().to_string(), readonly: request.read_only }),
        hostname: if request.sharing.uts_host { String::new() } else { hostname },
        domainname: surroundings.domainname.clone().unwrap_or_default(),
        mounts,
        annotations,
        ..Spec::default()
    };
    cdi::inject(&request.devices.cdi, &mut spec)?;
    Ok(spec)
}

/// Without ids of its own to give, an ordinary user's container has one user.
fn check_mapped(who: &Who, machine: &Machine) -> Result<()> {
    if machine.has_user(who.uid) && machine.has_group(who.gid) {
        return Ok(());
    }
    if machine.remapped {
        return Err(Fault::invalid(
            "--user",
            format!("the container's user namespace has no user {} and group {}", who.uid, who.gid),
        )
        .hint("--uidmap and --gidmap say which it has"));
    }
    Err(Fault::new(Kind::Denied, format!("run as user {} and group {}", who.uid, who.gid))
        .because("you are not root on this machine, and may give a container no more ids than your own")
        .hint("leave --user out; or give yourself a range in /etc/subuid and /etc/subgid, and install newuidmap"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::machine::tests::machine;
    use oci::image::Execution;
    use oci::{IdMapping, NamespaceKind};
    use std::path::Path;

    fn spec(request: &Request, machine: &Machine) -> Result<Spec> {
        let execution = Execution { cmd: Some(vec!["sh".to_string()]), ..Execution::default() };
        let image = Image { execution, ..Image::default() };
        let id = "0123456789abcdef".repeat(4);
        of(request, &image, machine, (&id, "web"), &Records::at(Path::new("/nowhere")))
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
        assert!(spec.linux.seccomp.is_some());
    }

    #[test]
    fn privileged_has_hardly_a_wall() {
        let spec = spec(&Request { privileged: true, ..Request::default() }, &machine()).unwrap();
        assert!(spec.linux.masked_paths.is_empty() && spec.linux.readonly_paths.is_empty());
        assert!(spec.linux.seccomp.is_none());
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
        let volume = |text| crate::Mount::parse_volume(text, Path::new("/")).unwrap();
        let request = Request { mounts: vec![volume("/dev:/dev"), volume("/a:/proc")], ..Request::default() };
        let at: Vec<_> =
            spec(&request, &machine()).unwrap().mounts.into_iter().map(|m| m.destination).collect();
        assert_eq!(at, ["/sys", "/sys/fs/cgroup", "/dev", "/proc"]);
        let twice = Request { mounts: vec![volume("/a:/b"), volume("/c:/b")], ..Request::default() };
        assert!(spec(&twice, &machine()).is_err());
    }
}
