//! Which namespaces are new, which are joined, and by whom.

use std::path::PathBuf;

use fault::{Fault, Result};
use oci::{IdMapping, Linux, NamespaceKind, TimeOffset};

use crate::ids;
use crate::step::{Clock, IdMaps, Join};
use crate::{Host, Step};

/// The namespaces of a container, sorted by how it gets them.
#[derive(Debug)]
pub(crate) struct Namespaces {
    new: Vec<NamespaceKind>,
    join: Vec<Join>,
}

impl Namespaces {
    /// Sorts them. The caller's own ones are those that are not listed, and those of `own`: their paths lead to what
    /// the container would be in anyhow, and nothing in them is the container's to change.
    pub(crate) fn of(linux: &Linux, own: &[NamespaceKind]) -> Result<Namespaces> {
        let (mut new, mut join) = (Vec::new(), Vec::<Join>::new());
        for (at, namespace) in linux.namespaces.iter().enumerate() {
            let kind = namespace.kind;
            if new.contains(&kind) || join.iter().any(|join| join.kind == kind) {
                return Err(Fault::invalid(
                    format!("linux.namespaces[{at}]"),
                    format!("a second one of kind `{kind}`"),
                ));
            }
            match namespace.path.as_str() {
                "" => new.push(kind),
                path if path.starts_with('/') => join.push(Join { kind, path: PathBuf::from(path) }),
                path => {
                    let why = format!("expected an absolute path, got `{path}`");
                    return Err(Fault::invalid(format!("linux.namespaces[{at}].path"), why));
                }
            }
        }
        join.retain(|join| !own.contains(&join.kind));
        let namespaces = Namespaces { new, join };
        namespaces.check(linux)?;
        Ok(namespaces)
    }

    fn check(&self, linux: &Linux) -> Result<()> {
        let wrong = |field, why| Err(Fault::invalid(field, why));
        if self.is_new(NamespaceKind::User) {
            for (field, maps) in [("uidMappings", &linux.uid_mappings), ("gidMappings", &linux.gid_mappings)]
            {
                if maps.is_empty() {
                    return wrong(
                        format!("linux.{field}"),
                        "a new user namespace needs at least one mapping",
                    );
                }
                ids::check(field, maps)?;
            }
        } else if !self.joins(NamespaceKind::User) && maps_ids(linux) {
            return wrong("linux.uidMappings".into(), "there is no user namespace to map ids of");
        }
        if !linux.time_offsets.is_empty() && !self.is_new(NamespaceKind::Time) {
            return wrong("linux.timeOffsets".into(), "there is no new time namespace to set the clocks of");
        }
        if let Some(name) =
            linux.time_offsets.keys().find(|name| !matches!(name.as_str(), "monotonic" | "boottime"))
        {
            return wrong(format!("linux.timeOffsets.{name}"), "the clocks are `monotonic` and `boottime`");
        }
        if !self.is_new(NamespaceKind::Mount) && !self.joins(NamespaceKind::Mount) {
            return wrong(
                "linux.namespaces".into(),
                "a mount namespace is missing; without one, the container's mounts would be the host's",
            );
        }
        Ok(())
    }

    /// The container has a new one of its own.
    pub(crate) fn is_new(&self, kind: NamespaceKind) -> bool {
        self.new.contains(&kind)
    }

    /// The container enters one that exists.
    pub(crate) fn joins(&self, kind: NamespaceKind) -> bool {
        self.join.iter().any(|join| join.kind == kind)
    }

    /// It is not in the caller's.
    pub(crate) fn has_own(&self, kind: NamespaceKind) -> bool {
        self.is_new(kind) || self.joins(kind)
    }

    /// The namespace file of this kind that it enters.
    pub(crate) fn joined(&self, kind: NamespaceKind) -> Option<&PathBuf> {
        self.join.iter().find(|join| join.kind == kind).map(|join| &join.path)
    }

    /// A helper has to join before the clone: a pid namespace is entered by children only, and the joined
    /// ones must be entered from where the privilege for them is, on the right side of the user namespace.
    fn needs_helper(&self) -> bool {
        let across = self.is_new(NamespaceKind::User) && !self.join.is_empty();
        across || self.joins(NamespaceKind::Pid) || self.joins(NamespaceKind::User)
    }

    /// The clone, with all that comes with it.
    pub(crate) fn clone_step(&self, into_cgroup: Option<PathBuf>) -> Step {
        let with_clone = |kind: &&NamespaceKind| !matches!(kind, NamespaceKind::Cgroup | NamespaceKind::Time);
        let mut new: Vec<_> = self.new.iter().filter(with_clone).copied().collect();
        new.sort();
        // In a v2 hierarchy the child is born in its cgroup, so that namespace can come with the clone.
        if into_cgroup.is_some() && self.is_new(NamespaceKind::Cgroup) {
            new.push(NamespaceKind::Cgroup);
        }
        let through = if self.needs_helper() { self.join.clone() } else { Vec::new() };
        Step::Clone { new, through, into_cgroup }
    }

    /// The child joins what no helper had to.
    pub(crate) fn join_steps(&self) -> Vec<Step> {
        if self.needs_helper() {
            return Vec::new();
        }
        self.join.iter().cloned().map(Step::JoinNamespace).collect()
    }

    /// The cgroup namespace, whose root is where its maker is: not before that is in its cgroup.
    pub(crate) fn own_cgroup_step(&self, born_in_cgroup: bool) -> Option<Step> {
        let new = self.is_new(NamespaceKind::Cgroup) && !born_in_cgroup;
        new.then_some(Step::Unshare { kind: NamespaceKind::Cgroup })
    }

    /// The time namespace, which only its maker can set the clocks of.
    pub(crate) fn own_clocks_steps(&self, linux: &Linux) -> Vec<Step> {
        if !self.is_new(NamespaceKind::Time) {
            return Vec::new();
        }
        let clock = |(name, offset): (&String, &TimeOffset)| Clock { name: name.clone(), offset: *offset };
        let clocks = linux.time_offsets.iter().map(clock).collect();
        vec![Step::Unshare { kind: NamespaceKind::Time }, Step::SetClocks { clocks }]
    }

    /// The mappings of a new user namespace.
    pub(crate) fn map_ids(&self, linux: &Linux, host: &Host) -> Option<Step> {
        self.is_new(NamespaceKind::User).then(|| {
            let helpers = host.id_helpers && !host.is_root() && needs_helpers(linux, host);
            Step::MapIds(IdMaps {
                uids: linux.uid_mappings.clone(),
                gids: linux.gid_mappings.clone(),
                helpers,
                groups: host.is_root() && host.can_set_groups || helpers,
            })
        })
    }

    /// Groups can be changed inside.
    pub(crate) fn can_set_groups(&self, linux: &Linux, host: &Host) -> bool {
        match self.map_ids(linux, host) {
            Some(Step::MapIds(maps)) => maps.groups,
            _ => host.can_set_groups,
        }
    }
}

fn maps_ids(linux: &Linux) -> bool {
    !linux.uid_mappings.is_empty() || !linux.gid_mappings.is_empty()
}

/// An ordinary user may map its own id, and nothing else, by itself.
fn needs_helpers(linux: &Linux, host: &Host) -> bool {
    let only_own = |maps: &[IdMapping], id| matches!(maps, [map] if map.host_id == id && map.size == 1);
    !only_own(&linux.uid_mappings, host.uid) || !only_own(&linux.gid_mappings, host.gid)
}
