//! The machine's network and the world's, as two network namespaces that nobody else is in.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use bench::Result;

/// Where the machine is reached from the world.
pub(crate) const MACHINE: &str = "198.51.100.1";

/// Another machine: a network namespace with one process in it.
#[derive(Debug)]
pub(crate) struct World {
    process: Child,
}

impl World {
    /// Connects the two. What podman's plugins write on this machine is gone with the bench.
    pub(crate) fn make() -> Result<World> {
        let process = Command::new("unshare")
            .args(["--net", "setpriv", "--pdeathsig", "KILL", "sleep", "100000"])
            .stdin(Stdio::null())
            .spawn()
            .map_err(|err| format!("cannot make a network namespace: {err}"))?;
        let world = World { process };
        let pid = world.process.id();
        let script = format!(
            "set -e; ip link set lo up
             for try in $(seq 100); do [ \"$(readlink /proc/{pid}/ns/net)\" != \"$(readlink /proc/self/ns/net)\" ] && break; sleep 0.02; done
             ip link add world type veth peer name eth0 netns {pid}
             ip address add {MACHINE}/24 dev world; ip link set world up
             nsenter -t {pid} -n sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0; ip link set eth0 up'
             for folder in /etc/cni/net.d /var/lib/cni /run/netns; do
                 mkdir -p $folder /run/nagaya-bench; cp -a $folder/. /run/nagaya-bench/; mount -t tmpfs tmpfs $folder
                 cp -a /run/nagaya-bench/. $folder/; rm -rf /run/nagaya-bench
             done"
        );
        let made = Command::new("sh").args(["-c", &script]).status().map_err(|err| err.to_string())?;
        if made.success() {
            Ok(world)
        } else {
            Err("cannot connect two network namespaces with `ip`".to_string())
        }
    }

    /// Its network namespace.
    pub(crate) fn namespace(&self) -> Result<File> {
        namespace_of(&self.process.id().to_string())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Nobody's policy stands in the way of another's packets.
pub(crate) fn let_all_pass() -> Result<()> {
    let script = "iptables -P FORWARD ACCEPT && ip6tables -P FORWARD ACCEPT";
    let set = Command::new("sh").args(["-c", script]).status().map_err(|err| err.to_string())?;
    if set.success() { Ok(()) } else { Err(format!("cannot do `{script}`")) }
}

/// The network namespace of a process.
pub(crate) fn namespace_of(pid: &str) -> Result<File> {
    let path = format!("/proc/{}/ns/net", pid.trim());
    File::open(&path).map_err(|err| format!("cannot open `{path}`: {err}"))
}
