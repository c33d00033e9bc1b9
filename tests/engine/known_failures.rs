//! What other engines have got wrong: secrets, folders, sockets, labels, groups.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lab::{Lab, Nagaya, fails};
use serde_json::{Value, json};

use crate::inside::tar_of;
use crate::world::World;

/// Nobody's account.
const NOBODY: u32 = 65534;

/// CVE-2020-15257: a container in the machine's network sees all abstract sockets there.
#[test]
fn no_socket_of_ours_can_be_reached() {
    let world = World::new();
    world.call(&world.words(&["run", "-d", "--network", "host"], crate::world::WAITS)).output().ok();
    let seen = world.lab.nagaya(&["exec", &world.name, "cat", "/proc/net/unix"]).output().ok();
    let mut found = 0;
    for pid in [Some(world.monitor()), world.keeper()].into_iter().flatten() {
        for open in fs::read_dir(format!("/proc/{pid}/fd")).expect("what it has open").flatten() {
            let to = fs::read_link(open.path()).unwrap_or_default().display().to_string();
            let Some(inode) = to.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) else {
                continue;
            };
            let row = seen.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let row = row.into_iter().find(|fields| fields.get(6) == Some(&inode)).expect("a socket");
            assert!(row.get(7).is_none_or(|name| !name.starts_with('@')), "{row:?}");
            found += usize::from(row.len() > 7);
        }
    }
    assert!(found > 0, "the control: its monitor listens somewhere");
    // Addresses are short.
    let script =
        "import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).connect('monitor')";
    let connect = || world.lab.program("/usr/bin/python3").args(["-c", script]).arg(world.folder());
    let other = connect().user(NOBODY).output();
    assert!(other.code != 0 && other.stderr.contains("PermissionError"), "{other:?}");
    connect().output().ok();
}

/// CVE-2021-21334, 2026-57231: variables of an image that ask for the machine's. As an archive that no tool of ours wrote.
#[test]
fn an_image_gets_no_variables_of_the_caller() {
    let lab = Lab::new();
    let root = lab.rootfs("odd");
    let layer = tar_of(&lab, &root);
    let sum = lab.program("sha256sum").arg(&layer).output().ok();
    let sum = sum.split(' ').next().expect("a sum");
    let folder = lab.folder().join("archive");
    fs::create_dir(&folder).expect("a folder");
    fs::rename(&layer, folder.join("layer.tar")).expect("the layer");
    let long = format!("LONG={}", "x".repeat(100_000));
    let env = ["CANARY_SECRET", "*", "CANARY*", "", "A=B=C", &long];
    let write =
        |name: &str, value: Value| fs::write(folder.join(name), value.to_string()).expect("a document");
    write(
        "config.json",
        json!({
            "architecture": "amd64", "os": "linux", "config": { "Env": env, "Cmd": ["env"] },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{sum}")] },
        }),
    );
    write(
        "manifest.json",
        json!([{ "Config": "config.json", "RepoTags": ["odd:latest"], "Layers": ["layer.tar"] }]),
    );
    let archive = lab.folder().join("archive.tar");
    lab.program("tar")
        .arg("-C")
        .arg(&folder)
        .arg("-cf")
        .arg(&archive)
        .args(["manifest.json", "config.json", "layer.tar"])
        .output()
        .ok();
    lab.nagaya(&["load", "-i"]).arg(&archive).output().ok();
    let names = |options: &[&str]| {
        let seen = lab
            .run(options)
            .args(["odd", "env"])
            .env("CANARY_SECRET", "leak")
            .env("CANARY2", "leak")
            .output()
            .ok();
        assert!(seen.contains("\nA=B=C\n"), "{seen}");
        let mut names: Vec<_> =
            seen.lines().filter_map(|line| line.split('=').next()).map(String::from).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&[]), "A HOME HOSTNAME LONG PATH");
    // The control: who asks for his own gets it.
    assert_eq!(names(&["-e", "CANARY_SECRET"]), "A CANARY_SECRET HOME HOSTNAME LONG PATH");
}

