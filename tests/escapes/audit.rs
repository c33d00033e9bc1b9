//! What the runtime asks the kernel for, read from a trace: the proof that it does what no test from outside can see.

use std::fs;
use std::path::Path;

use lab::{Call, Container, Lab};

use crate::kit::{Old, text};

/// Calls that take a path. `strace` knows them all by this name; mounts are among them.
const TRACED: &str = "trace=%file,pivot_root,prctl,setns,execve,execveat,openat2,open_tree,move_mount";

/// One system call.
#[derive(Debug)]
struct Entry {
    pid: String,
    name: String,
    rest: String,
}

impl Entry {
    fn parse(line: &str) -> Option<Entry> {
        let (pid, call) = line.split_once(' ')?;
        let (name, rest) = call.trim_start().split_once('(')?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then(|| Entry { pid: pid.into(), name: name.into(), rest: rest.into() })
    }

    /// Its paths: what is in quotes. (A program's arguments are too, but not those of `execve` that we look at.)
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.rest.split('"').skip(1).step_by(2)
    }

    /// It names something by a path that starts at the root of the process, or at its working directory.
    fn is_by_path(&self) -> bool {
        self.paths().any(|path| path.starts_with('/')) || self.rest.contains("AT_FDCWD")
    }

    fn names_below(&self, folder: &Path) -> bool {
        self.paths().any(|path| Path::new(path).starts_with(folder))
    }
}

fn strace(log: &str) -> [&str; 9] {
    ["strace", "-f", "-yy", "-s", "300", "-o", log, "-e", TRACED]
}

fn entries(log: &str) -> Vec<Entry> {
    let text = fs::read_to_string(log).expect("the trace");
    text.lines().filter_map(Entry::parse).collect()
}

/// Runs a call under `strace`, and returns what it and all its children asked for, in their order.
fn trace(lab: &Lab, run: impl FnOnce(&[&str])) -> Vec<Entry> {
    let log = text(&lab.folder().join("trace"));
    run(&strace(&log));
    entries(&log)
}

fn ours(lab: &Lab, call: Call) -> Vec<Entry> {
    trace(lab, |strace| drop(call.under(strace).output().ok()))
}

/// Everything that makes a runtime look into the root folder.
fn busy<'lab>(lab: &'lab Lab, name: &str) -> Container<'lab> {
    let web = lab.container(name).writable().mount("tmpfs", "tmpfs", "/work/deep/er", "mode=755");
    let web = web.mount("bind", "/etc/hostname", "/work/file", "bind,ro").sh("true");
    web.edit(|config| {
        config["process"]["cwd"] = "/work/made/on/the/way".into();
        config["linux"]["sysctl"] = serde_json::json!({"net.ipv4.ip_forward": "1"});
    })
}

/// How often the root folder, or something in it, is named by a path after it was opened.
fn names_of_the_root(entries: &[Entry], root: &Path) -> usize {
    let opens = |entry: &Entry| matches!(&*entry.name, "open_tree" | "mount") && entry.names_below(root);
    let at = entries.iter().position(opens).expect("it opens its root");
    entries[at + 1..].iter().filter(|entry| entry.is_by_path() && entry.names_below(root)).count()
}

/// Invariant 1: inside a root folder no path is resolved twice, because there are no paths.
#[test]
fn the_root_is_named_once_and_never_again() {
    let lab = Lab::new();
    let web = busy(&lab, "web");
    let entries = ours(&lab, web.call("run", &[]));
    assert_eq!(names_of_the_root(&entries, &web.rootfs()), 0);

    let old = busy(&lab, "runc");
    let runc = trace(&lab, |strace| drop(Old::Runc.run(&old, strace).ok()));
    let count = names_of_the_root(&runc, &old.rootfs());
    assert!(count > 20, "the control: runc 1.1.5 does so all the time, and was seen {count} times");
    let crun = trace(&lab, |strace| drop(Old::Crun.run(&old, strace).ok()));
    assert!(names_of_the_root(&crun, &old.rootfs()) > 0, "the control: crun 1.8.1 does so a few times");
}

