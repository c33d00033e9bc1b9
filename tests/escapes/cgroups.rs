//! Cgroups as a way out: by their paths, by what is mounted of them, and by notes that mean something to others.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use lab::{Container, Lab, ORDINARY_USER};
use serde_json::{Value, json};

use crate::kit::{numbers, with_probe};

/// All there is to know about the cgroups of a container from outside: who is in them, and their limits.
fn contents(web: &Container<'_>) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/{}/cgroup", web.pid())).expect("its cgroups");
    let folders = table.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let hierarchy = Some(controllers.trim_start_matches("name=")).filter(|name| !name.is_empty())?;
        Some(Path::new("/sys/fs/cgroup").join(hierarchy).join(path.trim_start_matches('/')))
    });
    let mut all = Vec::new();
    for folder in folders {
        for file in
            ["cgroup.procs", "memory.limit_in_bytes", "cpu.shares", "pids.max", "devices.list", "cpuset.cpus"]
        {
            let path = folder.join(file);
            all.extend(fs::read_to_string(&path).map(|text| format!("{}: {text}", path.display())));
        }
    }
    assert!(all.len() > 6, "these are not its cgroups: {all:?}");
    all
}

fn with_path<'lab>(lab: &'lab Lab, name: &str, path: &str) -> Container<'lab> {
    // One process, and always the same.
    let web = lab.container(name).sh("exec sleep 1000");
    web.edit(|config| config["linux"]["cgroupsPath"] = path.into())
}

/// GHSA-5g49-rx9x-qfc6 and its like: a path that climbs, or that begins as another's does, reaches the neighbour.
#[test]
fn sec_ghsa_5g49_no_path_leads_into_a_neighbours_cgroup() {
    let lab = Lab::new();
    let own = |name: &str| format!("/{}{name}", lab.name());
    let (one, neighbour) =
        (with_path(&lab, "one", &own("one")).launch(), with_path(&lab, "onex", &own("onex")).launch());
    let before = contents(&neighbour);
    let mark = lab.name();
    for bad in [
        format!("../{mark}onex"),
        format!("/../{mark}onex"),
        "a/../../b".into(),
        "..".into(),
        format!("cpu:../{mark}onex"),
    ] {
        let exec = lab.runtime(["exec", "--cgroup", &bad, one.id(), "/bin/true"]).output();
        assert_eq!(exec.code, 255, "{bad}: {exec:?}");
        assert!(exec.stderr.contains("--cgroup") && exec.stderr.contains("leads out"), "{bad}: {exec:?}");
    }
    // No `..`, and not the neighbour: it is below the container's own, and is not there.
    let exec = lab.runtime(["exec", "--cgroup", &own("onex"), one.id(), "/bin/true"]).output();
    assert!(exec.code == 255 && exec.stderr.contains("there is no cgroup"), "{exec:?}");
    let long = "x".repeat(4096);
    let climbs = [
        format!("../{mark}onex"),
        format!("/a/../../{mark}onex"),
        "x/../../..".into(),
        "..".into(),
        "/".into(),
        "a\0b".into(),
        long,
    ];
    for bad in climbs {
        let web = with_path(&lab, "bad", &bad);
        let output = web.create();
        output.refused(&["cgroup"]);
        assert_eq!(contents(&neighbour), before, "{bad:?}");
    }
    // A container whose cgroup is the neighbour's is none: it would be limited, and ended, with it.
    with_path(&lab, "twin", &own("onex")).create().refused(&["container's cgroup is not empty"]);
    assert_eq!(contents(&neighbour), before);
    // The controls: its own way down is taken; and what changes there is seen.
    let below: Vec<PathBuf> = ["cpu", "memory"]
        .map(|name| Path::new("/sys/fs/cgroup").join(name).join(&own("one")[1..]).join("below"))
        .into();
    for folder in &below {
        fs::create_dir(folder).expect("a cgroup below");
    }
    let exec = |at: &str| {
        lab.runtime(["exec", "--cgroup", at, one.id(), "/bin/cat", "/proc/self/cgroup"]).output().ok()
    };
    assert_eq!(exec("cpu,memory:below").matches("one/below").count(), 2);
    lab.runtime(["update", "--memory", "64m", neighbour.id()]).output().ok();
    assert_ne!(contents(&neighbour), before);
    for folder in &below {
        fs::remove_dir(folder).expect("a cgroup below");
    }
    for web in [one, neighbour] {
        web.delete_force().ok();
    }
}

/// Files below /sys/fs/cgroup that can be opened for writing, as paths.
fn writable(web: Container<'_>, who: impl FnOnce(lab::Call) -> lab::Call) -> Vec<String> {
    let script = "find /sys/fs/cgroup -type f > /tmp/all; echo $(wc -l < /tmp/all) files; \
                  cat /tmp/all | xargs /bin/probe writable";
    let web = with_probe(web).mount("tmpfs", "tmpfs", "/tmp", "").sh(script);
    let said = web.after_nonce(&who(web.call("run", &[])).output().ok());
    let (count, _) = said.split_once(" files").expect("a number of files");
    assert!(count.parse::<usize>().expect("a number") > 10, "it saw nothing: {said}");
    numbers(&said).into_iter().filter(|(_, errno)| *errno == 0).map(|(path, _)| path).collect()
}

