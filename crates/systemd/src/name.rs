//! Where systemd is to make a container's cgroup: names of units, and the folders that they become.

use std::path::PathBuf;

use fault::{Fault, Result};

use crate::property::{Property, Value};

/// The field that all of this is about.
const FIELD: &str = "linux.cgroupsPath";

/// Bytes of the longest name of a unit (`UNIT_NAME_MAX`).
const LONGEST: usize = 255;

/// Names of cgroups that would be taken for files of these controllers; systemd puts a `_` in front.
///
/// Source: systemd `src/basic/cgroup-util.c`, `cg_escape`.
const CONTROLLERS: [&str; 13] = [
    "cpu",
    "cpuacct",
    "cpuset",
    "io",
    "blkio",
    "memory",
    "devices",
    "pids",
    "bpf-firewall",
    "bpf-devices",
    "bpf-foreign",
    "bpf-socket-bind",
    "bpf-restrict-network-interfaces",
];

/// Properties that every scope has, whatever is asked for.
const ALWAYS: [&str; 9] = [
    "Description",
    "Slice",
    "Delegate",
    "DefaultDependencies",
    "CollectMode",
    "MemoryAccounting",
    "CPUAccounting",
    "IOAccounting",
    "TasksAccounting",
];

/// A unit of systemd's around processes that it did not start itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name: `docker-0123.scope`.
    pub unit: String,
    /// The slice that it is in: `system.slice`.
    pub slice: String,
}

impl Scope {
    /// What `linux.cgroupsPath` means to systemd: `slice:prefix:name`, where the slice may be empty, or nothing at all.
    /// The scope is `prefix-name.scope`. `of_user` says that it is for the systemd of a user.
    ///
    /// # Errors
    /// `Invalid`: another form, or a name that no unit can have.
    pub fn of(path: &str, id: &str, of_user: bool) -> Result<Scope> {
        let default = if of_user { "user.slice" } else { "system.slice" };
        let scope = if path.is_empty() {
            Scope { unit: format!("nagaya-{}.scope", escape(id)), slice: default.to_string() }
        } else {
            let parts: Vec<&str> = path.split(':').collect();
            let [slice, prefix, name] = parts.as_slice() else { return Err(not_of_systemd(path)) };
            if name.strip_suffix(".slice").is_some() {
                return Err(Fault::invalid(
                    FIELD,
                    format!("`{name}` is a slice, and no process can be in one"),
                )
                .hint("the name is for a scope; what it is in comes first: `slice:prefix:name`"));
            }
            let slice = if slice.is_empty() { default } else { slice };
            Scope { unit: format!("{prefix}-{name}.scope"), slice: slice.to_string() }
        };
        check_unit(&scope.unit)?;
        check_slice(&scope.slice)?;
        Ok(scope)
    }

    /// What every container's scope is like; which processes are in it is said when there are some.
    pub fn properties(&self, id: &str) -> Vec<Property> {
        let value = |name| match name {
            "Description" => Value::Text(format!("nagaya container {id}")),
            "Slice" => Value::Text(self.slice.clone()),
            // At shutdown whoever manages the container ends it, and may need what it stands on.
            "DefaultDependencies" => Value::Flag(false),
            // A scope whose processes were killed for want of memory has failed, and would stay as a name.
            "CollectMode" => Value::Text("inactive-or-failed".to_string()),
            // Delegated: systemd keeps away from what is below, and from files that it has no property for. And all is
            // counted from the start.
            _ => Value::Flag(true),
        };
        ALWAYS.map(|name| Property::new(name, value(name))).into()
    }

    /// The property of this name is one that every scope has.
    pub fn has_always(name: &str) -> bool {
        ALWAYS.contains(&name)
    }

    /// The folder of its cgroup, below that of the systemd that makes it: `a-b.slice` is in `a.slice`.
    pub fn folder(&self) -> PathBuf {
        let mut path = PathBuf::new();
        let stem = self.slice.strip_suffix(".slice").unwrap_or(&self.slice);
        if stem != "-" {
            let ends = stem.match_indices('-').map(|(at, _)| at).chain([stem.len()]);
            path.extend(ends.map(|end| in_the_kernel(&format!("{}.slice", &stem[..end]))));
        }
        path.join(in_the_kernel(&self.unit))
    }
}

