//! What a kubelet asks of containerd, on top of ours: pods and their containers.

use peers::poll;
use serde_json::{Value, json};

use crate::containerd::Containerd;

/// A pod of its own network, `kubelet`'s way.
struct Pod<'a> {
    containerd: &'a Containerd,
    config: Value,
    id: String,
}

impl<'a> Pod<'a> {
    fn run(containerd: &'a Containerd, name: &str, runtime: &str, linux: &Value) -> Pod<'a> {
        let mut config = json!({
            "metadata": {"name": name, "uid": name, "namespace": "test"}, "hostname": name,
            "log_directory": containerd.folder().join("logs"),
            "linux": {"cgroup_parent": format!("/{}", containerd.cgroup())},
        });
        for (key, value) in linux.as_object().into_iter().flatten() {
            config["linux"][key] = value.clone();
        }
        let made = containerd.cri("RunPodSandbox", &json!({"config": config, "runtime_handler": runtime}));
        Pod { containerd, config, id: text(&made["pod_sandbox_id"]) }
    }

    /// Makes a container and starts it.
    fn start(&self, name: &str, command: &[&str], more: &Value) -> String {
        let mut config = json!({
            "metadata": {"name": name}, "image": {"image": "docker.io/library/box:latest"},
            "command": command, "log_path": format!("{name}.log"),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let request = json!({"pod_sandbox_id": self.id, "config": config, "sandbox_config": self.config});
        let id = text(&self.containerd.cri("CreateContainer", &request)["container_id"]);
        self.containerd.cri("StartContainer", &json!({"container_id": id}));
        id
    }

    /// What a command in a container says, and its exit code.
    fn exec(&self, id: &str, line: &str) -> (String, i64) {
        let request = json!({"container_id": id, "cmd": ["sh", "-c", line], "timeout": 60});
        let said = self.containerd.cri("ExecSync", &request);
        (text(&said["stdout"]) + &text(&said["stderr"]), said["exit_code"].as_i64().expect("a number"))
    }

    fn status(&self, id: &str) -> Value {
        self.containerd.cri("ContainerStatus", &json!({"container_id": id}))["status"].clone()
    }

    /// Waits until a container has ended: its exit code, and why.
    fn ended(&self, id: &str) -> (Value, Value) {
        let ended = || Some(self.status(id)).filter(|status| status["state"] == "CONTAINER_EXITED");
        let status = poll(ended).unwrap_or_else(|| panic!("it runs on: {}", self.status(id)));
        (status["exit_code"].clone(), status["reason"].clone())
    }

    fn remove(self) {
        self.containerd.cri("StopPodSandbox", &json!({"pod_sandbox_id": self.id}));
        self.containerd.cri("RemovePodSandbox", &json!({"pod_sandbox_id": self.id}));
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_string()
}

#[test]
fn a_pod_lives_as_a_kubelet_wants_it() {
    let containerd = Containerd::start();
    let pod = Pod::run(
        &containerd,
        "web",
        "nagaya",
        &json!({"sysctls": {"net.ipv4.ip_unprivileged_port_start": "77"}}),
    );
    let status = containerd.cri("PodSandboxStatus", &json!({"pod_sandbox_id": pod.id}))["status"].clone();
    assert_eq!(status["state"], "SANDBOX_READY");
    let limits = json!({"resources": {"memory_limit_in_bytes": 67_108_864, "cpu_period": 100_000, "cpu_quota": 50_000}});
    let web =
        pod.start("web", &["sleep", "1000"], &json!({"linux": limits, "envs": [{"key": "A", "value": "1"}]}));
    assert_eq!(pod.status(&web)["state"], "CONTAINER_RUNNING");
    assert_eq!(pod.exec(&web, "echo $A; hostname; exit 3"), ("1\nweb\n".into(), 3));
    let port = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start";
    assert_eq!(pod.exec(&web, port).0, "77\n");
    let address = pod.exec(&web, "ip -o addr show dev eth0").0;
    assert!(address.contains(&format!(" {}/", text(&status["network"]["ip"]))), "{status} {address}");

    // A second container is in the same pod, and not in the first container.
    let side = pod.start("side", &["sleep", "1000"], &json!({}));
    let space = |id: &str, kind: &str| pod.exec(id, &format!("readlink /proc/self/ns/{kind}")).0;
    for kind in ["net", "ipc", "uts", "pid"] {
        assert_eq!(space(&web, kind), space(&side, kind), "{kind}");
    }
    assert_ne!(space(&web, "mnt"), space(&side, "mnt"));

    let limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>&-";
    assert_eq!(pod.exec(&web, limit).0, "67108864\n");
    let more = json!({"memory_limit_in_bytes": 134_217_728, "cpu_period": 100_000, "cpu_quota": 70_000});
    containerd.cri("UpdateContainerResources", &json!({"container_id": web, "linux": more}));
    assert_eq!(pod.exec(&web, limit).0, "134217728\n");
    let stats = containerd.cri("ContainerStats", &json!({"container_id": web}))["stats"].clone();
    assert!(text(&stats["memory"]["working_set_bytes"]["value"]) != "0", "{stats}");

    containerd.cri("StopContainer", &json!({"container_id": web, "timeout": 0}));
    assert_eq!(pod.ended(&web).0, 137);
    containerd.cri("RemoveContainer", &json!({"container_id": web}));
    assert!(
        containerd.try_cri("ContainerStatus", &json!({"container_id": web})).stderr.contains("NOT_FOUND")
    );
    pod.remove();
    containerd.nagaya.saw(&["create", "start", "exec", "update", "kill", "delete"]);
    assert_eq!(containerd.runc.calls(), "");
    containerd.finish();
}

#[test]
fn containers_are_as_asked_and_end_as_they_do_under_runc() {
    let containerd = Containerd::start();
    let answers = ["nagaya", "runc"].map(|runtime| {
        let pod = Pod::run(&containerd, runtime, runtime, &json!({}));
        let asked = asked();
        let ran = asked.iter().enumerate().map(|(number, (line, more))| {
            let name = format!("{runtime}-{number}");
            let id = pod.start(&name, &["sh", "-c", line], more);
            let end = pod.ended(&id);
            let log = std::fs::read_to_string(containerd.folder().join("logs").join(format!("{name}.log")));
            let said = log.unwrap_or_default().lines().map(said_in).collect::<Vec<_>>().join("\n");
            format!("{line}: {} {} {said}", end.0, end.1)
        });
        let ran: Vec<String> = ran.collect();
        let request = json!({"pod_sandbox_id": pod.id, "sandbox_config": pod.config, "config":
            {"metadata": {"name": "nope"}, "image": {"image": "docker.io/library/box:latest"}, "command": ["nope"]}});
        let id = text(&containerd.cri("CreateContainer", &request)["container_id"]);
        let refused = containerd.try_cri("StartContainer", &json!({"container_id": id}));
        assert!(refused.stderr.contains("executable file not found in $PATH"), "{refused:?}");
        pod.remove();
        ran
    });
    assert_eq!(answers[0], answers[1]);
    let all = answers[0].join("\n");
    for wanted in
        ["137 \"OOMKilled\"", "0 \"Completed\"", "9 \"Error\"", "Read-only file system", "NoNewPrivs:\t1"]
    {
        assert!(all.contains(wanted), "{wanted}: {all}");
    }
    containerd.runc.saw(&["create", "start", "delete"]);
    containerd.finish();
}

/// What is run, and the part of the container's config that it looks at.
fn asked() -> Vec<(&'static str, Value)> {
    let security = |context: Value| json!({"linux": {"security_context": context}});
    let oom = json!({"linux": {"resources": {"memory_limit_in_bytes": 33_554_432}}});
    vec![
        ("exit 9", json!({})),
        ("pwd; id -u; grep -E 'Cap|Seccomp:' /proc/self/status", json!({"working_dir": "/tmp"})),
        ("touch /x 2>&1", security(json!({"readonly_rootfs": true}))),
        (
            "id -u; id -G; grep NoNew /proc/self/status",
            security(json!({"no_new_privs": true, "run_as_user": {"value": 7}, "supplemental_groups": [8]})),
        ),
        (
            "grep Cap /proc/self/status",
            security(json!({"capabilities": {"drop_capabilities": ["ALL"], "add_capabilities": ["KILL"]}})),
        ),
        ("grep Seccomp: /proc/self/status", security(json!({"seccomp": {"profile_type": "RuntimeDefault"}}))),
        ("grep -c pause /proc/1/cmdline", security(json!({"namespace_options": {"pid": "POD"}}))),
        ("echo $$", security(json!({"namespace_options": {"pid": "CONTAINER"}}))),
        ("dd if=/dev/zero of=/dev/null bs=200M count=1", oom),
    ]
}

/// A line of a container's log without its date.
fn said_in(line: &str) -> &str {
    line.splitn(4, ' ').nth(3).unwrap_or_default()
}
