//! The lists that `create` plans, as text: four situations, no root and no kernel needed.

use std::path::Path;

use oci::{ContainerId, IdMapping, Namespace, NamespaceKind, Spec};
use plan::{Ask, Cgroups, Host, Place, create};

fn host(cgroups: Cgroups) -> Host {
    Host {
        cgroups,
        uid: 0,
        gid: 0,
        capabilities: u64::MAX,
        in_user_namespace: false,
        id_helpers: false,
        can_set_groups: true,
    }
}

fn place(mount: &str, controllers: &[&str]) -> Place {
    let leaf = Path::new(mount).join("web");
    Place {
        controllers: controllers.iter().map(ToString::to_string).collect(),
        mount: mount.into(),
        missing: vec![leaf.clone()],
        leaf,
        occupied: false,
    }
}

/// A config with little in it, so that the order can be read.
fn spec() -> Spec {
    let mut spec = oci::template(false);
    spec.mounts.retain(|mount| ["/proc", "/sys/fs/cgroup"].contains(&mount.destination.as_str()));
    spec.linux.resources.devices.clear();
    spec.linux.resources.memory.limit = Some(64 << 20);
    spec.linux.namespaces.retain(|one| matches!(one.kind, NamespaceKind::Mount | NamespaceKind::Pid));
    spec.hostname.clear();
    if let Some(process) = &mut spec.process {
        process.terminal = false;
    }
    spec
}

/// One line for each step, with the side that does it.
fn lists(spec: &Spec, host: &Host, gate: bool) -> fault::Result<String> {
    let id: ContainerId = "web".parse()?;
    let ask = Ask {
        id: &id,
        spec,
        bundle: Path::new("/b"),
        overlay: None,
        gate,
        pivot: true,
        keyring: false,
        preserve_fds: 0,
    };
    let plan = create(&ask, host)?;
    let lines: Vec<String> = plan.steps.iter().map(|step| format!("{:<5} {step}\n", step.side())).collect();
    Ok(lines.concat())
}

const END: &str = "\
child make the root read-only
child pivot into the new root
child go to `/`
child start a session
child find program `sh`
child have our own descriptors close with exec
child set 1 resource limits
child set umask 0022
child drop all but 3 capabilities for ever
child become user 0 and group 0
child keep 3 capabilities
child forbid new privileges
host  write down that it is created
";

#[test]
fn root_on_v1_makes_cgroups_while_the_child_mounts() {
    let v1 = Cgroups::V1(vec![place("/c/memory", &["memory"]), place("/c/pids", &["pids"])]);
    let text = lists(&spec(), &host(v1), true).unwrap();
    let expected = format!(
        "\
host  write down what will be made
host  clone into new namespaces: mount, pid
host  make cgroup `/c/memory/web`
host  make cgroup `/c/pids/web`
host  write `67108864` to `/c/memory/web/memory.limit_in_bytes`
child cut the mounts off from the host's
child make `/b/rootfs` a mount
child mount proc on `/proc`
child make 6 device nodes
child make the links of `/dev`
child make 5 paths read-only
child mask 10 paths
child join 2 cgroups
child bind the container's 2 cgroups on `/sys/fs/cgroup` (ro,nosuid,nodev,noexec)
{END}child wait for `start`
child exec `sh`
"
    );
    assert_eq!(text, expected);
}

#[test]
fn root_on_v2_is_born_in_its_cgroup() {
    let text = lists(&spec(), &host(Cgroups::V2(place("/c", &["memory", "pids"]))), false).unwrap();
    let begin = "\
host  write down what will be made
host  enable memory below `/c`
host  make cgroup `/c/web`
host  write `67108864` to `/c/web/memory.max`
host  open 1 sources of mounts
host  clone into new namespaces: mount, pid and cgroup `/c/web`
child cut the mounts off from the host's
";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.ends_with(&format!("{END}child exec `sh`\n")), "no gate in `run`: {text}");
}

#[test]
fn an_ordinary_user_maps_itself_and_has_no_limits() {
    let mut spec = spec();
    spec.linux.namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    let own = vec![IdMapping { container_id: 0, host_id: 1000, size: 1 }];
    (spec.linux.uid_mappings, spec.linux.gid_mappings) = (own.clone(), own);
    let host = Host { uid: 1000, gid: 1000, capabilities: 0, ..host(Cgroups::None("not ours".into())) };
    let refused = lists(&spec, &host, false).unwrap_err();
    assert!(refused.sentence().contains("linux.resources.memory.limit"), "{refused}");

    spec.linux.resources.memory.limit = None;
    let text = lists(&spec, &host, false).unwrap();
    for step in ["map ids 0 to 1000\n", "become root of the user namespace\n", "bind 6 devices of the host\n"]
    {
        assert!(text.contains(step), "{step}: {text}");
    }
    assert!(!text.contains("cgroup `"), "{text}");
}

