//! Which systemd, and where it listens.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A systemd that can make scopes. Kept with a container: whoever deletes it may have another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manager {
    /// It is that of an ordinary user, not the machine's.
    pub of_user: bool,
    /// Sockets of its own, which lead to it without a bus in between, as systemctl(1) goes. They are tried first: it
    /// does not matter then whether there is a bus, and how many connections that takes; and the bus of a session need
    /// not have systemd on it. In time there is no difference (20 rounds in the emulated machine).
    direct: Vec<String>,
    /// Sockets of a bus that it is on; the way that is promised to stay. A name of no file begins with `@`.
    bus: Vec<String>,
}

/// Where to connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// A file, or a name of no file that begins with `@`.
    pub socket: &'a str,
    /// A bus listens there, not systemd itself.
    pub is_bus: bool,
}

impl Manager {
    /// The machine's.
    pub fn system() -> Manager {
        Manager {
            of_user: false,
            direct: vec!["/run/systemd/private".to_string()],
            bus: vec!["/run/dbus/system_bus_socket".to_string()],
        }
    }

    /// The systemd of an ordinary user, by two variables of its environment: `XDG_RUNTIME_DIR` and
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub fn of_user(runtime_folder: Option<&Path>, session_bus: Option<&str>) -> Manager {
        let in_folder = |name: &str| runtime_folder.map(|folder| folder.join(name));
        let text = |path: PathBuf| path.to_str().map(String::from);
        let mut bus: Vec<String> = session_bus.into_iter().flat_map(sockets).collect();
        bus.extend(in_folder("bus").and_then(text).filter(|default| !bus.contains(default)));
        Manager {
            of_user: true,
            direct: in_folder("systemd/private").and_then(text).into_iter().collect(),
            bus,
        }
    }

    /// Where it listens, in the order in which to try.
    pub fn addresses(&self) -> impl Iterator<Item = Address<'_>> {
        let at = |is_bus| move |socket| Address { socket, is_bus };
        let direct = self.direct.iter().map(String::as_str).map(at(false));
        direct.chain(self.bus.iter().map(String::as_str).map(at(true)))
    }
}

/// The unix sockets of a list such as `unix:path=/run/user/1000/bus,guid=..;tcp:..`.
///
/// Source: D-Bus Specification, "Server Addresses".
fn sockets(list: &str) -> impl Iterator<Item = String> {
    let socket = |address: &str| {
        let mut keys = address.strip_prefix("unix:")?.split(',').filter_map(|key| key.split_once('='));
        keys.find_map(|(key, value)| match key {
            "path" => unescaped(value),
            "abstract" => unescaped(value).map(|name| format!("@{name}")),
            _ => None,
        })
    };
    list.split(';').filter_map(socket)
}

/// Bytes that are no letters may be written as `%2f`.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_says_where_to_try() {
        let shown = |folder: Option<&str>, bus| {
            let manager = Manager::of_user(folder.map(Path::new), bus);
            let show = |one: Address| format!("{}{}", if one.is_bus { "bus " } else { "" }, one.socket);
            manager.addresses().map(show).collect::<Vec<_>>()
        };
        assert_eq!(shown(Some("/r"), None), ["/r/systemd/private", "bus /r/bus"]);
        let given = "tcp:host=x;unix:guid=12,path=/a%2db;unix:abstract=c,guid=1;unix:path=%zz";
        let expected = ["/r/systemd/private", "bus /a-b", "bus @c", "bus /r/bus"];
        assert_eq!(shown(Some("/r"), Some(given)), expected);
        assert_eq!(shown(Some("/r"), Some("unix:path=/r/bus")), ["/r/systemd/private", "bus /r/bus"]);
        assert_eq!(shown(None, None), [""; 0]);
    }
}
