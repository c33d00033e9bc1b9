//! The three files in a container's folder that its programs find in `/etc`.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::Mount;

use super::hosts::{hosts, with_own};
use super::resolv::{NameServer, Resolving, resolv_conf};
use super::{HostAddress, Naming};
use crate::mounts::mount;
use crate::{Folder, Network, Records, Request, Root};

/// The files, by their names in a container's folder and in `/etc`.
const FILES: [&str; 3] = ["resolv.conf", "hostname", "hosts"];

/// Everything that names depend on, and that changes from start to start.
#[derive(Debug, Clone)]
pub struct Names<'a> {
    /// Its host name and domain.
    pub hostname: &'a str,
    /// Who resolves names for it.
    pub resolving: Resolving,
    /// Its own addresses.
    pub own: &'a [IpAddr],
    /// By which it reaches this machine.
    pub gateway: Option<IpAddr>,
    /// Names of other containers, for its file alone.
    pub linked: &'a [(String, IpAddr)],
}

/// Writes the files for the next start, and tells whom the container's monitor asks for names. They are written in place:
/// where they are mounted, a new file would not be seen.
pub fn write_names(
    folder: &Folder,
    naming: &Naming,
    domain: &str,
    names: &Names<'_>,
) -> Result<Vec<NameServer>> {
    let (resolv, asks) = resolv_conf(&of_machine("resolv.conf")?, naming, names.resolving);
    let mut extra =
        naming.hosts.iter().map(|host| address(host, names.gateway)).collect::<Result<Vec<_>>>()?;
    extra.extend_from_slice(names.linked);
    let hosts = if names.resolving == Resolving::AsHost && extra.is_empty() {
        of_machine("hosts")?
    } else {
        hosts(&extra, names.own, (names.hostname, domain))
    };
    for (file, text) in FILES.iter().zip([resolv, format!("{}\n", names.hostname), hosts]) {
        let path = folder.path().join(file);
        let written = fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o644)));
        written.doing(|| format!("write `{}`", path.display()))?;
    }
    Ok(asks)
}

/// Whom a container's monitor asks, without writing anything.
pub fn name_servers(naming: &Naming) -> Result<Vec<NameServer>> {
    Ok(resolv_conf(&of_machine("resolv.conf")?, naming, Resolving::ByMonitor).1)
}

/// Writes what has changed of names while a container runs: its own addresses, and who resolves names for it. What its
/// programs have written themselves stays. Tells whom its monitor asks.
pub fn change_names(
    folder: &Folder,
    naming: &Naming,
    domain: &str,
    names: &Names<'_>,
) -> Result<Vec<NameServer>> {
    let write = |file: &str, change: &dyn Fn(&str) -> Option<String>| {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let changed = change(&text).filter(|changed| *changed != text);
        changed.map_or(Ok(()), |text| fs::write(&path, text)).doing(|| format!("write `{}`", path.display()))
    };
    write("hosts", &|text| Some(with_own(text, names.own, (names.hostname, domain))))?;
    let machine = of_machine("resolv.conf")?;
    let (resolv, asks) = resolv_conf(&machine, naming, names.resolving);
    let before = resolv_conf(&machine, naming, Resolving::ByItself).0;
    write("resolv.conf", &|text| (text == before).then(|| resolv.clone()))?;
    Ok(asks)
}

/// A file of this machine's; one that is not there is empty.
fn of_machine(file: &str) -> Result<String> {
    let path = Path::new("/etc").join(file);
    match fs::read_to_string(&path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => text.doing(|| format!("read `{}`", path.display())),
    }
}

fn address((name, address): &(String, HostAddress), gateway: Option<IpAddr>) -> Result<(String, IpAddr)> {
    let none = || {
        Fault::new(Kind::Invalid, "use `--add-host`")
            .because("unable to derive the IP value for host-gateway")
            .hint("it takes a network by which this machine can be reached: the default one")
    };
    let ip = match address {
        HostAddress::Ip(ip) => *ip,
        HostAddress::Gateway => gateway.ok_or_else(none)?,
    };
    Ok((name.clone(), ip))
}

/// The mounts of these files. Into a folder that somebody uses as a root nothing is put that has no place there yet.
pub(crate) fn mounts(request: &Request, id: &str, records: &Records, in_user_namespace: bool) -> Vec<Mount> {
    // Who shares another's network finds there what that one finds.
    let folder = match &request.network {
        Network::Container(other) => records.folder(other),
        _ => records.folder(id),
    };
    let options = if request.read_only {
        "bind,rprivate,nosuid,nodev,noexec,ro"
    } else {
        "bind,rprivate,nosuid,nodev,noexec"
    };
    let place = |file: &str| match &request.root {
        Root::Image(_) => Some(Path::new("/etc").join(file)),
        Root::Folder(root) => in_folder(root, file, request.network != Network::None),
        Root::Host => in_host(file, in_user_namespace),
    };
    let one = |file: &&str| {
        let source = folder.path().join(file);
        Some(mount(&place(file)?.display().to_string(), "bind", &source.display().to_string(), options))
    };
    FILES.iter().filter_map(one).collect()
}

/// Where a file is, or, if there is a network, could be; a link leads wherever it leads.
fn in_folder(root: &Path, file: &str, make: bool) -> Option<PathBuf> {
    let folder = root.join("etc");
    let fits = match folder.join(file).symlink_metadata() {
        Ok(meta) => meta.is_file(),
        Err(_) => make && folder.is_dir(),
    };
    fits.then(|| Path::new("/etc").join(file))
}

/// In this machine's own root a link stays, and what it leads to is put there. In a user namespace, what lies outside
/// `/etc` may be nobody's to change.
fn in_host(file: &str, in_user_namespace: bool) -> Option<PathBuf> {
    let at = fs::canonicalize(Path::new("/etc").join(file)).ok()?;
    (at.starts_with("/etc") || !in_user_namespace).then_some(at)
}