/// CVE-2021-3602: what waits beside a container knows nothing of its caller.
#[test]
fn helpers_have_no_variables_of_the_caller() {
    let world = World::new();
    let words = world.words(&["run", "-d", "--pid", "host"], crate::world::WAITS);
    world.call(&words).env("CANARY_SECRET", "leak").output().ok();
    let environ = |pid: i64| {
        String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).expect("its variables"))
            .into_owned()
    };
    for pid in [Some(world.monitor()), world.keeper()].into_iter().flatten() {
        assert!(!environ(pid).contains("CANARY"), "{}", environ(pid));
        let cmdline = fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("its words");
        assert!(cmdline.contains("nagaya-monitor") && !cmdline.contains("leak"), "{cmdline}");
    }
    // The control: what has it is seen to have it.
    let sleeper = world.lab.program("sleep").args(["1000"]).env("CANARY_SECRET", "leak").start();
    lab::until("it has begun", || environ(sleeper.pid().into()).contains("CANARY_SECRET=leak"));
    sleeper.signal(rustix::process::Signal::KILL);
    let _ = sleeper.finish();
}

/// CVE-2021-41091, 2021-41103, 2024-25621: folders that others can walk, and files that they can change.
#[test]
fn others_see_nothing_whatever_the_mask() {
    for mask in ["000", "077"] {
        let world = World::new();
        let lab = &world.lab;
        let masked = format!("umask {mask}; exec \"$@\"");
        let words = world.words(&["run", "-d", "-v", "db:/data"], crate::world::WAITS);
        world.call(&words).under(["sh", "-c", &masked, "sh"]).output().ok();
        lab.nagaya(&["exec", &world.name, "sh", "-c", "cp /bin/busybox /data/su; chmod 4755 /data/su"])
            .output()
            .ok();
        let root = lab.engine_root();
        let look = |path: &Path| lab.program("ls").arg(path).user(NOBODY).output();
        assert!(look(&root).stderr.contains("Permission denied"), "{mask}");
        assert!(look(&root.join("volumes/db/_data/su")).stderr.contains("Permission denied"), "{mask}");
        // Of what is ours, and no container's.
        let find = ["-perm", "/0077", "-not", "-type", "l", "-not", "-type", "s"];
        let theirs =
            ["changes", "hosts", "hostname", "resolv.conf"].map(|name| ["-name", name, "-prune", "-o"]);
        let inside = theirs.concat();
        let containers =
            lab.program("find").args([root.join("containers"), root.join("names"), root.join("run")]);
        let open = containers.args(&inside).args(find).arg("-print").output();
        assert_eq!(open.ok(), "", "{mask}");
        // The control: a folder that is open is seen, by both.
        let canary = root.join("containers/open");
        fs::create_dir(&canary).expect("a folder");
        fs::set_permissions(&canary, fs::Permissions::from_mode(0o755)).expect("an open one");
        let seen =
            lab.program("find").arg(root.join("containers")).args(&inside).args(find).arg("-print").output();
        assert_eq!(seen.ok().trim(), canary.display().to_string());
        fs::remove_dir(&canary).expect("the folder");
        let open = lab.folder().join("open");
        fs::create_dir(&open).expect("a folder");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("an open one");
        look(&open).ok();
    }
}

