//! Who has a port, for whoever could not get it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;

use crate::Protocol;

/// A process that has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number, as this process sees it.
    pub pid: i32,
    /// Its program's name.
    pub name: String,
    /// What it was started with.
    pub words: Vec<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} (`{}`)", self.pid, self.name)
    }
}

/// The process that has a port of this machine, at whatever address. Nothing if there is none that we may look at. It reads
/// all of `/proc`: for errors only.
pub fn holder(port: u16, protocol: Protocol) -> Option<Holder> {
    let sockets = sockets(port, protocol);
    let pids =
        fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|_| !sockets.is_empty()).find(|pid| has_one_of(*pid, &sockets)).and_then(describe)
}

/// As descriptors of sockets are called.
fn sockets(port: u16, protocol: Protocol) -> BTreeSet<String> {
    let files = match protocol {
        Protocol::Tcp => ["tcp", "tcp6"],
        Protocol::Udp => ["udp", "udp6"],
        // Its table has another shape.
        Protocol::Sctp => return BTreeSet::new(),
    };
    let text = |name: &str| fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap_or_default();
    let listed =
        |table: String| table.lines().filter_map(|line| inode(line, port, protocol)).collect::<Vec<_>>();
    files.into_iter().map(text).flat_map(listed).map(|inode| format!("socket:[{inode}]")).collect()
}

/// The socket of a line, if it is at that port. Streams must wait for connections. Source: proc_pid_net(5).
fn inode(line: &str, port: u16, protocol: Protocol) -> Option<u64> {
    const LISTEN: &str = "0A";
    let words: Vec<_> = line.split_whitespace().collect();
    let at = words.get(1)?.rsplit_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok())?;
    let waits = protocol != Protocol::Tcp || *words.get(3)? == LISTEN;
    if at == port && waits { words.get(9)?.parse().ok() } else { None }
}

fn has_one_of(pid: i32, sockets: &BTreeSet<String>) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|path| path.to_str().is_some_and(|name| sockets.contains(name)))
}

fn describe(pid: i32) -> Option<Holder> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_string();
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    Some(Holder { pid, name, words: words.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    #[test]
    fn the_one_that_has_it_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = std::process::id().cast_signed();
        assert_eq!(holder(port, Protocol::Tcp).unwrap().pid, own);
        assert_eq!(holder(port, Protocol::Udp), None, "another protocol's port is another one");
        drop(listener);
        assert_eq!(holder(port, Protocol::Tcp), None);
        let socket = UdpSocket::bind("[::1]:0").unwrap();
        assert_eq!(holder(socket.local_addr().unwrap().port(), Protocol::Udp).unwrap().pid, own);
    }
}
