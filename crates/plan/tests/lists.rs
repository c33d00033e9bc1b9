//! The lists that `create` plans, as text: four situations, no root and no kernel needed.

use std::path::Path;

use oci::{ContainerId, IdMapping, Namespace, NamespaceKind, Spec};
use plan::{Ask, Cgroups, Host, Place, Unit, create};
use systemd::{Manager, Scope};

fn host(cgroups: Cgroups) -> Host {
    Host {
        cgroups,
        uid: 0,
        gid: 0,
        capabilities: u64::MAX,
        in_user_namespace: false,
        id_helpers: false,
        can_set_groups: true,
        own_namespaces: Vec::new(),
        selinux: false,
        resctrl: None,
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
        layers: None,
        connections: plan::Connections::default(),
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

/// A scope of `system.slice`, as far as a host knows it before it is there.
fn scope() -> Cgroups {
    let scope = Scope::of("system.slice:p:n", "web", false).expect("three words");
    let mut place = place("/c", &["memory", "pids", "hugetlb"]);
    place.leaf = place.mount.join(scope.folder());
    Cgroups::Systemd(Box::new(Unit { scope, manager: Manager::system(), version: 0, place }))
}

#[test]
fn systemd_makes_a_scope_around_the_child_while_it_mounts() {
    let mut spec = spec();
    spec.linux.namespaces.push(Namespace { kind: NamespaceKind::Cgroup, path: String::new() });
    let text = lists(&spec, &host(scope()), true).unwrap();
    let expected = format!(
        "\
host  write down what will be made
host  clone into new namespaces: mount, pid
host  have systemd make `p-n.scope` around it with MemoryMax=67108864
host  write `67108864` to `/c/system.slice/p-n.scope/memory.max`
child cut the mounts off from the host's
child make `/b/rootfs` a mount
child mount proc on `/proc`
child make 6 device nodes
child make the links of `/dev`
child make 5 paths read-only
child mask 10 paths
child make a new cgroup namespace
child mount cgroup2 on `/sys/fs/cgroup` (ro,nosuid,nodev,noexec)
{END}child wait for `start`
child exec `sh`
"
    );
    assert_eq!(text, expected);
}

#[test]
fn nobody_looks_at_a_scope_before_systemd_has_made_it() {
    let order = |spec: &Spec| {
        let text = lists(spec, &host(scope()), true).unwrap();
        let at = |step: &str| text.find(step).unwrap_or_else(|| panic!("no {step} in {text}"));
        let steps = ["have systemd make", "on `/sys/fs/cgroup`"];
        assert!(steps.map(at).is_sorted(), "{text}");
        text
    };
    let mut spec = spec();
    // Without a namespace for it, the cgroup itself is bound; that waits for the host.
    let text = order(&spec);
    assert!(text.contains("child bind the container's cgroup on `/sys/fs/cgroup`"), "{text}");
    // A mount in the cgroup's place cannot be made before it, so that one cannot be made last.
    spec.linux.namespaces.push(Namespace { kind: NamespaceKind::Cgroup, path: String::new() });
    spec.mounts.push(oci::Mount {
        destination: "/sys/fs/cgroup/x".into(),
        kind: "tmpfs".into(),
        ..oci::Mount::default()
    });
    let text = order(&spec);
    let at = |step: &str| text.find(step).unwrap_or_else(|| panic!("no {step} in {text}"));
    let steps =
        ["new cgroup namespace", "cut the mounts off", "mount cgroup2", "mount tmpfs on `/sys/fs/cgroup/x`"];
    assert!(steps.map(at).is_sorted(), "{text}");
    // What systemd knows nothing of is passed on by us.
    spec.linux.resources.hugepage_limits.push(oci::HugepageLimit { page_size: "2MB".into(), limit: 0 });
    let text = order(&spec);
    let at = |step: &str| text.find(step).unwrap_or_else(|| panic!("no {step} in {text}"));
    let steps = ["have systemd", "enable hugetlb below `/c`", "below `/c/system.slice`", "hugetlb.2MB.max"];
    assert!(steps.map(at).is_sorted(), "{text}");
}

#[test]
fn an_annotation_is_a_property_or_refused() {
    let mut spec = spec();
    let mut ask = |name: &str, value: &str| {
        spec.annotations = [(format!("org.systemd.property.{name}"), value.to_string())].into();
        let with_systemd = lists(&spec, &host(scope()), true);
        assert!(
            lists(&spec, &host(Cgroups::V2(place("/c", &["memory"]))), true).is_ok(),
            "a note to all others"
        );
        with_systemd
    };
    let text = ask("TimeoutStopSec", "7").unwrap();
    assert!(text.contains("with TimeoutStopUSec=7000000 MemoryMax=67108864\n"), "{text}");
    for (name, value) in [("OnFailure", "['x.service']"), ("MemoryMax", "uint64 5")] {
        let refused = ask(name, value).unwrap_err().sentence();
        assert!(refused.contains(&format!("annotations[org.systemd.property.{name}]")), "{refused}");
    }
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
fn what_is_shared_with_the_host_is_opened_by_whoever_can() {
    let mut spec = spec();
    spec.mounts.push(oci::Mount {
        destination: "/data".into(),
        source: "/srv".into(),
        options: vec!["rbind".into(), "rshared".into()],
        ..oci::Mount::default()
    });
    let mut host = host(Cgroups::None("none here".into()));
    spec.linux.resources = oci::Resources::default();
    let opened = "host  open 1 sources of mounts\n";
    assert!(lists(&spec, &host, false).unwrap().contains(opened));
    // An ordinary user cannot open a part of the host outside of its user namespace: the child does it there.
    host.capabilities = 0;
    assert!(!lists(&spec, &host, false).unwrap().contains(opened));
    // The control: what nobody shares, the child opens.
    host.capabilities = u64::MAX;
    spec.mounts.last_mut().unwrap().options.pop();
    assert!(!lists(&spec, &host, false).unwrap().contains(opened));
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
        layers: None,
        connections: plan::Connections::default(),
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
        unit: None,
        keyring: Some("_ses.web".into()),
        privileged: true,
        can_set_groups: true,
        capabilities: u64::MAX,
        personality: None,
        memory_policy: None,
        selinux: false,
        resctrl: vec!["/r/web".into()],
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
host join 1 resctrl groups
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
    // Where only systemd may move it, that is before it enters anything.
    let unit = Some(("p-n.scope".to_string(), Manager::system(), "/sub".to_string()));
    let moved = list(&plan::Standing { cgroups: vec![], unit, ..standing.clone() });
    assert!(
        moved.contains("host clone\nhost have systemd put it into `p-n.scope/sub`\nhost join 1 resctrl groups\nchild enter"),
        "{moved}"
    );
    // An ordinary user has no privilege before it is in the user namespace.
    let ordinary = list(&plan::Standing { privileged: false, ..standing });
    assert!(
        ordinary.contains("host hide, and have the next process in the container's namespaces: pid, user")
    );
}

/// The steps about shares of cache, where resctrl is mounted.
fn shares(rdt: &str) -> fault::Result<(String, usize)> {
    let mut spec = spec();
    spec.linux.resources = oci::Resources::default();
    spec.linux.intel_rdt = Some(serde_json::from_str(rdt).expect("an intelRdt"));
    let mounted = Host { resctrl: Some("/r".into()), ..host(Cgroups::None("none here".into())) };
    let id: ContainerId = "web".parse()?;
    let ask = Ask {
        id: &id,
        spec: &spec,
        bundle: Path::new("/b"),
        layers: None,
        connections: plan::Connections::default(),
        gate: false,
        pivot: true,
        keyring: false,
        preserve_fds: 0,
    };
    let steps = create(&ask, &mounted)?.steps;
    let undone = steps.iter().filter(|step| step.undo().is_some()).count();
    let lines =
        steps.iter().map(ToString::to_string).filter(|line| line.contains("/r") && !line.contains("/b/"));
    let join = steps.iter().map(ToString::to_string).filter(|line| line.contains("resctrl groups"));
    Ok((lines.chain(join).collect::<Vec<_>>().join("\n"), undone))
}

#[test]
fn a_share_of_the_cache_is_a_group_of_its_own_or_one_with_a_name() {
    let own =
        "make resctrl group `/r/web`\nwrite `L3:0=f MB:0=20` to `/r/web/schemata`\njoin 1 resctrl groups";
    let asked = r#"{"l3CacheSchema":"L3:0=f","memBwSchema":"MB:0=20"}"#;
    assert_eq!(shares(asked).unwrap(), (own.to_string(), 1));
    // One with a name outlives the container.
    let named = own.replace("/r/web", "/r/gold");
    let asked = r#"{"closID":"gold","l3CacheSchema":"L3:0=f","memBwSchema":"MB:0=20"}"#;
    assert_eq!(shares(asked).unwrap(), (named, 0));
    // Without a share, somebody else has made it.
    let found = "find resctrl group `/r/gold`\njoin 1 resctrl groups";
    assert_eq!(shares(r#"{"closID":"gold"}"#).unwrap(), (found.to_string(), 0));
    // What is counted apart is the container's own.
    let counted =
        "find resctrl group `/r/gold`\nmake resctrl group `/r/gold/mon_groups/web`\njoin 2 resctrl groups";
    assert_eq!(shares(r#"{"closID":"gold","enableMonitoring":true}"#).unwrap(), (counted.to_string(), 1));
    let refused = shares(r#"{"closID":"../gold"}"#).unwrap_err();
    assert!(refused.sentence().contains("`linux.intelRdt.closID`"), "{refused}");
}

#[test]
fn a_share_of_the_cache_needs_resctrl() {
    let mut spec = spec();
    spec.linux.resources = oci::Resources::default();
    spec.linux.intel_rdt = Some(oci::IntelRdt::default());
    let refused = lists(&spec, &host(Cgroups::None("none here".into())), false).unwrap_err().sentence();
    assert!(refused.contains("`linux.intelRdt`") && refused.contains("resctrl is not mounted"), "{refused}");
    spec.linux.intel_rdt = None;
    assert!(lists(&spec, &host(Cgroups::None("none here".into())), false).is_ok());
}
