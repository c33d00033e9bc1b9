//! Several hosts on one machine: each is a network namespace. Nothing of it is in the machine's own.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use lab::{Call, Lab, Nagaya, Output};

/// Addresses of the host that the engine is on, and of one beside it.
pub(crate) const HERE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
pub(crate) const OUTSIDE: [&str; 2] = ["192.0.2.2", "2001:db8::2"];

/// A host: a network namespace with a process in it that does nothing.
pub(crate) struct Host(Child);

impl Host {
    fn new(lab: &Lab) -> Host {
        let child = Command::new("unshare")
            .args(["-n", "sleep", "infinity"])
            .env("LAB", lab.name())
            .stdin(Stdio::null())
            .spawn()
            .expect("a host");
        let own = lab::namespace_of("self", "net");
        let host = Host(child);
        lab::until("a network namespace", || lab::namespace_of(host.pid(), "net") != own);
        host
    }

    pub(crate) fn pid(&self) -> String {
        self.0.id().to_string()
    }

    /// Has a call made on it.
    pub(crate) fn on(&self, call: Call) -> Call {
        call.under(["nsenter", "-t", &self.pid(), "-n"])
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A host with an engine, and one beside it.
pub(crate) struct World {
    pub(crate) here: Host,
    pub(crate) outside: Host,
    pub(crate) lab: Lab,
}

impl World {
    pub(crate) fn new() -> World {
        let lab = Lab::new();
        let world = World { here: Host::new(&lab), outside: Host::new(&lab), lab };
        fs::write(world.script(), include_str!("peers.py")).expect("a script");
        let up = |addresses: [&str; 2]| {
            format!(
                "ip link set lo up; ip addr add {}/24 dev up0; ip -6 addr add {}/64 dev up0 nodad; ip link set up0 up",
                addresses[0], addresses[1]
            )
        };
        let pair = format!("ip link add up0 type veth peer name up0 netns {}", world.outside.pid());
        world.sh(&world.here, &pair).ok();
        world.sh(&world.here, &up(HERE)).ok();
        world.sh(&world.outside, &up(OUTSIDE)).ok();
        world
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.lab.folder().join("peers.py")
    }

    /// A script on a host.
    pub(crate) fn sh(&self, host: &Host, script: &str) -> Output {
        host.on(self.lab.program("sh").args(["-ec", script])).output()
    }

    /// A command of the engine's.
    pub(crate) fn nagaya(&self, words: &[&str]) -> Call {
        self.here.on(self.lab.nagaya(words).env("NAGAYA_NETWORK", ""))
    }

    /// One that must work; what it says.
    #[track_caller]
    pub(crate) fn fine(&self, words: &[&str]) -> String {
        self.nagaya(words).output().ok()
    }

    /// The name of a container of this world's.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.lab.name())
    }

    /// A container that answers at port 80, and waits until it does.
    #[track_caller]
    pub(crate) fn serve(&self, name: &str, options: &[&str]) {
        let own = self.named(name);
        let mount = format!("{}:/peers.py:ro", self.script().display());
        let call = self.nagaya(&["run", "-d", "--name", &own, "-v", &mount]).args(options);
        call.args(["host", "/usr/bin/python3", "/peers.py", "serve", name]).output().ok();
        self.until_ready(name);
    }

    #[track_caller]
    pub(crate) fn until_ready(&self, name: &str) {
        let own = self.named(name);
        let pid = self.fine(&["inspect", "-f", "{{.State.Pid}}", &own]);
        // Port 80, in the state in which it is listened at.
        let listens = |kind: &str| {
            let text = fs::read_to_string(format!("/proc/{}/net/{kind}", pid.trim()));
            text.is_ok_and(|text| text.lines().any(|line| line.contains(":0050 ") && line.contains(" 0A ")))
        };
        let ready = || listens("tcp") || listens("tcp6");
        lab::until(&format!("`{name}` answers"), ready);
    }

    /// Somebody on a host who answers at port 80. It goes with what is returned.
    pub(crate) fn serve_on(&self, host: &Host, name: &str, port: &str) -> Host {
        let child = Command::new("nsenter")
            .args(["-t", &host.pid(), "-n", "/usr/bin/python3"])
            .arg(self.script())
            .args(["serve", name, port])
            .env("LAB", self.lab.name())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("a server");
        let server = Host(child);
        let target = format!("tcp/127.0.0.1/{port}");
        lab::until("a server", || self.ask_from(host, &[&target])[0] != "nobody");
        server
    }

    /// What each target answers to somebody on a host.
    pub(crate) fn ask_from(&self, host: &Host, targets: &[&str]) -> Vec<String> {
        let call = self.lab.program("/usr/bin/python3").arg(self.script()).arg("ask").args(targets);
        lines(&host.on(call).output().ok())
    }

    /// What each target answers to a container.
    #[track_caller]
    pub(crate) fn ask(&self, name: &str, targets: &[&str]) -> Vec<String> {
        let own = self.named(name);
        lines(
            &self.nagaya(&["exec", &own, "/usr/bin/python3", "/peers.py", "ask"]).args(targets).output().ok(),
        )
    }

    /// The process that is a container's monitor.
    pub(crate) fn monitor(&self, name: &str) -> i64 {
        let root = self.lab.engine_root();
        let id = fs::read_link(root.join("names").join(self.named(name))).expect("its id");
        let text = fs::read(root.join("containers").join(id).join("state.json")).expect("its state");
        let state: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        state["monitor"].as_i64().expect("a number")
    }

    /// An address of a container on a network: of IPv4 (0) and of IPv6 (1).
    pub(crate) fn addresses(&self, name: &str, network: &str) -> [String; 2] {
        ["IPAddress", "GlobalIPv6Address"].map(|field| {
            let format = format!("{{{{(index .NetworkSettings.Networks \"{network}\").{field}}}}}");
            self.fine(&["inspect", "-f", &format, &self.named(name)]).trim().to_string()
        })
    }

    /// All that a host's kernel has of networks, without what containers bring for a moment.
    pub(crate) fn kernel(&self) -> String {
        let list = "ip -o link | cut -d' ' -f2 | sort; ip -o addr | sed 's/ *valid_lft.*//; s/ tentative//' | sort -k2; (ip route; ip -6 route) | sed 's/ linkdown//'";
        self.sh(&self.here, list).ok()
    }

    /// The same once nothing is connected: interfaces go a moment after their containers.
    pub(crate) fn idle_kernel(&self) -> String {
        let mut now = String::new();
        lab::until("no interface of a container is left", || {
            now = self.kernel();
            !now.contains("veth")
        });
        now
    }

    /// All that the packet filters of a host have in their sets, in order.
    pub(crate) fn elements(&self) -> String {
        let listed = self.sh(&self.here, "nft -j list ruleset").ok();
        let all: serde_json::Value = serde_json::from_str(&listed).expect("JSON of nft");
        let sets = all["nftables"].as_array().into_iter().flatten();
        let sets = sets.filter_map(|one| one.get("set").or_else(|| one.get("map")));
        let of_set = |set: &serde_json::Value| {
            let elements = set["elem"].as_array().cloned().unwrap_or_default();
            elements.iter().map(|element| format!("{} {element}\n", set["name"])).collect::<Vec<_>>()
        };
        let mut elements: Vec<_> = sets.flat_map(of_set).collect();
        elements.sort();
        elements.concat()
    }

    /// Everything in the folder of networks that stands for a connection.
    pub(crate) fn connections(&self) -> Vec<String> {
        let root = self.lab.engine_root().join("networks");
        let mut found = Vec::new();
        for network in fs::read_dir(&root).into_iter().flatten().flatten() {
            for kind in ["leases", "endpoints", "names"] {
                let entries = fs::read_dir(network.path().join(kind)).into_iter().flatten().flatten();
                found.extend(entries.map(|entry| format!("{kind}/{}", entry.file_name().to_string_lossy())));
            }
        }
        let busy = fs::read_dir(root.join("busy")).into_iter().flatten().flatten();
        found.extend(busy.map(|entry| format!("busy/{}", entry.file_name().to_string_lossy())));
        found.sort();
        found
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(String::from).collect()
}

impl Drop for World {
    /// Containers do not outlive their test, and leave nothing of networks.
    fn drop(&mut self) {
        let listed = self.nagaya(&["ps", "-aq"]).output();
        let ids: Vec<_> = listed.stdout.split_whitespace().collect();
        if !ids.is_empty() {
            let _ = self.nagaya(&["rm", "-f", "-v"]).args(&ids).output();
        }
        let left = self.connections();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left of connections: {left:?}");
        }
    }
}