fn with_user_namespace(config: &mut Value, first: u32, size: u32) {
    lab::namespace(config, "user", None);
    let map = json!([{"containerID": 0, "hostID": first, "size": size}]);
    config["linux"]["uidMappings"] = map.clone();
    config["linux"]["gidMappings"] = map;
}

/// CVE-2023-25809: without a cgroup namespace, what is mounted are the host's hierarchies, and root inside owns them.
#[test]
fn sec_cve_2023_25809_nothing_can_be_written_to_below_sys_fs_cgroup() {
    let lab = Lab::new();
    for namespace in [false, true] {
        for (first, size) in [(0, 65536), (100_000, 65536)] {
            let web = lab.container("web").edit(|config| {
                with_user_namespace(config, first, size);
                if namespace {
                    lab::namespace(config, "cgroup", None);
                }
            });
            assert_eq!(writable(web, |call| call), [""; 0], "cgroup namespace {namespace}, root is {first}");
        }
        let web = lab.container("plain").edit(|config| {
            if namespace {
                lab::namespace(config, "cgroup", None);
            }
        });
        assert_eq!(writable(web, |call| call), [""; 0]);
    }
    // The control: where it is not asked to be read-only, it can be written to.
    let open = lab.container("open").edit(|config| {
        let mounts = config["mounts"].as_array_mut().expect("a list");
        let cgroup = mounts.iter_mut().find(|mount| mount["type"] == "cgroup").expect("a mount");
        cgroup["options"].as_array_mut().expect("a list").retain(|option| option != "ro");
    });
    assert!(!writable(open, |call| call).is_empty());
}

/// The same by an ordinary user, to whom a part of the host's hierarchies was given.
#[test]
fn sec_cve_2023_25809_not_even_what_was_delegated() {
    let lab = Lab::new();
    let own = |path: &Path| chown(path, Some(ORDINARY_USER), Some(ORDINARY_USER)).expect("an owner");
    let delegated = Path::new("/sys/fs/cgroup/memory").join(format!("{}delegated", lab.name()));
    fs::create_dir(&delegated).expect("a cgroup");
    own(&delegated);
    own(&delegated.join("cgroup.procs"));
    own(&lab.state_folder());
    let web = |name: &str, kind: &str| {
        let web = lab.container(name).edit(|config| {
            with_user_namespace(config, ORDINARY_USER, 1);
            config["linux"].as_object_mut().expect("an object").remove("resources");
            let mounts = config["mounts"].as_array_mut().expect("a list");
            mounts.retain(|mount| mount["type"] != "devpts");
            // Nobody has asked for read-only.
            mounts.retain(|mount| mount["type"] != "cgroup");
            mounts.push(lab::mount(kind, "/sys/fs/cgroup", "/sys/fs/cgroup", ""));
            if kind == "bind" {
                mounts.last_mut().expect("a mount")["options"] = json!(["rbind"]);
            }
        });
        own(&web.rootfs());
        web
    };
    let seen = writable(web("web", "cgroup"), |call| call.user(ORDINARY_USER));
    let control = writable(web("open", "bind"), |call| call.user(ORDINARY_USER));
    fs::remove_dir(&delegated).expect("the cgroup");
    assert_eq!(seen, [""; 0]);
    assert!(control.iter().any(|path| path.contains("delegated")), "{control:?}");
}

/// What is known to mean something to some runtime, and could be chosen by whoever has made an image.
const NOTES: [(&str, &str); 12] = [
    ("org.systemd.property.ExecStopPost", "[(\"/bin/sh\", [\"sh\", \"-c\", \"true\"], false)]"),
    ("org.systemd.property.DeviceAllow", "[('/dev/vda', 'rwm')]"),
    ("org.systemd.property.CollectMode", "'inactive-or-failed'"),
    ("org.criu.config", "/etc/passwd"),
    ("io.podman.annotations.checkpoint.name", "x"),
    ("io.kubernetes.cri-o.annotations.checkpoint.name", "x"),
    ("checkpoint.criu.dev/path", "/"),
    ("run.oci.handler", "krun"),
    ("krun.ram_mib", "1"),
    ("run.oci.systemd.subgroup", "../../x"),
    ("run.oci.delegate-cgroup", "../../x"),
    ("run.oci.seccomp_bpf_data", "AAAA"),
];

/// CVE-2024-3154, CVE-2026-94603 and their like: notes of an image that command the runtime.
#[test]
fn sec_cve_2024_3154_notes_do_not_command() {
    let lab = Lab::new();
    let about = "cat /proc/self/status | grep -v -E 'Pid|ctxt|Vm|Rss|Tgid|SigQ|Mems|Cpus'; cat /proc/self/cgroup | sed s/lab-.*//; \
                 cut -d' ' -f4- /proc/self/mountinfo | sed 's/lab-[^ ]*//g'; ls /proc/self/fd /dev; env";
    let plain = lab.container("web").see(about);
    let web = lab.container("web").edit(|config| config["annotations"] = NOTES.into_iter().collect());
    assert_eq!(web.see(about), plain);
    // They are kept for whoever has written them.
    let web =
        lab.container("web").sleeping().edit(|config| config["annotations"] = NOTES.into_iter().collect());
    let web = web.launch();
    assert_eq!(web.state().expect("a state")["annotations"]["org.criu.config"], "/etc/passwd");
    web.delete_force().ok();
    // The control: a note that is ours changes what is seen.
    let web = lab.container("web").edit(|config| config["hostname"] = "other".into());
    assert_ne!(web.see(&format!("{about}; hostname")), plain);
}