/// From the root's place over `/` to the pivot, the child names only what is the host's: cgroups and sources of mounts.
#[test]
fn while_the_root_is_filled_only_things_of_the_host_have_paths() {
    let lab = Lab::new();
    let web = busy(&lab, "web");
    let entries = ours(&lab, web.call("run", &[]));
    let filled = |name: &str| {
        let at = entries.iter().position(|entry| entry.name == name);
        at.unwrap_or_else(|| panic!("no {name} in {entries:#?}"))
    };
    let (begin, end) = (filled("move_mount"), filled("pivot_root"));
    let child = &entries[end].pid;
    let of_child: Vec<_> = entries[begin + 1..end].iter().filter(|entry| entry.pid == *child).collect();
    assert!(of_child.len() > 100, "that is no filling of a root: {of_child:#?}");
    let is_known = |path: &str| {
        path.starts_with("/sys/fs/cgroup/") && path.contains(lab.name()) || path == "/etc/hostname"
    };
    let by_path = |entry: &&&Entry| {
        // Relative to a descriptor of the root, a path may look as it likes: `/` is the root. Links point anywhere.
        let inside = matches!(&*entry.name, "openat2" | "symlinkat");
        !inside && entry.is_by_path() && !entry.paths().all(is_known)
    };
    let wrong: Vec<_> = of_child.iter().filter(by_path).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let open = |entry: &&&Entry| entry.name == "openat2" && !entry.rest.contains("RESOLVE_NO_MAGICLINKS");
    assert_eq!(of_child.iter().filter(open).count(), 0, "a link of the kernel's could lead out");
}

/// What `create`, `start`, `exec` and `delete` look at on the host is not in the root folder.
#[test]
fn no_other_command_names_anything_in_the_root() {
    let lab = Lab::new();
    let web = busy(&lab, "web").sleeping();
    let named = |entries: &[Entry]| entries.iter().filter(|entry| entry.names_below(&web.rootfs())).count();
    // Its trace goes on until the container has ended.
    let log = text(&lab.folder().join("trace of create"));
    let create = web.call("create", &[]).under(strace(&log)).start();
    web.wait_until("created");
    assert_eq!(named(&ours(&lab, lab.runtime(["start", web.id()]))), 0);
    assert_eq!(named(&ours(&lab, lab.runtime(["exec", web.id(), "/bin/true"]))), 0);
    assert_eq!(named(&ours(&lab, lab.runtime(["delete", "--force", web.id()]))), 0);
    create.finish().ok();
    // The one by which it is opened.
    assert_eq!(named(&entries(&log)), 1);
}

/// CVE-2025-24965, CVE-2026-84042: nothing from a root folder is executed before the container is closed around it.
#[test]
fn nothing_of_the_root_is_executed_from_outside() {
    let lab = Lab::new();
    let web = busy(&lab, "web");
    let entries = ours(&lab, web.call("run", &[]));
    let is_exec = |entry: &&Entry| entry.name.starts_with("execve");
    let pivot = entries.iter().position(|entry| entry.name == "pivot_root").expect("a pivot");
    let before: Vec<_> = entries[..pivot].iter().filter(is_exec).collect();
    // strace's own, and the seal: the same file again by a descriptor.
    assert_eq!(before.len(), 2, "{before:#?}");
    assert!(before[0].rest.starts_with(&format!("\"{}\"", lab::runtime().display())), "{before:#?}");
    // The control: the program itself is seen.
    assert!(entries[pivot..].iter().filter(is_exec).any(|entry| entry.rest.starts_with("\"/bin/sh\"")));
}

/// CVE-2016-9962: whoever enters a container cannot be looked into from the first moment on.
#[test]
fn exec_hides_before_it_enters() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let entries = ours(&lab, lab.runtime(["exec", web.id(), "/bin/true"]));
    let first = |word: &str| {
        let at = entries.iter().position(|entry| format!("{}({}", entry.name, entry.rest).starts_with(word));
        at.unwrap_or_else(|| panic!("no {word}"))
    };
    assert!(first("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)") < first("setns("));
    web.delete_force().ok();
}

/// CVE-2025-52881, CVE-2025-62596: settings are written through a proc that nobody can have mounted anything over.
#[test]
fn settings_go_through_a_proc_of_our_own() {
    let lab = Lab::new();
    let setting = |entries: &[Entry]| -> Vec<String> {
        let of = entries.iter().filter(|entry| entry.rest.contains("ip_forward"));
        of.map(|entry| format!("{} {}", entry.name, entry.rest)).collect()
    };
    let web = busy(&lab, "web");
    let written = setting(&ours(&lab, web.call("run", &[])));
    assert_eq!(written.len(), 1, "{written:?}");
    let careful = ["openat2 ", "\"sys/net/ipv4/ip_forward\"", "RESOLVE_BENEATH", "RESOLVE_NO_XDEV"];
    assert!(careful.iter().all(|word| written[0].contains(word)), "{written:?}");
    let old = busy(&lab, "runc");
    let runc = setting(&trace(&lab, |strace| drop(Old::Runc.run(&old, strace).ok())));
    assert!(
        runc.iter().any(|entry| entry.contains("\"/proc/sys/net/ipv4/ip_forward\"")),
        "the control: {runc:?}"
    );
}
