//! systemd's journal as the keeper of what a container prints: one entry for each line, with Docker's fields.
//!
//! Source: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>; moby, `daemon/logger/journald`.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use container::{Record, short};
use fault::{Doing, Fault, Kind, Result};

use super::streams::Source;

const SOCKET: &str = "/run/systemd/journal/socket";
/// A journal that takes nothing for so long loses a line. Nobody can stop a container whose monitor waits for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// A way to the journal, and what each entry says of its container.
#[derive(Debug)]
pub(crate) struct Journal {
    socket: UnixDatagram,
    container: Vec<u8>,
}

impl Journal {
    /// # Errors
    /// `Unavailable`, in Docker's words, where there is no journal.
    pub(crate) fn open(record: &Record) -> Result<Journal> {
        let doing = || "reach systemd's journal";
        if !Path::new(SOCKET).exists() {
            return Err(Fault::new(Kind::Unavailable, doing())
                .because("failed to initialize logging driver: journald is not enabled on this host")
                .hint(format!("there is no `{SOCKET}`; `--log-driver json-file` needs nobody")));
        }
        let socket = UnixDatagram::unbound().doing(doing)?;
        socket.set_write_timeout(Some(PATIENCE)).doing(doing)?;
        Ok(Journal { socket, container: of_container(record) })
    }

    /// Takes a line, or a part of one that is not its end.
    pub(crate) fn write(&self, source: Source, line: &[u8], partial: bool) {
        let mut entry = self.container.clone();
        let priority = if source == Source::Stderr { "3" } else { "6" };
        field(&mut entry, "PRIORITY", priority.as_bytes());
        if partial {
            field(&mut entry, "CONTAINER_PARTIAL_MESSAGE", b"true");
        }
        field(&mut entry, "MESSAGE", line.strip_suffix(b"\n").unwrap_or(line));
        let _ = self.socket.send_to(&entry, SOCKET);
    }
}

fn of_container(record: &Record) -> Vec<u8> {
    let mut all = Vec::new();
    let id = short(&record.id);
    for (name, value) in [
        ("CONTAINER_ID", id),
        ("CONTAINER_ID_FULL", &record.id),
        ("CONTAINER_NAME", &record.name),
        ("CONTAINER_TAG", id),
        ("SYSLOG_IDENTIFIER", id),
        ("IMAGE_NAME", record.image()),
    ] {
        field(&mut all, name, value.as_bytes());
    }
    all
}

/// A value with a line's end in it comes with its length before it.
fn field(entry: &mut Vec<u8>, name: &str, value: &[u8]) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value);
    entry.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_no_line_can_forge() {
        let mut entry = Vec::new();
        field(&mut entry, "A", b"x");
        field(&mut entry, "B", b"y\nCONTAINER_ID=forged");
        let length = 21_u64.to_le_bytes();
        assert_eq!(entry, [b"A=x\nB\n".as_slice(), &length, b"y\nCONTAINER_ID=forged\n"].concat());
    }
}
