//! Python's tarfile, which reads archives by other code than ours.

use std::io::{Seek, Write};
use std::process::Command;

use snapshot::tar::{Entry, Kind};

use crate::trees::in_memory;

/// A line for each member of each archive: its number, and what it says of name, kind, size and link, as hexadecimal
/// digits where they are bytes.
const SCRIPT: &str = r#"
import io, sys, tarfile
plain = lambda text: "/".join(part for part in text.split("/") if part not in ("", ".")).encode("utf-8", "surrogateescape").hex()
kinds = {tarfile.LNKTYPE: "link", tarfile.SYMTYPE: "symlink", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
         tarfile.DIRTYPE: "folder", tarfile.FIFOTYPE: "fifo"}
for line in sys.stdin.buffer:
    name, length = line.decode().split()
    archive = io.BytesIO(sys.stdin.buffer.read(int(length)))
    print(name)
    try:
        for member in tarfile.open(fileobj=archive, mode="r:", encoding="utf-8", errors="surrogateescape"):
            kind = kinds.get(member.type, "file")
            size = member.size if kind == "file" else 0
            link = member.linkname if kind in ("link", "symlink") else ""
            ids = f"{member.uid}:{member.gid} {member.mode & 0o7777:o}"
            print(plain(member.name), kind, size, link.encode("utf-8", "surrogateescape").hex(), ids)
    except tarfile.ReadError:
        print("stops here")
"#;

/// What Python says of archives that have these names: the names, then the lines of each.
pub(crate) fn listing(archives: &[(String, Vec<u8>)]) -> Vec<(String, Vec<String>)> {
    let mut input = in_memory(b"");
    for (name, bytes) in archives {
        writeln!(input, "{name} {}", bytes.len()).and_then(|()| input.write_all(bytes)).expect("memory");
    }
    input.rewind().expect("its beginning");
    let output = Command::new("python3").args(["-c", SCRIPT]).stdin(input).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        match all.last_mut() {
            Some((_, lines)) if line.contains(' ') => lines.push(line.to_string()),
            _ => all.push((line.to_string(), Vec::new())),
        }
    }
    all
}

/// The same of one entry, as we have read it.
pub(crate) fn line(entry: &Entry) -> String {
    let parts: Vec<_> =
        entry.name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    let (kind, link): (&str, &[u8]) = match &entry.kind {
        Kind::File => ("file", b""),
        Kind::HardLink(link) => ("link", link),
        Kind::Symlink(link) => ("symlink", link),
        Kind::Char(..) => ("char", b""),
        Kind::Block(..) => ("block", b""),
        Kind::Folder => ("folder", b""),
        Kind::Fifo => ("fifo", b""),
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let ids = format!("{}:{} {:o}", entry.uid, entry.gid, entry.mode);
    format!("{} {kind} {} {} {ids}", hex(&parts.join(&b'/')), entry.data.size, hex(link))
}
