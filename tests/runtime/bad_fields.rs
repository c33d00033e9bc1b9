//! Each field of `config.json` with a value that is of the right type and makes no sense: refused with its name, and
//! nothing is left. `docs/bad-input.md` is the table of contents.

use std::fs;
use std::os::unix::net::UnixListener;

use lab::Lab;
use serde_json::{Value, json};

/// Sets a field: `process/cwd`, or `mounts/-` for one more entry of a list.
fn set(config: &mut Value, path: &str, value: Value) {
    let mut place = config;
    for name in path.split('/') {
        place = match place {
            Value::Array(list) => {
                list.push(Value::Null);
                list.last_mut().expect("it was pushed")
            }
            other => &mut other[name],
        };
    }
    *place = value;
}

/// A field and its value are refused by our words; after all of them, the same container runs.
#[track_caller]
fn all_refused(prepare: impl Fn(&Lab) -> Vec<(&'static str, Value, &'static str)>) {
    if !lab::is_nagaya() {
        return; // runc takes some of them, and has other words.
    }
    let lab = Lab::new();
    for (path, value, words) in prepare(&lab) {
        let what = format!("{path} = {}", &value.to_string().chars().take(99).collect::<String>());
        let web = lab.container("web").sh("true").edit(|config| set(config, path, value));
        for command in ["create", "run"] {
            let output = web.call(command, &[]).output();
            assert!(!output.stdout.contains("alive"), "{what}: {output:?}");
            let words: Vec<&str> = words.split(" & ").collect();
            assert!(words.iter().all(|word| output.stderr.contains(word)), "{what}: {words:?} in {output:?}");
            output.refused(&[]);
        }
        assert_eq!(lab.leftovers(), [""; 0], "{what}");
    }
    lab.container("web").see("true");
}

#[test]
fn working_folders() {
    all_refused(|_| {
        let long = format!("/{}", "x".repeat(256));
        let endless = "/abcdefg".repeat(520);
        vec![
            ("process/cwd", json!("tmp"), "`process.cwd` & absolute"),
            ("process/cwd", json!("/proc/self/fd/3"), "process.cwd"),
            ("process/cwd", json!("/proc/self/fd/3/x"), "/proc/self/fd/3"),
            ("process/cwd", json!("/bin/busybox"), "/bin/busybox & not a directory"),
            ("process/cwd", json!("/bin/busybox/x"), "/bin/busybox/x & not a directory"),
            ("process/cwd", json!(long), "file name too long"),
            ("process/cwd", json!(endless), "file name too long"),
            ("process/cwd", json!("/a\0b"), "process.cwd"),
        ]
    });
}

#[test]
fn programs_and_variables() {
    all_refused(|_| {
        vec![
            ("process/args", json!(null), "`process.args`"),
            ("process/args", json!([""]), "`process.args`"),
            ("process/args", json!(["no-such"]), "no-such & executable file not found in $PATH"),
            ("process/args", json!(["/bin/no-such"]), "/bin/no-such & no such file or directory"),
            ("process/args", json!(["bin/busybox\0x"]), "`process.args[0]`"),
            ("process/env", json!(["PATH=/bin", "A=\0"]), "`process.env[1]`"),
            (
                "process/env",
                json!((0..50).map(|at| format!("A{at}={}", "x".repeat(100_000))).collect::<Vec<_>>()),
                "config.json & 4 MiB",
            ),
        ]
    });
}

#[test]
fn root_folders() {
    all_refused(|lab| {
        fs::write(lab.folder().join("file"), "").unwrap();
        vec![
            ("root", json!(null), "`root.path`"),
            ("root/path", json!(""), "`root.path`"),
            ("root/path", json!("missing"), "bundles/web/missing & no such file or directory"),
            ("root/path", json!("../../file"), "file & not a directory"),
            ("root/path", json!("a\0b"), "root.path"),
            ("root/path", json!("x".repeat(5000)), "file name too long"),
        ]
    });
}

