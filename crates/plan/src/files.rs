//! The container's files: its root, its mounts, its devices.

use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use oci::{Device, Mount as Asked, NamespaceKind, Spec};

use crate::host::{Cgroups, Host, Place};
use crate::id_words;
use crate::mount::{self, Attributes, Link, Mount, MountIds, Source};
use crate::namespaces::Namespaces;
use crate::step::{HostSource, Node, NodeKind, Step};

/// All mounts, in the caller's order.
pub(crate) fn mounts(spec: &Spec, bundle: &Path, namespaces: &Namespaces, host: &Host) -> Result<Vec<Mount>> {
    let by_host = namespaces.has_own(NamespaceKind::User) && host.can_mount();
    let mut mounts = Vec::with_capacity(spec.mounts.len());
    for (at, asked) in spec.mounts.iter().enumerate() {
        let field = format!("mounts[{at}]");
        let mut mount = mount::parse(asked, &field, bundle, by_host)?;
        if let Some(ids) = &mut mount.ids {
            own_ids(ids, asked, &field, spec, host)?;
            mount.open_by_host();
        }
        // The child's copies are cut off from the host's. An ordinary user has no others.
        if mount.is_shared() && host.can_mount() {
            mount.open_by_host();
        }
        if is_cgroup(asked) {
            mount.what = cgroups(mount.what, namespaces, host);
            // The host's, with what was delegated to the caller in it: to be looked at only (CVE-2023-25809).
            if matches!(host.cgroups, Cgroups::None(_)) {
                mount.recursive.set |= Attributes::READONLY;
            }
        }
        mounts.push(mount);
    }
    Ok(mounts)
}

/// A mount that is to show other ids without saying which shows those of the container's user namespace.
fn own_ids(ids: &mut MountIds, asked: &Asked, field: &str, spec: &Spec, host: &Host) -> Result<()> {
    let field = format!("{field}.options");
    if !host.can_mount() || host.in_user_namespace {
        return Err(Fault::new(Kind::Denied, format!("use `{field}`"))
            .because("operation not permitted: only the machine's root may show files under other ids")
            .hint("leave out `idmap`, or run as root"));
    }
    let said = |option: &String| {
        let text = option.strip_prefix("idmap=").or(option.strip_prefix("ridmap="))?;
        Some(id_words::parse(text, &field, &spec.linux))
    };
    if let Some(said) = asked.options.iter().find_map(said) {
        if !ids.uids.is_empty() {
            return Err(Fault::invalid(field, "`uidMappings` and `idmap=` both say which ids are shown"));
        }
        (ids.uids, ids.gids) = said?;
    }
    if ids.uids.is_empty() {
        let linux = &spec.linux;
        (ids.uids, ids.gids) = (linux.uid_mappings.clone(), linux.gid_mappings.clone());
    }
    if ids.uids.is_empty() || ids.gids.is_empty() {
        return Err(Fault::invalid(field, "`idmap` needs mappings, and the container has none of its own")
            .hint("say `uidMappings` and `gidMappings` of the mount"));
    }
    Ok(())
}

fn is_cgroup(asked: &Asked) -> bool {
    asked.kind == "cgroup" || asked.kind == "cgroup2"
}

/// A mount of type `cgroup` means the container's own part of the hierarchies, whatever version they are.
fn cgroups(asked: Source, namespaces: &Namespaces, host: &Host) -> Source {
    let own = |place: &Place| (place.name(), place.leaf.clone());
    match &host.cgroups {
        Cgroups::V1(places) => Source::Cgroups(places.iter().map(own).collect()),
        // With a namespace for it, a fresh mount is rooted where the container is.
        Cgroups::V2(_) | Cgroups::Systemd(_) if namespaces.is_new(NamespaceKind::Cgroup) => Source::New {
            kind: "cgroup2".into(),
            source: "cgroup".into(),
            options: Vec::new(),
            copy_up: false,
        },
        Cgroups::V2(place) => {
            Source::Bind { source: place.leaf.clone(), recursive: false, by_host: host.can_mount() }
        }
        // Nobody can open it before it is made, and that is after the clone.
        Cgroups::Systemd(unit) => Source::Cgroups(vec![(String::new(), unit.place.leaf.clone())]),
        Cgroups::None(_) => match asked {
            Source::New { .. } => {
                Source::Bind { source: "/sys/fs/cgroup".into(), recursive: true, by_host: false }
            }
            bind => bind,
        },
    }
}

/// Takes the mount of cgroups out of the list, to be made last: by then the host has made them, and the
/// child had not to wait. Only where nobody can tell: nothing else may be mounted above or below.
pub(crate) fn take_cgroups(mounts: &mut Vec<Mount>, spec: &Spec) -> Option<Mount> {
    let at = mounts.iter().position(|mount| is_of_cgroups(&mount.what))?;
    let own = mounts[at].at.clone();
    let touches = |path: &Path| path.starts_with(&own) || own.starts_with(path);
    let linux = &spec.linux;
    let covered = linux.masked_paths.iter().chain(&linux.readonly_paths).any(|path| touches(Path::new(path)));
    let mounted = mounts[at + 1..].iter().any(|mount| touches(&mount.at));
    (!covered && !mounted).then(|| mounts.remove(at))
}

fn is_of_cgroups(what: &Source) -> bool {
    matches!(what, Source::Cgroups(_)) || is_rooted_in_own(what)
}

