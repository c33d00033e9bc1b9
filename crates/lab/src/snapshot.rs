//! What is on the machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::host::status_letter;

/// What is on the machine that could belong to a lab, one line for each thing.
///
/// Other tests, and other people's containers, come and go at the same time. So processes, cgroups, links and
/// files count only if the lab's name is in them; mounts count unless they are plainly someone else's.
pub struct Snapshot {
    things: BTreeSet<String>,
}

impl Snapshot {
    /// Looks for everything of the lab called `mark`.
    pub fn take(mark: &str) -> Snapshot {
        let mut things = BTreeSet::new();
        mounts(mark, &mut things);
        cgroups(mark, &mut things);
        processes(mark, &mut things);
        links(mark, &mut things);
        files(mark, &mut things);
        Snapshot { things }
    }

    /// What is here and was not there.
    pub fn new_since(&self, before: &Snapshot) -> Vec<String> {
        self.things.difference(&before.things).cloned().collect()
    }
}

fn mounts(mark: &str, things: &mut BTreeSet<String>) {
    let table = fs::read_to_string("/proc/self/mountinfo").expect("the mount table");
    let ours = table.lines().filter(|line| line.contains(mark) || !is_foreign(line));
    things.extend(ours.map(|line| format!("mount {line}")));
}

/// Where other engines, and other tests, put mounts on the host. The fifth field is the mount point.
fn is_foreign(line: &str) -> bool {
    let point = line.split(' ').nth(4).unwrap_or_default();
    ["/var/lib/", "/run/", "/tmp/", "/mnt/"].iter().any(|place| point.starts_with(place))
}

fn cgroups(mark: &str, things: &mut BTreeSet<String>) {
    things.extend(cgroup_folders(mark).into_iter().map(|path| format!("cgroup {path}")));
}

/// Cgroups of all hierarchies with the mark in their path, parents before children.
pub(crate) fn cgroup_folders(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(Path::new("/sys/fs/cgroup"), &mut |path| {
        if path.contains(mark) {
            found.push(path.to_string());
        }
    });
    found
}

fn walk(folder: &Path, visit: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            visit(&entry.path().to_string_lossy());
            walk(&entry.path(), visit);
        }
    }
}

fn processes(mark: &str, things: &mut BTreeSet<String>) {
    for pid in processes_of(mark) {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        things.insert(format!("process {pid} {}", String::from_utf8_lossy(&words).replace('\0', " ")));
    }
}

/// Processes that were started by the lab, name it, or live in its cgroups or root folders. Not ourselves.
pub(crate) fn processes_of(mark: &str) -> Vec<i64> {
    let all = fs::read_dir("/proc").expect("the process table").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i64>().ok());
    pids.filter(|pid| *pid != i64::from(std::process::id()) && belongs(*pid, mark)).collect()
}

fn belongs(pid: i64, mark: &str) -> bool {
    if matches!(status_letter(pid), None | Some('Z' | 'X')) {
        return false;
    }
    ["cmdline", "environ", "cgroup", "mountinfo"].iter().any(|file| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        // The lab's mounts on the host are in every process's table; only a root folder makes it the lab's.
        let text = String::from_utf8_lossy(&bytes);
        if *file == "mountinfo" { root_is(&text, mark) } else { text.contains(mark) }
    })
}

fn root_is(mountinfo: &str, mark: &str) -> bool {
    mountinfo.lines().any(|line| {
        let mut fields = line.split(' ');
        fields.nth(3).is_some_and(|source| source.contains(mark)) && fields.next() == Some("/")
    })
}

/// Network links of the host that carry the mark, or that nobody can be asked about: a pair's end without a
/// bridge is what a container leaves behind.
fn links(mark: &str, things: &mut BTreeSet<String>) {
    for entry in fs::read_dir("/sys/class/net").into_iter().flatten().flatten() {
        let alias = fs::read_to_string(entry.path().join("ifalias")).unwrap_or_default();
        let name = entry.file_name().to_string_lossy().into_owned();
        if alias.contains(mark) || name.contains(mark) {
            things.insert(format!("link {name}"));
        }
    }
}

/// Names with the mark where runtimes put things, and all of the lab's state folder.
fn files(mark: &str, things: &mut BTreeSet<String>) {
    let own = std::env::temp_dir().join(mark);
    for place in ["/tmp", "/run", "/run/runc", "/run/nagaya", "/run/crun", "/dev/shm", "/var/run/netns"] {
        names(Path::new(place), |path| {
            if path.contains(mark) && Path::new(path) != own {
                things.insert(format!("file {path}"));
            }
        });
    }
    names(&own.join("state"), |path| {
        things.insert(format!("state {path}"));
    });
}

fn names(folder: &Path, mut visit: impl FnMut(&str)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        visit(&entry.path().to_string_lossy());
    }
}