#[test]
fn mounts() {
    let mount = |kind: &str, source: &str, at: &str, options: &str| {
        ("mounts/-", lab::mount(kind, source, at, options))
    };
    let long = |length: usize| "x".repeat(length);
    all_refused(|_| {
        let with = |(path, value): (&'static str, Value), words| (path, value, words);
        vec![
            with(mount("tmpfs", "none", "", ""), "`mounts[7].destination`"),
            with(mount("tmpfs", "none", "/", ""), "`mounts[7].destination`"),
            with(mount("tmpfs", "none", "/work/a\0b", ""), "`mounts[7].destination`"),
            with(mount("tmpfs", "none", "/bin/busybox", ""), "/bin/busybox & not a directory"),
            with(mount("tmpfs", "none", &format!("/work/{}", long(256)), ""), "file name too long"),
            with(mount("tmpfs", "none", "/proc/self/x", ""), "/proc/self/x"),
            with(mount("", "none", "/work", ""), "`mounts[7].type`"),
            with(mount("no-such", "none", "/work", ""), "no-such & /work"),
            with(mount("tmpfs", "none", "/work", "nonsense"), "/work & nonsense"),
            with(mount("tmpfs", "none", "/work", "size=nonsense"), "/work & size"),
            with(mount("tmpfs", "none", "/work", &format!("mode={}", long(5000))), "/work"),
            with(mount("bind", "", "/work", ""), "`mounts[7].source`"),
            with(
                mount("bind", "/nowhere/at/all", "/work", ""),
                "/nowhere/at/all & no such file or directory",
            ),
            with(mount("bind", "/etc", "/work", "nonsense"), "`mounts[7].options` & nonsense"),
            with(mount("bind", "/etc", "/work", "bind,tmpcopyup"), "`mounts[7].options` & tmpcopyup"),
            with(mount("bind", "/etc", "/work", "remount"), "`mounts[7].options` & remount"),
            with(mount("proc", "proc", "/work", "idmap"), "`mounts[7].options`"),
        ]
    });
}

/// What is odd and has a meaning: the later of two options counts, the later of two mounts lies on top, and a path
/// that climbs ends at the root.
#[test]
fn mounts_that_are_odd_but_have_a_meaning() {
    let lab = Lab::new();
    let see = |mounts: &[Value], script: &str| {
        let web = lab
            .container("web")
            .edit(|config| config["mounts"].as_array_mut().unwrap().extend(mounts.to_vec()));
        web.see(script)
    };
    let tmpfs = |at: &str, options: &str| lab::mount("tmpfs", "none", at, options);
    let write = "(echo x > /work/file) 2>&1 && echo written; true";
    assert_eq!(see(&[tmpfs("/work", "ro,rw")], write), "written\n");
    assert!(see(&[tmpfs("/work", "rw,ro")], write).contains("Read-only"));
    assert_eq!(see(&[tmpfs("work", "")], write), "written\n");
    assert_eq!(see(&[tmpfs("/../../work", "")], write), "written\n");
    let two = [tmpfs("/work", "size=4k"), tmpfs("/work", "size=8k")];
    assert_eq!(see(&two, "df -k /work | tail -1 | tr -s ' ' | cut -d' ' -f2"), "8\n");
}

#[test]
fn namespaces() {
    all_refused(|lab| {
        fs::write(lab.folder().join("file"), "").unwrap();
        let file = lab.folder().join("file").display().to_string();
        let user = |maps: Value| {
            let mut linux = lab::base()["linux"].clone();
            linux["namespaces"].as_array_mut().unwrap().push(json!({"type": "user"}));
            (linux["uidMappings"], linux["gidMappings"]) =
                (maps, json!([{"containerID": 0, "hostID": 1000, "size": 10}]));
            linux
        };
        let map = |container: u64, host: u64, size: u64| json!({"containerID": container, "hostID": host, "size": size});
        let own_mount = json!([{"type": "mount", "path": "/proc/self/ns/mnt"}]);
        vec![
            ("linux/namespaces/-", json!({"type": "nonsense"}), "`linux.namespaces[5].type`"),
            ("linux/namespaces/-", json!({"type": "mount"}), "`linux.namespaces[5]` & second"),
            (
                "linux/namespaces/-",
                json!({"type": "user", "path": "relative"}),
                "`linux.namespaces[5].path` & absolute",
            ),
            ("linux/namespaces/-", json!({"type": "cgroup", "path": "/nowhere"}), "/nowhere & no such file"),
            (
                "linux/namespaces/-",
                json!({"type": "cgroup", "path": file}),
                "cgroup namespace & is that file",
            ),
            (
                "linux/namespaces/-",
                json!({"type": "cgroup", "path": "/proc/self/ns/net"}),
                "cgroup namespace & is that file",
            ),
            ("linux/namespaces", own_mount, "`linux.namespaces` & mount namespace"),
            ("linux/namespaces", json!([]), "`linux.namespaces` & mount namespace"),
            ("linux/namespaces/-", json!({"type": "user"}), "`linux.uidMappings`"),
            ("linux/uidMappings", json!([map(0, 0, 1)]), "`linux.uidMappings` & no user namespace"),
            ("linux", user(json!([])), "`linux.uidMappings`"),
            ("linux", user(json!([map(0, 1000, 0)])), "`linux.uidMappings[0]` & size"),
            ("linux", user(json!([map(0, 1000, 10), map(5, 5000, 1)])), "`linux.uidMappings[1]` & overlaps"),
            ("linux", user(json!([map(0, 1000, 10), map(10, 1009, 1)])), "`linux.uidMappings[1]` & overlaps"),
            ("linux", user(json!([map(0, 4_294_967_295, 2)])), "`linux.uidMappings[0]` & run past"),
            ("linux", user(json!([map(0, 4_294_967_296, 1)])), "`linux.uidMappings[0].hostID`"),
            ("linux", user(json!([map(5, 1000, 1)])), "process.user.uid & not mapped"),
            ("linux/timeOffsets", json!({"boottime": {"secs": 1}}), "`linux.timeOffsets`"),
            ("linux/timeOffsets", json!({"realtime": {"secs": 1}}), "timeOffsets"),
        ]
    });
}

#[test]
fn limits_and_names_of_a_process() {
    let limit = |kind: &str, soft: u64, hard: u64| json!([{"type": kind, "soft": soft, "hard": hard}]);
    let twice =
        json!([{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}, {"type": "RLIMIT_CORE", "soft": 2, "hard": 2}]);
    all_refused(|_| {
        vec![
            ("process/rlimits", limit("RLIMIT_NOFILE", 2, 1), "`process.rlimits[0]` & RLIMIT_NOFILE"),
            ("process/rlimits", limit("NOFILE", 1, 1), "`process.rlimits[0].type`"),
            (
                "process/rlimits",
                limit("RLIMIT_NOFILE", 1, 1 << 40),
                "RLIMIT_NOFILE & operation not permitted",
            ),
            ("process/rlimits", twice.clone(), "`process.rlimits[1].type` & second"),
            ("process/oomScoreAdj", json!(1001), "`process.oomScoreAdj`"),
            ("process/oomScoreAdj", json!(-1001), "`process.oomScoreAdj`"),
            ("process/noNewPrivileges", json!("yes"), "`process.noNewPrivileges`"),
            ("process/user/umask", json!(0o1000), "`process.user.umask`"),
            ("process/user/additionalGids", json!([4_294_967_296_u64]), "`process.user.additionalGids[0]`"),
            ("process/user/additionalGids", json!([4_294_967_295_u64]), "`process.user.additionalGids[0]`"),
            ("process/capabilities/bounding", json!("CAP_KILL"), "`process.capabilities.bounding`"),
            ("process/apparmorProfile", json!("no-such"), "`process.apparmorProfile`"),
            ("process/selinuxLabel", json!("a:b:c:d"), "`process.selinuxLabel`"),
            ("hostname", json!("x".repeat(65)), "`hostname`"),
            ("hostname", json!("a\0b"), "`hostname`"),
            ("domainname", json!("x".repeat(65)), "`domainname`"),
            ("linux/cgroupsPath", json!("/a\0b"), "`linux.cgroupsPath`"),
            ("linux/cgroupsPath", json!("/../x"), "`linux.cgroupsPath`"),
            ("linux/rootfsPropagation", json!("nonsense"), "`linux.rootfsPropagation`"),
            ("linux/maskedPaths", json!(["/a\0b"]), "`linux.maskedPaths[0]`"),
            ("linux/readonlyPaths", json!(["/a\0b"]), "`linux.readonlyPaths[0]`"),
            ("linux/sysctl", json!({"vm.swappiness": "1"}), "`linux.sysctl[vm.swappiness]`"),
            ("linux/sysctl", json!({"net.no.such": "1"}), "`linux.sysctl[net.no.such]` & no such setting"),
            (
                "linux/sysctl",
                json!({"net.ipv4.ip_forward": "nonsense"}),
                "`linux.sysctl[net.ipv4.ip_forward]`",
            ),
        ]
    });
}

/// A capability in small letters, or one that nobody knows, is a warning: the specification wants it so.
#[test]
fn capabilities_that_nobody_knows_are_left_out_and_named() {
    let lab = Lab::new();
    let web = lab.container("web").capabilities(&["CAP_KILL", "cap_chown", "CAP_NO_SUCH"]);
    let web = web.sh("grep CapEff /proc/self/status");
    let output = web.run();
    assert!(web.after_nonce(&output.stdout).ends_with("0000000000000020\n"), "{output:?}");
    assert!(
        !lab::is_nagaya() || ["cap_chown", "CAP_NO_SUCH"].iter().all(|name| output.stderr.contains(name))
    );
}

#[test]
fn devices_and_their_rules() {
    let device = |kind: &str, path: &str, major: i64| json!([{"type": kind, "path": path, "major": major, "minor": 3}]);
    let rule = |rule: Value| json!([rule]);
    all_refused(|_| {
        vec![
            ("linux/devices", device("x", "/dev/x", 1), "`linux.devices[0].type`"),
            ("linux/devices", device("c", "dev/x", 1), "`linux.devices[0].path`"),
            ("linux/devices", device("c", "/", 1), "`linux.devices[0].path`"),
            ("linux/devices", device("c", "/dev/x", 1 << 32), "`linux.devices[0].major`"),
            ("linux/devices", device("c", "/dev/x", -1), "`linux.devices[0].major`"),
            ("linux/devices", device("c", "/dev/a\0b", 1), "`linux.devices[0].path`"),
            (
                "linux/resources/devices",
                rule(json!({"allow": true, "type": "x"})),
                "`linux.resources.devices[0].type`",
            ),
            (
                "linux/resources/devices",
                rule(json!({"allow": true, "access": "rwx"})),
                "`linux.resources.devices[0].access`",
            ),
            (
                "linux/resources/devices",
                rule(json!({"allow": true, "type": "c", "major": 1_u64 << 32})),
                "`linux.resources.devices[0].major`",
            ),
            ("linux/resources/devices", rule(json!({"allow": "yes"})), "`linux.resources.devices[0].allow`"),
            ("linux/resources/cpu", json!({"cpus": "0-999999"}), "`linux.resources.cpu.cpus`"),
            ("linux/resources/cpu", json!({"mems": "9"}), "`linux.resources.cpu.mems`"),
            ("linux/resources/cpu", json!({"cpus": "a\0b"}), "`linux.resources.cpu.cpus`"),
        ]
    });
}

#[test]
fn hooks() {
    let hook = |hook: Value| json!({"createRuntime": [{"path": "/bin/true"}, hook]});
    all_refused(|_| {
        vec![
            ("hooks", hook(json!({"path": "relative"})), "`hooks.createRuntime[1].path`"),
            ("hooks", hook(json!({"path": ""})), "`hooks.createRuntime[1].path`"),
            ("hooks", hook(json!({"path": "/nowhere"})), "createRuntime & 1 & /nowhere & no such file"),
            ("hooks", hook(json!({"path": "/bin/true", "timeout": 0})), "`hooks.createRuntime[1].timeout`"),
            ("hooks", hook(json!({"path": "/bin/true", "timeout": -1})), "`hooks.createRuntime[1].timeout`"),
            ("hooks", hook(json!({"path": "/bin/false"})), "createRuntime & /bin/false"),
            ("hooks", hook(json!({"path": "/bin/true", "args": ["a\0b"]})), "`hooks.createRuntime[1]"),
            ("hooks", hook(json!({"path": "/bin/true", "env": ["a\0b"]})), "`hooks.createRuntime[1]"),
        ]
    });
}

/// Numbers as only some readers take them.
#[test]
fn numbers_that_are_none() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let whole = web.edit(|config| config["process"]["user"]["uid"] = 77_777.into()).config().to_string();
    let mut web = lab.container("web").raw_config("");
    web.run().refused_naming(&["config.json"]);
    for number in [
        "1e999",
        "-0",
        "-1",
        "9223372036854775808",
        "18446744073709551616",
        "1.0",
        "1e2",
        "0x1",
        "01",
        "+1",
        "NaN",
        "\"\\ud800\"",
        "\"1\"",
        "[1]",
    ] {
        web = web.raw_config(whole.replace("77777", number));
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{number}: {output:?}");
        let words = if ["0x1", "01", "+1", "NaN", "\"\\ud800\""].contains(&number) {
            "config.json"
        } else {
            "process.user.uid"
        };
        output.refused_naming(&[words]);
    }
    // The control: one that is a number.
    web = web.raw_config(whole.replace("77777", "7"));
    assert!(web.run().ok().contains("alive"));
}