/// CVE-2022-23471, 2025-64329: each exec and each attach leaves something in the process beside the container.
#[test]
fn nothing_grows_with_how_often_it_is_asked() {
    let world = World::new();
    world.call(&world.words(&["run", "-dit"], crate::world::WAITS)).output().ok();
    let monitor = world.monitor();
    let size = || {
        let status = fs::read_to_string(format!("/proc/{monitor}/status")).expect("its monitor");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).expect("a number")
        };
        let open = fs::read_dir(format!("/proc/{monitor}/fd")).expect("what it has open").count();
        (of("RssAnon:"), of("Threads:"), open)
    };
    // Comes, asks for all output, says sizes and half of something, and goes.
    let script = "import socket, struct, sys, os\n\
                  os.chdir(sys.argv[1])\n\
                  for turn in range(int(sys.argv[2])):\n    \
                      s = socket.socket(socket.AF_UNIX); s.connect('monitor')\n    \
                      words = b'{\"stdout\":true,\"stderr\":true}'\n    \
                      s.sendall(b'a' + struct.pack('<I', len(words)) + words)\n    \
                      s.sendall(b'w' + struct.pack('<IHH', 4, 24, 80 + turn % 9))\n    \
                      s.sendall(b'o' if turn % 2 else b'i' + struct.pack('<I', 100000) + b'x')\n    \
                      s.close()";
    let ask = |times: u32| {
        let folder = world.folder().display().to_string();
        world.lab.program("/usr/bin/python3").args(["-c", script, &folder, &times.to_string()]).output().ok();
        for _ in 0..times / 50 {
            world.lab.nagaya(&["exec", &world.name, "true"]).output().ok();
        }
    };
    ask(50);
    lab::until("they are gone", || size().2 < 20);
    let (memory, threads, open) = size();
    ask(2000);
    lab::until("they are gone", || size().2 == open);
    assert_eq!(size().1, threads);
    assert!(size().0 < memory + 256, "{memory} KiB, and then {}", size().0);
    // The control: as long as somebody is there, that is seen.
    let reader = world.lab.nagaya(&["logs", "-f", &world.name]).start();
    lab::until("somebody is there", || size().2 > open);
    reader.signal(rustix::process::Signal::KILL);
    let _ = reader.finish();
    assert_eq!(world.contradiction(), None);
}

/// CVE-2022-36109, 2023-25173: a file that a group may not read.
#[test]
fn a_user_has_the_groups_that_forbid_something() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    fs::write(root.join("etc/group"), "root:x:0:\nguest:x:1000:\nbanned:x:77:guest\n").expect("groups");
    fs::write(root.join("secret"), "secret").expect("a file");
    std::os::unix::fs::chown(root.join("secret"), Some(0), Some(77)).expect("its group");
    fs::set_permissions(root.join("secret"), fs::Permissions::from_mode(0o604)).expect("its mode");
    let see = |options: &[&str]| {
        let call = lab.run(options).arg("--rootfs").arg(&root).args(["sh", "-c", "id -G; cat /secret 2>&1"]);
        call.output().stdout
    };
    for user in ["guest", "1000"] {
        assert!(
            see(&["-u", user]).starts_with("1000 77\ncat: can't open '/secret': Permission denied"),
            "{user}"
        );
    }
    // Who names a group has that one, as in docker, and those that are added.
    assert!(see(&["-u", "1000:77"]).contains("Permission denied"));
    assert!(see(&["-u", "1000:1000", "--group-add", "77"]).contains("Permission denied"));
    // The control: who is not in the group may read it.
    assert_eq!(see(&["-u", "1001"]), "0\nsecret");
}

/// CVE-2024-40635, 2026-47262: ids that wrap, and lists of users without an end.
#[test]
fn ids_do_not_wrap_and_lists_end() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let id = |user: &str| lab.run(&["-u", user]).arg("--rootfs").arg(&root).args(["id", "-u"]).output();
    assert_eq!(id("2147483647").ok(), "2147483647\n", "the control");
    for user in ["2147483648", "4294967294", "4294967295", "4294967296", "-1", "18446744073709551616"] {
        let output = id(user);
        let same = output.code == 0 && output.stdout.trim() == user;
        assert!(same || output.code == 125 && output.stderr.contains(user), "{user}: {output:?}");
    }
    for (what, make) in [
        (
            "10 GiB of nothing",
            (|path: &Path| fs::File::create(path).and_then(|file| file.set_len(10 << 30))) as fn(&Path) -> _,
        ),
        ("one line of 64 MiB", |path| fs::write(path, vec![b'x'; 64 << 20])),
        ("300,000 accounts", |path| {
            fs::write(
                path,
                (0..300_000).map(|id| format!("u{id}:x:{id}:{id}::/:/bin/sh\n")).collect::<Vec<_>>().concat(),
            )
        }),
    ] {
        for file in ["etc/passwd", "etc/group"] {
            let path = root.join(file);
            let before = fs::read(&path).unwrap_or_default();
            make(&path).expect(what);
            let call = lab.run(&["-u", "nobody-at-all"]).arg("--rootfs").arg(&root).args(["id", "-u"]);
            // Not much memory is needed to find that out.
            let output = call.under(["bash", "-c", "ulimit -v 400000; exec \"$@\"", "bash"]).output();
            fails(output, 125, &["nobody-at-all"]);
            fs::write(&path, before).expect("what was there");
        }
    }
}

