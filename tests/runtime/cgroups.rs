//! `linux.resources`: limits, as the host's cgroup files have them and as the program feels them. cgroup v1.

use std::fs;
use std::path::PathBuf;

use lab::{Container, Lab};
use serde_json::{Value, json};

/// The folder of a running container in one controller's hierarchy.
fn folder(web: &Container<'_>, controller: &str) -> PathBuf {
    let lines = fs::read_to_string(format!("/proc/{}/cgroup", web.pid())).expect("its cgroups");
    let mut fields = lines.lines().map(|line| line.splitn(3, ':').skip(1).collect::<Vec<_>>());
    let path =
        fields.find(|fields| fields[0] == controller).expect("a controller of cgroup v1")[1].to_string();
    PathBuf::from("/sys/fs/cgroup").join(controller).join(path.trim_start_matches('/'))
}

#[track_caller]
fn read(web: &Container<'_>, controller: &str, file: &str) -> String {
    let path = folder(web, controller).join(file);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display())).trim().to_string()
}

fn with<'lab>(lab: &'lab Lab, resources: &Value) -> Container<'lab> {
    lab.container("web").edit(|config| {
        for (name, value) in resources.as_object().expect("a map") {
            config["linux"]["resources"][name] = value.clone();
        }
    })
}

/// Starts a container with these limits and compares the files.
#[track_caller]
fn limits(controller: &str, resources: &Value, files: &[(&str, &str)]) {
    let lab = Lab::new();
    let web = with(&lab, resources).sleeping().launch();
    assert!(folder(&web, controller).to_string_lossy().contains(web.id()), "it has no cgroup of its own");
    for (file, value) in files {
        assert_eq!(read(&web, controller, file), *value, "{file}");
    }
    web.delete_force().ok();
}

#[test]
fn memory() {
    let wish = json!({"memory": {"limit": 67_108_864, "reservation": 33_554_432, "swappiness": 7}});
    let files = [
        ("memory.limit_in_bytes", "67108864"),
        ("memory.soft_limit_in_bytes", "33554432"),
        ("memory.swappiness", "7"),
    ];
    limits("memory", &wish, &files);
}

#[test]
fn memory_and_swap() {
    let wish = json!({"memory": {"limit": 67_108_864, "swap": 134_217_728}});
    limits(
        "memory",
        &wish,
        &[("memory.limit_in_bytes", "67108864"), ("memory.memsw.limit_in_bytes", "134217728")],
    );
}

#[test]
fn no_killer_when_memory_is_short() {
    let wish = json!({"memory": {"limit": 67_108_864, "disableOOMKiller": true}});
    limits("memory", &wish, &[("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 0")]);
}

#[test]
fn processors() {
    let wish = json!({"cpu": {"shares": 512, "quota": 25_000, "period": 50_000}});
    let files = [("cpu.shares", "512"), ("cpu.cfs_quota_us", "25000"), ("cpu.cfs_period_us", "50000")];
    limits("cpu", &wish, &files);
}

#[test]
fn which_processors() {
    limits(
        "cpuset",
        &json!({"cpu": {"cpus": "0", "mems": "0"}}),
        &[("cpuset.cpus", "0"), ("cpuset.mems", "0")],
    );
}

#[test]
fn processes() {
    limits("pids", &json!({"pids": {"limit": 17}}), &[("pids.max", "17")]);
}

#[test]
fn the_limits_are_seen_from_inside() {
    let lab = Lab::new();
    let wish = json!({"memory": {"limit": 67_108_864}, "pids": {"limit": 9}, "cpu": {"cpus": "1"}});
    let seen = with(&lab, &wish).see(
        "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max
         grep Cpus_allowed_list /proc/self/status",
    );
    assert_eq!(seen, "67108864\n9\nCpus_allowed_list:\t1\n");
}

#[test]
fn too_many_processes_are_refused_by_the_kernel() {
    let lab = Lab::new();
    let web =
        with(&lab, &json!({"pids": {"limit": 5}})).sh("for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait");
    let output = web.run();
    assert!(output.stdout.contains("alive"), "{output:?}");
    assert!(output.stderr.contains("can't fork"), "{output:?}");
    with(&lab, &json!({"pids": {"limit": 20}})).see("for i in 1 2 3 4 5 6 7 8; do sleep 0.01 & done; wait");
}

#[test]
fn too_much_memory_ends_the_program() {
    let lab = Lab::new();
    let eat = "head -c 40000000 /dev/zero | tail | wc -c";
    let web = with(&lab, &json!({"memory": {"limit": 16_777_216, "swap": 16_777_216}})).sh(eat);
    let output = web.run();
    assert!(!web.after_nonce(&output.stdout).contains("40000000"), "{output:?}");
    assert_eq!(lab.container("free").see(eat), "40000000\n");
}