#[test]
fn a_config_that_is_a_socket() {
    let lab = Lab::new();
    let web = lab.container("web").config_by_hand();
    let _listener = UnixListener::bind(web.bundle().join("config.json")).expect("a socket");
    web.run().refused_naming(&["config.json"]);
}

/// Notes are the caller's, and may be long. What is not known is left alone.
#[test]
fn long_notes_and_unknown_fields() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().edit(|config| {
        config["annotations"] = json!({"long": "x".repeat(1 << 20)});
        for field in ["process", "root", "linux"] {
            config[field]["fromTheFuture"] = json!({"a": [1]});
        }
        config["mounts"][0]["fromTheFuture"] = json!(7);
        config["linux"]["resources"]["fromTheFuture"] = json!("x");
    });
    let web = web.launch();
    assert_eq!(web.state().expect("a state")["annotations"]["long"].as_str().map(str::len), Some(1 << 20));
    web.delete_force().ok();
}

/// The bundle is read once: what changes while the container is made is of no interest any more.
#[test]
fn a_bundle_that_changes_on_the_way() {
    let lab = Lab::new();
    let (web, other) =
        (lab.container("web").sh("echo first; ls /"), lab.container("other").sh("echo second"));
    other.save();
    let swap = format!(
        "cp {0}/config.json {1}/config.json && mv {1}/rootfs {1}/gone && mkdir {1}/rootfs",
        other.bundle().display(),
        web.bundle().display()
    );
    let web = web.edit(|config| {
        config["hooks"] = json!({"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", swap], "env": ["PATH=/bin:/usr/bin"]}]});
    });
    let said = web.after_nonce(&web.run().ok());
    assert!(said.starts_with("first\n") && said.contains("bin\n"), "{said}");
    assert!(
        fs::read_to_string(web.bundle().join("config.json")).unwrap().contains("second"),
        "it was not swapped"
    );
}
