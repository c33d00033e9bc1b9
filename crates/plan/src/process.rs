//! The container's process: who it is, and what it may do.

use std::collections::BTreeMap;

use fault::{Fault, Result};
use oci::{NamespaceKind, Process, Spec};

use crate::ids;
use crate::label;
use crate::namespaces::Namespaces;
use crate::rlimits::Resource;
use crate::step::{Limit, Step};
use crate::{Sets, Side};

/// `path` where there is a search path in the environment.
pub(crate) fn search_path(process: &Process) -> String {
    let path = process.env.iter().rev().find_map(|pair| pair.strip_prefix("PATH="));
    path.unwrap_or_default().to_string()
}

/// The environment with one entry for each name: the last one counts, where the first one stood. Programs take the first
/// of two, and whoever adds one means it.
pub(crate) fn environment(process: &Process) -> Vec<String> {
    let mut entries: Vec<String> = Vec::with_capacity(process.env.len());
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &process.env {
        let name = entry.split('=').next().unwrap_or_default();
        if let Some(at) = places.get(name).copied() {
            entries[at].clone_from(entry);
        } else {
            places.insert(name, entries.len());
            entries.push(entry.clone());
        }
    }
    entries
}

/// Checks the fields that stand alone.
pub(crate) fn check(process: &Process) -> Result<()> {
    if process.args.first().is_none_or(String::is_empty) {
        return Err(Fault::invalid("process.args", "it is empty: there is no program to run"));
    }
    if !process.cwd.starts_with('/') {
        return Err(Fault::invalid(
            "process.cwd",
            format!("expected an absolute path, got `{}`", process.cwd),
        ));
    }
    if let Some(score) = process.oom_score_adj.filter(|score| !(-1000..=1000).contains(score)) {
        return Err(Fault::invalid("process.oomScoreAdj", format!("{score} is not between -1000 and 1000")));
    }
    let user = &process.user;
    // The last number is not an id: it means "leave it" to the kernel, and so would run as root.
    for (field, id) in [("uid", user.uid), ("gid", user.gid)] {
        if id == u32::MAX {
            return Err(Fault::invalid(format!("process.user.{field}"), format!("{id} is not an id")));
        }
    }
    if let Some(at) = user.additional_gids.iter().position(|gid| *gid == u32::MAX) {
        let why = format!("{} is not an id", u32::MAX);
        return Err(Fault::invalid(format!("process.user.additionalGids[{at}]"), why));
    }
    match user.umask {
        Some(mask) if mask > 0o777 => {
            Err(Fault::invalid("process.user.umask", format!("{mask:o} is more than 777")))
        }
        _ => Ok(()),
    }
}

/// The user is one that the user namespace has.
pub(crate) fn check_ids(process: &Process, spec: &Spec, namespaces: &Namespaces) -> Result<()> {
    if !namespaces.is_new(NamespaceKind::User) {
        return Ok(());
    }
    let linux = &spec.linux;
    let wrong = |field: String, id: u32| {
        Err(Fault::invalid(field, format!("{id} is not mapped"))
            .hint("map it by `linux.uidMappings` and `linux.gidMappings`"))
    };
    let user = &process.user;
    if !ids::is_mapped(&linux.uid_mappings, user.uid) {
        return wrong("process.user.uid".to_string(), user.uid);
    }
    if !ids::is_mapped(&linux.gid_mappings, user.gid) {
        return wrong("process.user.gid".to_string(), user.gid);
    }
    match user.additional_gids.iter().enumerate().find(|(_, gid)| !ids::is_mapped(&linux.gid_mappings, **gid))
    {
        Some((at, gid)) => wrong(format!("process.user.additionalGids[{at}]"), *gid),
        None => Ok(()),
    }
}

/// The step about the out-of-memory score, if there is one for this side.
pub(crate) fn oom_score(process: &Process, namespaces: &Namespaces, side: Side) -> Option<Step> {
    let by = if namespaces.has_own(NamespaceKind::User) { Side::Host } else { Side::Child };
    process.oom_score_adj.filter(|_| by == side).map(|value| Step::SetOomScore { value, side })
}

/// Leaves the groups as the caller has them, who may reach files by them. Source: crun(1).
const KEEP_GROUPS: &str = "run.oci.keep_original_groups";

/// The annotations say that the process keeps the caller's groups.
///
/// # Errors
/// `Invalid`: something else than `1` or `0`.
pub fn keeps_groups(annotations: &BTreeMap<String, String>) -> Result<bool> {
    match annotations.get(KEEP_GROUPS).map(String::as_str) {
        None | Some("0" | "") => Ok(false),
        Some("1") => Ok(true),
        Some(other) => {
            let why = format!("expected `1` or `0`, got `{other}`");
            Err(Fault::invalid(format!("annotations[{KEEP_GROUPS}]"), why))
        }
    }
}

/// What callers get who do not say: not their own, which for a daemon may be 0.
const UMASK: u32 = 0o022;

/// From root to the user. The order is the security model: limits while there is privilege to set
/// them, the bounding set while root, the user before its capabilities, and no new privileges last.
pub(crate) fn become_user(
    process: &Process,
    can_set_groups: bool,
    grantable: u64,
    filter: Option<Step>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Step>> {
    let user = &process.user;
    let (sets, left_out) =
        Sets::grant(process.capabilities.as_ref().unwrap_or(&Default::default()), grantable);
    if !left_out.is_empty() {
        warnings
            .push(format!("capabilities that cannot be granted here are left out: {}", left_out.join(", ")));
    }
    let mut steps = Vec::new();
    if user.uid != 0 || process.terminal {
        steps.push(Step::OwnStreams { uid: user.uid });
    }
    let limits = limits(process)?;
    if !limits.is_empty() {
        steps.push(Step::SetLimits { limits });
    }
    steps.push(Step::SetUmask { mask: user.umask.unwrap_or(UMASK) });
    if !process.apparmor_profile.is_empty() {
        steps.push(Step::SetProfile { name: process.apparmor_profile.clone() });
    }
    steps.extend(label::of_program(&process.selinux_label));
    steps.push(Step::DropBounding { keep: sets.bounding });
    // Without `noNewPrivileges` this takes a capability, which goes with the user.
    steps.extend(filter.filter(|_| !process.no_new_privileges));
    steps.push(Step::SetUser {
        uid: user.uid,
        gid: user.gid,
        groups: can_set_groups.then(|| user.additional_gids.clone()),
    });
    steps.push(Step::SetCapabilities { sets });
    if process.no_new_privileges {
        steps.push(Step::NoNewPrivileges);
    }
    Ok(steps)
}

fn limits(process: &Process) -> Result<Vec<Limit>> {
    let mut limits: Vec<Limit> = Vec::with_capacity(process.rlimits.len());
    for (at, asked) in process.rlimits.iter().enumerate() {
        let wrong =
            |field: &str, why: String| Err(Fault::invalid(format!("process.rlimits[{at}]{field}"), why));
        let Some(resource) = Resource::named(&asked.kind) else {
            return wrong(".type", format!("there is no limit `{}`", asked.kind));
        };
        if limits.iter().any(|limit| limit.resource == resource) {
            return wrong(".type", format!("a second one for `{}`", asked.kind));
        }
        if asked.soft > asked.hard {
            return wrong(
                "",
                format!("{}: `soft` {} is more than `hard` {}", asked.kind, asked.soft, asked.hard),
            );
        }
        limits.push(Limit { resource, soft: asked.soft, hard: asked.hard });
    }
    Ok(limits)
}
