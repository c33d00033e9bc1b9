//! `linux.netDevices`: network interfaces of the host that become the container's. In place of the host, a network
//! namespace of the test's own.

use std::process::{Child, Command, Stdio};

use lab::{Call, Container, Lab, namespace_of};
use serde_json::{Value, json};

/// A network namespace, kept by a process.
struct Net(Child);

impl Net {
    fn new() -> Net {
        let mut command = Command::new("unshare");
        let child = command.args(["--net", "sleep", "600"]).stdin(Stdio::null()).spawn().expect("unshare");
        let net = Net(child);
        lab::until("it has a namespace of its own", || {
            namespace_of(net.0.id(), "net") != namespace_of("self", "net")
        });
        net
    }

    /// With one end of a cable, up and with addresses; the other end is `far0`.
    fn with_cable() -> Net {
        let net = Net::new();
        net.sh("ip link add near0 type veth peer name far0
             ip addr add 10.9.8.7/24 dev near0
             ip addr add fd00:9::7/64 dev near0 nodad
             ip addr add 169.254.3.3/16 scope link dev near0
             ip link set far0 up; ip link set near0 up");
        net
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }

    fn wrapper(&self) -> [String; 4] {
        ["nsenter".into(), "--net".into(), "--target".into(), self.0.id().to_string()]
    }

    #[track_caller]
    fn sh(&self, script: &str) -> String {
        let [program, words @ ..] = self.wrapper();
        let said = Command::new(program).args(words).args(["sh", "-ec", script]).output().expect("nsenter");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// Names of its interfaces but `lo`, in order.
    fn interfaces(&self) -> String {
        let list = self.sh("ip -o link | cut -d ' ' -f 2 | cut -d : -f 1 | cut -d @ -f 1 | sort");
        list.split_whitespace().filter(|name| *name != "lo").collect::<Vec<_>>().join(" ")
    }

    /// `run` of a container for which this is the host.
    fn call(&self, web: &Container<'_>) -> Call {
        web.call("run", &[]).under(self.wrapper())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const SHOW: &str = "ip -o addr; ip -o link; cat /proc/sys/net/ipv4/conf/*/forwarding";

fn with_devices<'lab>(lab: &'lab Lab, devices: &Value) -> Container<'lab> {
    lab.container("web").sh(SHOW).edit(|config| config["linux"]["netDevices"] = devices.clone())
}

fn namespaces(config: &mut Value) -> &mut Vec<Value> {
    config["linux"]["namespaces"].as_array_mut().expect("a list")
}

fn own_user(config: &mut Value) {
    namespaces(config).push(json!({"type": "user"}));
    for maps in ["uidMappings", "gidMappings"] {
        config["linux"][maps] = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
    }
}

#[track_caller]
fn has_all(said: &str, name: &str) {
    let of = |word: &str| said.lines().any(|line| line.contains(&format!("{name} ")) && line.contains(word));
    assert!(of("10.9.8.7/24"), "{said}");
    assert!(of("fd00:9::7/64"), "{said}");
    assert!(!said.contains("169.254.3.3"), "an address of the link: {said}");
    let up = |line: &str| line.contains(&format!(": {name}")) && line.contains(",UP");
    assert!(said.lines().any(up), "{said}");
}

#[test]
fn an_interface_comes_with_its_addresses_and_up() {
    if !lab::is_nagaya() {
        return; // Debian's runc is older.
    }
    for user in [false, true] {
        let lab = Lab::new();
        let host = Net::with_cable();
        let web = with_devices(&lab, &json!({"near0": {"name": "net0"}})).edit(|config| {
            config["linux"]["sysctl"] = json!({"net.ipv4.conf.net0.forwarding": "1"});
            if user {
                own_user(config);
            }
        });
        let said = web.after_nonce(&host.call(&web).output().ok());
        has_all(&said, "net0");
        assert!(said.lines().any(|line| line == "1"), "the setting of the interface: {said}");
        // A cable has two ends, and vanishes with the namespace of either.
        lab::until("it is gone", || host.interfaces().is_empty());

        // The control: without asking, there is nothing, and the host keeps it.
        let host = Net::with_cable();
        let web = lab.container("web").sh(SHOW);
        let said = web.after_nonce(&host.call(&web).output().ok());
        assert!(!said.contains("near0") && !said.contains("10.9.8.7"), "{said}");
        assert_eq!(host.interfaces(), "far0 near0");
    }
}

#[test]
fn an_interface_stays_in_a_namespace_that_outlives_the_container() {
    if !lab::is_nagaya() {
        return; // Debian's runc is older.
    }
    let lab = Lab::new();
    let (host, pod) = (Net::with_cable(), Net::new());
    let web = with_devices(&lab, &json!({"near0": {}})).edit(|config| {
        namespaces(config).retain(|namespace| namespace["type"] != "network");
        namespaces(config).push(json!({"type": "network", "path": pod.path()}));
    });
    has_all(&web.after_nonce(&host.call(&web).output().ok()), "near0");
    assert_eq!((host.interfaces().as_str(), pod.interfaces().as_str()), ("far0", "near0"));
}

#[test]
fn what_cannot_be_moved_is_refused_and_stays() {
    if !lab::is_nagaya() {
        return; // Debian's runc is older.
    }
    let lab = Lab::new();
    let host = Net::with_cable();
    let refused = |devices: Value, words: &[&str]| {
        let web = with_devices(&lab, &devices);
        let output = host.call(&web).output();
        assert!(!output.stdout.contains(&web.nonce()), "it ran: {output:?}");
        output.refused(words);
        assert_eq!(web.state(), None);
        assert_eq!(host.interfaces(), "far0 near0", "{devices}");
        let link = host.sh("ip -o link show near0");
        assert!(link.contains(",UP"), "it was taken down: {link}");
    };
    refused(json!({"none0": {}}), &["`linux.netDevices[none0]`", "no such interface"]);
    refused(json!({"near0": {"name": "lo"}}), &["`linux.netDevices[near0].name`", "`lo` is taken"]);
    refused(json!({"lo": {"name": "lo2"}}), &["`linux.netDevices[lo]`"]);
    refused(json!({"near0": {"name": "sixteen-letters-"}}), &["`linux.netDevices[near0].name`", "longer"]);
    refused(json!({"near0": {"name": "net%d"}}), &["`linux.netDevices[near0].name`"]);
    refused(json!({"near0": {"name": "n"}, "far0": {"name": "n"}}), &["`linux.netDevices["]);

    let web = with_devices(&lab, &json!({"near0": {}})).edit(|config| {
        namespaces(config).retain(|namespace| namespace["type"] != "network");
    });
    host.call(&web).output().refused(&["`linux.netDevices`", "no network namespace"]);
    assert_eq!(host.interfaces(), "far0 near0");
}

/// In its user namespace it may do what it wants with interfaces, and not with the host's.
#[test]
fn an_interface_of_the_host_is_not_an_ordinary_users_to_move() {
    if !lab::is_nagaya() {
        return; // Debian's runc is older.
    }
    let lab = Lab::new();
    let host = Net::with_cable();
    let web = with_devices(&lab, &json!({"near0": {}})).edit(own_user);
    let explained = host.call(&web).args(["--explain"]).output().ok();
    assert!(explained.contains("move network interface `near0` into the container"), "{explained}");
    let output =
        host.call(&web).under(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]).output();
    output.refused(&["near0", "operation not permitted"]);
    assert_eq!(host.interfaces(), "far0 near0");
}

/// Docker brings its interfaces by a hook, and its users set them up by name. What hooks have seen is read-only after it.
#[test]
fn settings_of_an_interface_that_a_hook_brings() {
    let lab = Lab::new();
    let bring = r#"pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
        nsenter --net --target "$pid" ip link add hook0 type veth peer name hook1"#;
    let run = |hook: bool| {
        let web = lab.container("web").edit(|config| {
            config["linux"]["sysctl"] = json!({"net.ipv4.conf.hook0.forwarding": "1"});
            if hook {
                config["hooks"]["prestart"] =
                    json!([{"path": "/bin/sh", "args": ["sh", "-ec", bring], "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]);
            }
        });
        let file = "/proc/sys/net/ipv4/conf/hook0/forwarding";
        let web = web.sh(&format!("cat {file}; (echo 0 >{file}) 2>/dev/null || echo read-only"));
        let output = web.run();
        if hook { web.after_nonce(&output.ok()) } else { output.refused(&["hook0"]) }
    };
    assert_eq!(run(true), "1\nread-only\n");
    // The control: it is the hook that brings it.
    run(false);
}