/// CVE-2026-53488, 2026-121885: labels of an image are nothing but labels.
#[test]
fn labels_command_nothing() {
    let lab = Lab::new();
    let layer = tar_of(&lab, &lab.rootfs("root"));
    let labels = [
        "io.containerd.log=binary:///bin/sh",
        "io.podman.annotations.privileged=TRUE",
        "io.podman.auto-update=registry",
        "com.docker.compose.project=x",
        "nagaya.privileged=true",
        "privileged=true",
        "network=host",
        "org.systemd.property.ExecStop='/bin/true'",
        "run.oci.keep_original_groups=1",
        "io.katacontainers.config=/etc/passwd",
        "log-driver=none",
    ];
    let changes: Vec<_> =
        labels.iter().flat_map(|label| ["--change".to_string(), format!("LABEL {label}")]).collect();
    lab.nagaya(&["import"]).args(&changes).arg(&layer).arg("labelled").output().ok();
    lab.nagaya(&["import"]).arg(&layer).arg("plain").output().ok();
    let seen = |image: &str| {
        let name = lab.container_name();
        lab.nagaya(&["run", "--name", &name, image, "sh", "-c", "cat /proc/self/status /proc/self/cgroup /proc/mounts | grep -e ^Cap -e ^Sec -e ^NoNew -e ^Groups -e ' / '"]).output().ok();
        let output = lab.nagaya(&["container", "inspect", &name]).output().ok();
        let mut all: Value = serde_json::from_str(&output).expect("JSON");
        let logs = lab.nagaya(&["logs", &name]).output().ok();
        lab.nagaya(&["rm", &name]).output().ok();
        let config = all[0]["Config"].as_object_mut().expect("an object");
        let labels = config.remove("Labels").expect("labels");
        for own in ["Hostname", "Image"] {
            config.remove(own);
        }
        let capabilities: Vec<_> =
            logs.lines().filter(|line| !line.contains(" / ")).map(String::from).collect();
        (
            json!([all[0]["Config"], all[0]["HostConfig"], all[0]["Mounts"], all[0]["Args"], all[0]["Path"]]),
            capabilities,
            labels,
        )
    };
    let (labelled, plain) = (seen("labelled"), seen("plain"));
    assert_eq!(labelled.0, plain.0);
    assert_eq!(labelled.1, plain.1);
    // The control: they are there, as labels.
    assert_eq!(labelled.2.as_object().map(serde_json::Map::len), Some(labels.len()), "{}", labelled.2);
    assert_eq!(plain.2, json!({}));
}

/// CVE-2024-3056: what a container keeps in /dev/shm is its own memory.
#[test]
fn shared_memory_is_the_containers() {
    let lab = Lab::new();
    let fill = |memory: &str| {
        let script = "head -c 100m /dev/zero > /dev/shm/x && echo filled";
        let options = ["--memory", memory, "--memory-swap", memory, "--shm-size", "1g"];
        lab.run(&options).args(["host", "sh", "-c", script]).output()
    };
    let little = fill("48m");
    assert!(little.code != 0 && !little.stdout.contains("filled"), "{little:?}");
    // The control: with enough it can.
    assert_eq!(fill("256m").ok(), "filled\n");
}