#[test]
fn hooks_stand_where_the_specification_has_them() {
    let mut spec = spec();
    let hook = || vec![oci::Hook { path: "/h".into(), ..Default::default() }];
    spec.hooks.create_runtime = hook();
    spec.hooks.create_container = hook();
    spec.hooks.start_container = hook();
    let text = lists(&spec, &host(Cgroups::None(String::new())), true).unwrap_err();
    assert!(text.sentence().contains("memory"), "a limit without a cgroup: {text}");
    spec.linux.resources.memory.limit = None;
    let text = lists(&spec, &host(Cgroups::None(String::new())), true).unwrap();
    let at = |step: &str| text.find(step).unwrap_or_else(|| panic!("no {step} in {text}"));
    let order = [
        "host  run 1 createRuntime hooks",
        "child run 1 createContainer hooks",
        "child pivot",
        "child keep 3 capabilities",
        "child wait for `start`",
        "child run 1 startContainer hooks",
        "child exec",
    ];
    assert!(order.map(at).is_sorted(), "{text}");
}

#[test]
fn what_needs_the_host_waits_for_it() {
    let v1 = Cgroups::V1(vec![place("/c/memory", &["memory"])]);
    let id: ContainerId = "web".parse().unwrap();
    let (spec, bundle) = (spec(), Path::new("/b"));
    let ask = Ask {
        id: &id,
        spec: &spec,
        bundle,
        overlay: None,
        gate: true,
        pivot: true,
        keyring: false,
        preserve_fds: 0,
    };
    let steps = create(&ask, &host(v1)).unwrap().steps;
    let needs =
        |name: &str| steps.iter().find(|step| step.to_string().starts_with(name)).unwrap().needs_host();
    assert!(needs("join 1 cgroups") && needs("bind the container's") && needs("exec") && needs("wait for"));
    assert!(!needs("mount proc") && !needs("mask") && !needs("cut the mounts"));
}

/// One rule, and the steps whose order it decides.
fn filtered(no_new_privileges: bool) -> String {
    let mut spec = spec();
    spec.linux.resources.memory.limit = None;
    let profile =
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}"#;
    spec.linux.seccomp = Some(oci::from_json(profile.as_bytes(), "a profile", "").expect("a profile"));
    spec.process.as_mut().expect("a process").no_new_privileges = no_new_privileges;
    lists(&spec, &host(Cgroups::None(String::new())), true).expect("a list")
}

#[test]
fn a_filter_is_as_late_as_there_is_the_privilege_for_it() {
    let at = |text: &str, step: &str| text.find(step).unwrap_or_else(|| panic!("no {step} in {text}"));
    let text = filtered(true);
    assert!(at(&text, "wait for `start`") < at(&text, "filter system calls"), "{text}");
    assert!(text.ends_with("instructions\nchild exec `sh`\n"), "{text}");
    let text = filtered(false);
    assert!(at(&text, "have our own descriptors close") < at(&text, "filter system calls"), "{text}");
    assert!(at(&text, "filter system calls") < at(&text, "become user"), "{text}");
    assert_eq!(text.matches("filter system calls").count(), 1, "{text}");
}

#[test]
fn who_enters_does_what_the_first_process_did() {
    let process = spec().process.unwrap();
    let standing = plan::Standing {
        namespaces: vec![NamespaceKind::Pid, NamespaceKind::Mount, NamespaceKind::User],
        cgroups: vec!["/c/memory/web".into()],
        cgroup: None,
        keyring: Some("_ses.web".into()),
        privileged: true,
        can_set_groups: true,
        capabilities: u64::MAX,
        filtering: None,
    };
    let list = |standing: &plan::Standing| {
        let ask = plan::Enter { process: &process, standing, preserve_fds: 0 };
        let steps = plan::exec(&ask).unwrap().0;
        let lines: Vec<_> = steps.iter().map(|step| format!("{} {step}\n", step.side())).collect();
        lines.concat()
    };
    let expected = "\
host hide, and have the next process in the container's namespaces: pid
host clone
child join 1 cgroups
child enter the container's namespaces: mount, user
child become root of the user namespace
child join a new session keyring `_ses.web`
child go to `/`
child start a session
child find program `sh`
child have our own descriptors close with exec
child set 1 resource limits
child set umask 0022
child drop all but 3 capabilities for ever
child become user 0 and group 0
child keep 3 capabilities
child forbid new privileges
child exec `sh`
";
    assert_eq!(list(&standing), expected);
    // An ordinary user has no privilege before it is in the user namespace.
    let ordinary = list(&plan::Standing { privileged: false, ..standing });
    assert!(
        ordinary.contains("host hide, and have the next process in the container's namespaces: pid, user")
    );
}
