//! Joining the namespaces of a container that runs already.

use lab::{Container, Lab, namespace, namespace_of, without_namespace};
use serde_json::json;

use crate::namespaces::{map_ids, wish_for};

const KINDS: [(&str, &str); 7] = [
    ("pid", "pid"),
    ("uts", "uts"),
    ("ipc", "ipc"),
    ("network", "net"),
    ("cgroup", "cgroup"),
    ("user", "user"),
    ("time", "time"),
];

/// A container with new namespaces of the given kinds besides the usual five.
fn first<'lab>(lab: &'lab Lab, more: &[&str]) -> Container<'lab> {
    lab.container("first")
        .sleeping()
        .edit(|config| more.iter().for_each(|name| wish_for(config, name)))
        .launch()
}

/// Another one that joins some of them.
fn second<'lab>(first: &Container<'lab>, names: &[&str]) -> Container<'lab> {
    let pid = first.pid();
    first.lab().container("second").edit(|config| {
        for name in names {
            let (_, kind) = KINDS.iter().find(|(known, _)| known == name).expect("a known kind");
            namespace(config, name, Some(&format!("/proc/{pid}/ns/{kind}")));
        }
        if names.contains(&"uts") {
            config["hostname"] = "".into();
        }
        if names.contains(&"user") {
            map_ids(config);
        }
    })
}

#[track_caller]
fn joins(names: &[&str]) {
    let lab = Lab::new();
    let more: Vec<_> =
        names.iter().copied().filter(|name| ["cgroup", "user", "time"].contains(name)).collect();
    let first = first(&lab, &more);
    let pid = first.pid();
    let second = second(&first, names);
    let seen = second.see("cd /proc/self/ns; for kind in *; do readlink $kind; done");
    for (name, kind) in KINDS {
        let inside = seen.lines().find(|line| line.starts_with(&format!("{kind}:["))).unwrap_or_default();
        let (theirs, hosts) = (namespace_of(pid, kind), namespace_of("self", kind));
        if names.contains(&name) {
            assert_eq!(inside, theirs, "{kind} was not joined");
            assert_ne!(theirs, hosts, "nothing was proven: that is the host's");
        } else if theirs != hosts {
            assert_ne!(inside, theirs, "{kind} was joined, and nobody asked for it");
        }
    }
    first.delete_force().ok();
}

#[test]
fn a_pid_namespace() {
    joins(&["pid"]);
}

#[test]
fn a_uts_namespace() {
    joins(&["uts"]);
}

#[test]
fn an_ipc_namespace() {
    joins(&["ipc"]);
}

#[test]
fn a_network_namespace() {
    joins(&["network"]);
}

#[test]
fn a_cgroup_namespace() {
    joins(&["cgroup"]);
}

#[test]
fn a_user_namespace() {
    joins(&["user"]);
}

#[test]
fn a_time_namespace() {
    if lab::is_nagaya() {
        joins(&["time"]); // runc learned it in 1.2.
    }
}

#[test]
fn a_user_and_a_pid_namespace_together() {
    joins(&["user", "pid"]);
}

#[test]
fn everything_but_the_root() {
    let mut names = vec!["pid", "uts", "ipc", "network", "cgroup", "user"];
    if lab::is_nagaya() {
        names.push("time");
    }
    joins(&names);
}

/// A pod's containers share one network, as in Kubernetes: what one binds, another can reach.
#[test]
fn what_is_in_a_joined_namespace_is_shared() {
    let lab = Lab::new();
    let first = lab
        .container("first")
        .capabilities(&["CAP_SYS_ADMIN", "CAP_NET_ADMIN"])
        .sh("hostname of-the-first; ip link set lo up; echo ready; while :; do sleep 0.02; done")
        .launch();
    first.wait_for("ready");
    let seen =
        second(&first, &["uts", "network", "pid"]).see("hostname; cat /sys/class/net/lo/flags; ps -o args");
    assert!(seen.starts_with("of-the-first\n0x9\n"), "{seen}");
    assert!(seen.contains("hostname of-the-first"), "the first's processes are not there: {seen}");
    first.delete_force().ok();
}

/// The mount namespace of a container has another root; the bundle is not in it. So this one is a copy of the
/// host's, as `unshare -m` makes it.
#[test]
fn a_mount_namespace() {
    let lab = Lab::new();
    let ready = lab.folder().join("ready");
    let holder = lab
        .program("unshare")
        .args(["-m", "--propagation", "private", "sh", "-c", "touch $0; exec sleep 60"])
        .arg(&ready)
        .start();
    lab::until("the namespace is there", || ready.exists());
    let theirs = namespace_of(holder.pid(), "mnt");
    let web = lab.container("web").edit(|config| {
        namespace(config, "mount", Some(&format!("/proc/{}/ns/mnt", holder.pid())));
    });
    let seen = web.see("readlink /proc/self/ns/mnt; ls -d /work");
    holder.signal(rustix::process::Signal::KILL);
    assert_eq!(holder.finish().code, 137);
    assert_eq!(seen, format!("{theirs}\n/work\n"));
    assert_ne!(theirs, namespace_of("self", "mnt"));
}

#[test]
fn a_path_that_is_no_namespace_is_refused() {
    let lab = Lab::new();
    for path in ["/proc/self/ns/nothing", "/etc/hostname", "/proc/self/ns/uts", "/"] {
        let web = lab.container("web").sh("true").edit(|config| namespace(config, "network", Some(path)));
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{path}: {output:?}");
        output.refused(&[]);
    }
    // The control: the same container with a path that is one.
    let web = lab.container("good").edit(|config| {
        without_namespace(config, "network");
        namespace(config, "network", Some("/proc/self/ns/net"));
    });
    web.see("true");
}

#[test]
fn the_same_kind_twice_is_refused() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true").edit(|config| {
        config["linux"]["namespaces"].as_array_mut().unwrap().push(json!({"type": "pid"}));
    });
    web.run().refused(&["pid"]);
}