/// A new mount of cgroup v2 is rooted in the cgroup namespace of whoever makes it.
fn is_rooted_in_own(what: &Source) -> bool {
    matches!(what, Source::New { kind, .. } if kind == "cgroup2")
}

/// One of these mounts cannot be made before the container is in its cgroup, and in a namespace for it.
pub(crate) fn need_own_cgroup(mounts: &[Mount]) -> bool {
    mounts.iter().any(|mount| is_rooted_in_own(&mount.what))
}

/// The steps that cover what a container is not to see or change; `label` is the option that labels what covers.
pub(crate) fn cover(spec: &Spec, label: Option<&str>) -> Vec<Step> {
    let linux = &spec.linux;
    let mut steps = Vec::new();
    if !linux.readonly_paths.is_empty() {
        steps.push(Step::ReadonlyPaths { paths: linux.readonly_paths.clone() });
    }
    if !linux.masked_paths.is_empty() {
        let options = label.map(String::from).into_iter().collect();
        steps.push(Step::MaskPaths { paths: linux.masked_paths.clone(), options });
    }
    steps
}

/// What the host opens before the clone: the root, and the sources of binds, by the fields that ask for them.
pub(crate) fn open_sources(root: Option<&Path>, mounts: &[Mount], own_user: bool) -> Step {
    let source = |mount: &Mount| match &mount.what {
        Source::Bind { source, recursive, by_host: true } => Some(HostSource {
            field: mount.field.clone(),
            path: source.clone(),
            recursive: *recursive,
            shared: !own_user && mount.is_shared(),
            ids: mount.ids.clone(),
            follow: mount.link == Link::Follow,
            part: mount.part.clone(),
        }),
        _ => None,
    };
    Step::OpenSources {
        root: root.map(Path::to_path_buf),
        sources: mounts.iter().filter_map(source).collect(),
    }
}

/// The steps that fill the new root: mounts, then devices, and `/dev` read-only last if it is to be.
pub(crate) fn fill(spec: &Spec, mut mounts: Vec<Mount>, bind_devices: bool) -> Result<Vec<Step>> {
    let readonly_dev = mounts.iter_mut().find(|mount| mount.at == Path::new("/dev")).is_some_and(|dev| {
        let readonly =
            dev.attributes.set & Attributes::READONLY != 0 && matches!(dev.what, Source::New { .. });
        if readonly {
            dev.attributes.set &= !Attributes::READONLY;
        }
        readonly
    });
    // A caller that binds the host's whole `/dev` has all devices in it; ours would be made on the host.
    let dev_is_bound =
        mounts.iter().any(|mount| mount.at == Path::new("/dev") && matches!(mount.what, Source::Bind { .. }));
    let mut steps: Vec<Step> = mounts.iter().filter_map(Mount::copy_up).collect();
    steps.extend(mounts.into_iter().map(Step::Mount));
    if !dev_is_bound {
        steps.push(Step::MakeDevices { nodes: nodes(spec)?, bind: bind_devices });
        steps.push(Step::MakeLinks);
    }
    steps.extend(console(spec, !dev_is_bound));
    if readonly_dev {
        steps.push(Step::ReadonlyPaths { paths: vec!["/dev".to_string()] });
    }
    Ok(steps)
}

fn console(spec: &Spec, console: bool) -> Option<Step> {
    let process = spec.process.as_ref().filter(|process| process.terminal)?;
    let size = process.console_size.unwrap_or_default();
    Some(Step::MakeConsole { rows: size.height, columns: size.width, console })
}

/// Every container has these. Source: config-linux.md, "Default Devices".
const DEFAULT: [(&str, u32, u32); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];

fn nodes(spec: &Spec) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for (at, device) in spec.linux.devices.iter().enumerate() {
        nodes.push(node(device, &format!("linux.devices[{at}]"))?);
    }
    for (path, major, minor) in DEFAULT {
        if !nodes.iter().any(|node| node.path == Path::new(path)) {
            let kind = NodeKind::Char(major, minor);
            nodes.push(Node { path: path.into(), kind, mode: 0o666, uid: 0, gid: 0 });
        }
    }
    Ok(nodes)
}

fn node(device: &Device, field: &str) -> Result<Node> {
    let number = |name: &str, number: i64| {
        u32::try_from(number)
            .map_err(|_| Fault::invalid(format!("{field}.{name}"), format!("{number} is out of range")))
    };
    let kind = match device.kind.as_str() {
        "c" | "u" => NodeKind::Char(number("major", device.major)?, number("minor", device.minor)?),
        "b" => NodeKind::Block(number("major", device.major)?, number("minor", device.minor)?),
        "p" => NodeKind::Fifo,
        other => {
            return Err(Fault::invalid(
                format!("{field}.type"),
                format!("expected `c`, `b`, `u` or `p`, got `{other}`"),
            ));
        }
    };
    let path = PathBuf::from(&device.path);
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(Fault::invalid(
            format!("{field}.path"),
            format!("expected an absolute path, got `{}`", device.path),
        ));
    }
    // Some callers pass the type bits along with the mode.
    let mode = device.file_mode.unwrap_or(0o666) & 0o7777;
    Ok(Node { path, kind, mode, uid: device.uid.unwrap_or(0), gid: device.gid.unwrap_or(0) })
}