#[test]
fn real_time() {
    let wish = json!({"cpu": {"realtimeRuntime": 9000, "realtimePeriod": 900_000}});
    limits("cpu", &wish, &[("cpu.rt_runtime_us", "9000"), ("cpu.rt_period_us", "900000")]);
}

#[test]
fn zeroes_that_are_values() {
    let lab = Lab::new();
    let web = with(&lab, &json!({"pids": {"limit": 0}})).args(&["sleep", "1000"]);
    web.create().ok();
    web.start().ok();
    assert_eq!(read(&web, "pids", "pids.max"), "1");
    web.delete_force().ok();
    limits("cpu", &json!({"cpu": {"idle": 0, "burst": 0}}), &[("cpu.idle", "0"), ("cpu.cfs_burst_us", "0")]);
}

/// Numbers of a disk of this machine.
fn disk() -> Option<(u64, u64)> {
    let mut names = fs::read_dir("/sys/block").ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let numbers = names.find_map(|path| fs::read_to_string(path.join("dev")).ok())?;
    let (major, minor) = numbers.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[test]
fn block_devices() {
    let (major, minor) = disk().expect("a disk");
    let device = |rate: u64| json!([{"major": major, "minor": minor, "rate": rate}]);
    let wish = json!({"blockIO": {
        "throttleReadBpsDevice": device(1_048_576), "throttleWriteBpsDevice": device(2_097_152),
        "throttleReadIOPSDevice": device(100), "throttleWriteIOPSDevice": device(200),
    }});
    let line = |rate: u64| format!("{major}:{minor} {rate}");
    let files = [
        ("blkio.throttle.read_bps_device", line(1_048_576)),
        ("blkio.throttle.write_bps_device", line(2_097_152)),
        ("blkio.throttle.read_iops_device", line(100)),
        ("blkio.throttle.write_iops_device", line(200)),
    ];
    limits("blkio", &wish, &files.each_ref().map(|(file, line)| (*file, line.as_str())));
}

/// Each with the name of its field, before or by the kernel; the container does not start.
#[test]
fn a_limit_that_cannot_be_had_is_named() {
    let cases = [
        (json!({"memory": {"limit": -2}}), "linux.resources.memory.limit"),
        (json!({"memory": {"limit": 67_108_864, "swap": 1000}}), "linux.resources.memory.swap"),
        (json!({"memory": {"swap": 67_108_864}}), "linux.resources.memory.swap"),
        (json!({"memory": {"swappiness": 101}}), "linux.resources.memory.swappiness"),
        (json!({"cpu": {"shares": 1}}), "linux.resources.cpu.shares"),
        (json!({"cpu": {"shares": 300_000}}), "linux.resources.cpu.shares"),
        (json!({"cpu": {"idle": 2}}), "linux.resources.cpu.idle"),
        (json!({"cpu": {"quota": 10_000, "burst": 20_000}}), "linux.resources.cpu.burst"),
        (json!({"cpu": {"realtimeRuntime": 99_999_999}}), "linux.resources.cpu.realtimeRuntime"),
        (json!({"blockIO": {"weight": 9}}), "linux.resources.blockIO.weight"),
        (json!({"blockIO": {"leafWeight": 10}}), "linux.resources.blockIO.leafWeight"),
        (
            json!({"blockIO": {"throttleReadBpsDevice": [{"major": 999, "minor": 7, "rate": 1}]}}),
            "linux.resources.blockIO.throttleReadBpsDevice[0]",
        ),
        (json!({"blockIO": {"weightDevice": {}}}), "linux.resources.blockIO.weightDevice"),
        (json!({"hugepageLimits": [{"pageSize": "3MB", "limit": 0}]}), "linux.resources.hugepageLimits[0]"),
        (
            json!({"hugepageLimits": [{"pageSize": "../2MB", "limit": 0}]}),
            "linux.resources.hugepageLimits[0].pageSize",
        ),
        (json!({"network": {"classID": 1}}), "linux.resources.network.classID"),
        (
            json!({"network": {"priorities": [{"name": "lo", "priority": 1}]}}),
            "linux.resources.network.priorities[0]",
        ),
        (json!({"rdma": {"mlx5_1": {}}}), "linux.resources.rdma[mlx5_1]"),
        (json!({"rdma": {"mlx5_1": {"hcaHandles": -1}}}), "linux.resources.rdma.mlx5_1.hcaHandles"),
        (json!({"unified": {"memory.high": "1000000"}}), "linux.resources.unified"),
    ];
    if !lab::is_nagaya() {
        return; // runc ignores some, and has its own words for the others.
    }
    let lab = Lab::new();
    for (wish, field) in cases {
        let output = with(&lab, &wish).sh("true").run();
        assert!(!output.stdout.contains("alive"), "{wish}: {output:?}");
        output.refused(&[&format!("`{field}`")]);
        assert_eq!(lab.leftovers(), [""; 0], "{wish}");
    }
    with(&lab, &json!({"memory": {"limit": 67_108_864, "swap": 67_108_864}})).see("true");
}

#[test]
fn a_limit_that_no_kernel_has_is_a_warning() {
    let lab = Lab::new();
    let output = with(&lab, &json!({"memory": {"kernel": 67_108_864}})).sh("true").run();
    assert!(output.stdout.contains("alive"), "{output:?}");
    if lab::is_nagaya() {
        assert!(output.stderr.contains("linux.resources.memory.kernel"), "{output:?}");
    }
}

/// runc's callers give a path that is the whole of it, below each hierarchy's mount point.
#[test]
fn the_cgroup_is_where_the_config_says() {
    let lab = Lab::new();
    let path = format!("/{}parent/web", lab.name());
    let web = lab.container("web").edit(|config| config["linux"]["cgroupsPath"] = path.clone().into());
    let web = web.sleeping().launch();
    for controller in ["memory", "pids", "cpu", "devices", "freezer"] {
        let expected = PathBuf::from("/sys/fs/cgroup").join(controller).join(&path[1..]);
        assert_eq!(folder(&web, controller), expected);
    }
    web.delete_force().ok();
    // A parent that the runtime had to make is nobody's; runc leaves it, so we may.
    let parents = lab.on_the_machine();
    assert!(parents.iter().all(|thing| thing.ends_with("parent")), "{parents:#?}");
    for thing in parents {
        fs::remove_dir(thing.trim_start_matches("cgroup ")).unwrap();
    }
}

#[test]
fn a_cgroup_path_cannot_climb() {
    let lab = Lab::new();
    for climb in ["../../..", "/../../../", "/a/../../.."] {
        let path = format!("{climb}/{}climbed", lab.name());
        let web = lab
            .container("web")
            .sleeping()
            .edit(|config| config["linux"]["cgroupsPath"] = path.clone().into());
        let output = web.create();
        output.no_crash();
        if output.code == 0 {
            // Made harmless: it is inside the hierarchy, where a plain path would be.
            web.start().ok();
            web.wait_for(&web.nonce());
            let folder = folder(&web, "memory");
            assert!(
                folder.starts_with("/sys/fs/cgroup/memory") && !folder.to_string_lossy().contains(".."),
                "{folder:?}"
            );
        } else {
            output.refused(&["cgroupsPath"]);
        }
        web.delete_force().ok();
    }
}

#[test]
fn a_limit_of_the_wrong_kind_is_refused() {
    let lab = Lab::new();
    let cases = [
        (json!({"memory": {"limit": 1}}), "memory"),
        (json!({"cpu": {"cpus": "0-999999"}}), "cpuset"),
        (json!({"cpu": {"quota": 1}}), "cpu"),
        (json!({"memory": {"limit": 67_108_864, "swap": 1000}}), "mem"),
    ];
    for (wish, word) in cases {
        let web = with(&lab, &wish).sh("true");
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{wish}: {output:?}");
        output.refused(&[word]);
        assert_eq!(lab.leftovers(), [""; 0], "{wish}");
    }
}

#[test]
fn device_rules() {
    let lab = Lab::new();
    let rules = json!({"devices": [
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"},
        {"allow": true, "type": "b", "major": 7, "access": "r"},
    ]});
    let web = with(&lab, &rules).sleeping().launch();
    let list = read(&web, "devices", "devices.list");
    for rule in ["c 10:229 rw", "b 7:* r", "c 1:3 rwm", "c 5:2 rwm", "c 136:* rwm", "c *:* m", "b *:* m"] {
        assert!(list.lines().any(|line| line == rule), "no `{rule}` in {list}");
    }
    assert!(!list.lines().any(|line| line.starts_with("a ")), "{list}");
    web.delete_force().ok();
}

#[test]
fn a_device_that_is_allowed_can_be_used() {
    let lab = Lab::new();
    let use_it = "mknod /work/kmsg c 1 11 && (head -c 0 /work/kmsg && echo opened) 2>&1 || echo refused";
    let rules = json!({"devices": [
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"},
    ]});
    let allowed = with(&lab, &rules).capabilities(&["CAP_MKNOD", "CAP_SYSLOG"]).writable().see(use_it);
    assert!(allowed.ends_with("opened\n"), "{allowed}");
    let plain = lab.container("plain").capabilities(&["CAP_MKNOD", "CAP_SYSLOG"]).writable().see(use_it);
    assert!(plain.ends_with("refused\n"), "{plain}");
}