fn not_of_systemd(path: &str) -> Fault {
    Fault::invalid(FIELD, format!("systemd makes the cgroup, and expects `slice:prefix:name`, got `{path}`"))
        .hint("write `system.slice:nagaya:NAME`, or leave `--systemd-cgroup` out")
}

/// The characters that a name may have; systemd's word is what counts, but a `/` must never get as far.
fn check_unit(name: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    if name.len() > LONGEST {
        return Err(Fault::invalid(FIELD, format!("`{name}` is longer than {LONGEST} bytes")));
    }
    if name.starts_with('@') || !name.bytes().all(allowed) {
        return Err(Fault::invalid(FIELD, format!("`{name}` is not a name that a unit of systemd can have"))
            .hint("letters, digits, `-`, `_`, `.` and `\\` are those that it takes"));
    }
    Ok(())
}

fn check_slice(slice: &str) -> Result<()> {
    check_unit(slice)?;
    let stem = slice.strip_suffix(".slice").unwrap_or_default();
    let is_path = stem.split('-').all(|part| !part.is_empty());
    if stem == "-" || is_path {
        return Ok(());
    }
    Err(Fault::invalid(FIELD, format!("`{slice}` is not the name of a slice"))
        .hint("a slice is called `a.slice`, or `a-b.slice` if it is in that one"))
}

/// `+` is a letter of our names, and none of systemd's.
fn escape(id: &str) -> String {
    id.replace('+', "\\x2b")
}

/// The folder of a unit, which must not look like one of the kernel's own files.
fn in_the_kernel(unit: &str) -> String {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let looks_so = unit.starts_with(['_', '.']) || unit.starts_with("cgroup.") || CONTROLLERS.contains(&stem);
    if looks_so { format!("_{unit}") } else { unit.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str) -> String {
        Scope::of(path, "web", false).unwrap().folder().display().to_string()
    }

    #[test]
    fn three_words_are_a_scope_in_a_slice() {
        let table = [
            ("", "system.slice/nagaya-web.scope"),
            ("system.slice:docker:0123", "system.slice/docker-0123.scope"),
            (":docker:0123", "system.slice/docker-0123.scope"),
            ("-.slice:crio:a.b", "crio-a.b.scope"),
            ("a-b-c.slice:p:n", "a.slice/a-b.slice/a-b-c.slice/p-n.scope"),
            ("x.slice::n", "x.slice/-n.scope"),
            // What would look like a file of the kernel's.
            ("memory.slice:_p:n", "_memory.slice/__p-n.scope"),
            ("memory-x.slice:bpf:firewall", "_memory.slice/memory-x.slice/_bpf-firewall.scope"),
        ];
        for (path, expected) in table {
            assert_eq!(folder(path), expected, "{path}");
        }
        assert_eq!(Scope::of("", "a+b", true).unwrap().unit, "nagaya-a\\x2bb.scope");
        assert_eq!(Scope::of("", "a+b", true).unwrap().slice, "user.slice");
    }

    #[test]
    fn anything_else_is_refused_by_the_fields_name() {
        let long = format!("s.slice:p:{}", "x".repeat(LONGEST));
        for bad in [
            "/docker/web",
            "web",
            "a:b",
            "a.slice:b:c:d",
            "a:b:c",
            "a/b.slice:p:n",
            "a.slice:p:../n",
            "a.slice:p/q:n",
            ".slice:p:n",
            "-a.slice:p:n",
            "a-.slice:p:n",
            "a--b.slice:p:n",
            "a.slice:p:n.slice",
            "a.slice:p:n m",
            "a.slice:p:n\u{e4}",
            "a.slice:@p:n",
            &long,
        ] {
            let fault = Scope::of(bad, "web", false).unwrap_err();
            assert!(fault.sentence().contains("linux.cgroupsPath"), "{bad}: {fault}");
        }
    }
}
