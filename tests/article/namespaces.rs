//! The eight namespaces: new when asked for, the host's when not.

use lab::{Container, Lab, namespace, namespace_of, without_namespace};
use serde_json::{Value, json};

/// What the container's own `/proc/self/ns` says.
fn inside(container: Container<'_>, kind: &str) -> String {
    container.see(&format!("readlink /proc/self/ns/{kind}")).trim().to_string()
}

#[track_caller]
fn is_new(name: &str, kind: &str) {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| wish_for(config, name));
    let seen = inside(web, kind);
    assert!(seen.starts_with(&format!("{kind}:[")), "{seen}");
    assert_ne!(seen, namespace_of("self", kind));
}

#[track_caller]
fn is_the_hosts(name: &str, kind: &str) {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| {
        without_namespace(config, name);
        if name == "uts" {
            config["hostname"] = "".into();
        }
    });
    assert_eq!(inside(web, kind), namespace_of("self", kind));
}

pub(crate) fn wish_for(config: &mut Value, name: &str) {
    namespace(config, name, None);
    match name {
        "user" => map_ids(config),
        "time" => config["linux"]["timeOffsets"] = json!({"boottime": {"secs": 604_800, "nanosecs": 0}}),
        _ => {}
    }
}

/// Root inside is nobody outside.
pub(crate) fn map_ids(config: &mut Value) {
    let mapping = json!([{"containerID": 0, "hostID": 100_000, "size": 65_536}]);
    config["linux"]["uidMappings"] = mapping.clone();
    config["linux"]["gidMappings"] = mapping;
}

#[test]
fn a_new_mount_namespace() {
    is_new("mount", "mnt");
}

#[test]
fn a_new_pid_namespace() {
    is_new("pid", "pid");
}

#[test]
fn a_new_uts_namespace() {
    is_new("uts", "uts");
}

#[test]
fn a_new_ipc_namespace() {
    is_new("ipc", "ipc");
}

#[test]
fn a_new_network_namespace() {
    is_new("network", "net");
}

#[test]
fn a_new_cgroup_namespace() {
    is_new("cgroup", "cgroup");
}

#[test]
fn a_new_user_namespace() {
    is_new("user", "user");
}

#[test]
fn a_new_time_namespace() {
    if lab::is_nagaya() {
        is_new("time", "time"); // runc learned it in 1.2.
    }
}

#[test]
fn the_hosts_pid_namespace() {
    is_the_hosts("pid", "pid");
}

#[test]
fn the_hosts_uts_namespace() {
    is_the_hosts("uts", "uts");
}

#[test]
fn the_hosts_ipc_namespace() {
    is_the_hosts("ipc", "ipc");
}

#[test]
fn the_hosts_network_namespace() {
    is_the_hosts("network", "net");
}

#[test]
fn the_hosts_cgroup_namespace() {
    is_the_hosts("cgroup", "cgroup");
}

#[test]
fn the_hosts_user_namespace() {
    is_the_hosts("user", "user");
}

#[test]
fn the_hosts_time_namespace() {
    is_the_hosts("time", "time");
}

/// Without a mount namespace, a root folder can only be a chroot. That must never change the caller's mounts.
/// "The host" here is a copy of the host's mounts, in case it does.
#[test]
fn the_callers_mount_namespace_is_left_as_it_was_or_refused() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true").edit(|config| {
        without_namespace(config, "mount");
        config["mounts"] = json!([]);
        config["linux"]["maskedPaths"] = json!([]);
        config["linux"]["readonlyPaths"] = json!([]);
        config["root"]["readonly"] = false.into();
    });
    let script = "\"$@\"; echo code $?; cat /proc/self/mountinfo";
    let output = web
        .call("run", &[])
        .under(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"])
        .output();
    output.no_crash();
    let (said, mounts) = output.stdout.split_once("code ").expect("the code");
    assert!(said.contains(&web.nonce()) || mounts.starts_with('1'), "{output:?}");
    assert!(mounts.contains(" / / "), "the root was changed: {mounts}");
    if lab::is_nagaya() {
        assert!(!mounts.contains(lab.name()), "left in the caller's mounts: {mounts}");
    }
}

#[test]
fn all_eight_at_once() {
    let lab = Lab::new();
    let mut kinds = vec!["mnt", "pid", "uts", "ipc", "net", "cgroup", "user"];
    let web = lab.container("web").edit(|config| {
        wish_for(config, "user");
        wish_for(config, "cgroup");
        if lab::is_nagaya() {
            wish_for(config, "time");
        }
    });
    if lab::is_nagaya() {
        kinds.push("time");
    }
    let seen =
        web.see(&format!("cd /proc/self/ns; for kind in {}; do readlink $kind; done", kinds.join(" ")));
    assert_eq!(seen.lines().count(), kinds.len());
    for (kind, inside) in kinds.iter().zip(seen.lines()) {
        assert_ne!(inside, namespace_of("self", kind));
    }
}

#[test]
fn root_in_a_user_namespace_is_somebody_else_outside() {
    let lab = Lab::new();
    let web = lab
        .container("web")
        .writable()
        .edit(|config| wish_for(config, "user"))
        .sh("id -u; touch /work/mine; cat /proc/self/uid_map; while :; do sleep 0.02; done")
        .launch();
    web.wait_for("65536");
    let seen: Vec<String> = web.said().split_whitespace().rev().take(4).map(String::from).collect();
    assert_eq!(seen, ["65536", "100000", "0", "0"]);
    let file = std::fs::metadata(web.rootfs().join("work/mine")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&file), 100_000);
    let status = std::fs::read_to_string(format!("/proc/{}/status", web.pid())).unwrap();
    assert!(status.contains("Uid:\t100000\t100000"), "{status}");
    web.delete_force().ok();
}

#[test]
fn clocks_of_a_time_namespace_are_moved() {
    if !lab::is_nagaya() {
        return; // runc learned it in 1.2.
    }
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| {
        namespace(config, "time", None);
        config["linux"]["timeOffsets"] =
            json!({"boottime": {"secs": 604_800}, "monotonic": {"secs": 86_400, "nanosecs": 5}});
    });
    let seen = web.see("cat /proc/self/timens_offsets; cat /proc/uptime");
    let words: Vec<_> = seen.split_whitespace().collect();
    assert_eq!(words[..6], ["monotonic", "86400", "5", "boottime", "604800", "0"]);
    let uptime: f64 = words[6].parse().unwrap();
    assert!(uptime > 604_800.0, "{seen}");
}
