//! Why a program could not be executed. The kernel says "no such file" about a file that is there; this
//! looks at the file and says what is missing. Only after a failure: nothing here costs a start that works.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use fault::Fault;

/// What is wrong with the program at `path`, in the root that we are in.
pub(crate) fn exec(path: &Path, err: &io::Error) -> Fault {
    let name = path.display();
    let fault = Fault::of(err, format!("exec `{name}`"));
    let head = head(path).unwrap_or_default();
    let reason = match err.raw_os_error() {
        Some(2) => missing(&head),
        Some(8) => Some(not_a_program(&head)),
        Some(13) => Some(
            "the file is not executable for this user, or on a mount with `noexec`, or a folder on the way is closed"
                .to_string(),
        ),
        Some(7) => Some("arguments and environment are too long together: see `getconf ARG_MAX`".to_string()),
        _ => None,
    };
    fault.or_hint(reason)
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut head)?;
    Ok(head)
}

/// `ENOENT` for a file that is there is about its interpreter.
fn missing(head: &[u8]) -> Option<String> {
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).trim_matches([' ', '\t']).to_string();
        let interpreter = line.split([' ', '\t']).next().unwrap_or_default();
        return Some(match interpreter.strip_suffix('\r') {
            Some(plain) => format!(
                "the script's first line ends with a carriage return, so its interpreter is `{plain}\\r`: save it with \
                 Unix line ends (`sed -i 's/\\r$//'`)"
            ),
            None => format!("the script's interpreter `{interpreter}` is not in the container"),
        });
    }
    let loader = elf_interpreter(head)?;
    Some(format!(
        "the program's loader `{loader}` is not in the container: was it built for another distribution?"
    ))
}

fn not_a_program(head: &[u8]) -> String {
    if head.is_empty() {
        return "the file is empty".to_string();
    }
    let Some(machine) = elf_machine(head) else {
        return "it is neither a program nor a script with `#!` in its first line".to_string();
    };
    let ours = std::env::consts::ARCH;
    format!("it is a program for {}, and this machine is {ours}", name_of(machine))
}

fn elf_machine(head: &[u8]) -> Option<u16> {
    let bytes = head.strip_prefix(b"\x7fELF").and_then(|_| head.get(18..20))?;
    Some(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// Source: elf(5), `e_machine`.
fn name_of(machine: u16) -> String {
    match machine {
        3 => "x86".into(),
        40 => "arm".into(),
        62 => "x86_64".into(),
        183 => "aarch64".into(),
        243 => "riscv".into(),
        21 => "powerpc64".into(),
        22 => "s390x".into(),
        other => format!("machine number {other}"),
    }
}

/// The path in a 64-bit little-endian program's `PT_INTERP`. Source: elf(5).
fn elf_interpreter(head: &[u8]) -> Option<String> {
    const PT_INTERP: u32 = 3;
    head.strip_prefix(b"\x7fELF\x02\x01")?;
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = head.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for at in (0..count.min(64)).filter_map(|header| start.checked_add(header.checked_mul(size)?)) {
        if number(at, 4)? == usize::try_from(PT_INTERP).ok()? {
            let (offset, length) = (number(at.checked_add(8)?, 8)?, number(at.checked_add(32)?, 8)?);
            let path = head.get(offset..offset.checked_add(length)?)?;
            return Some(String::from_utf8_lossy(path).trim_end_matches('\0').to_string());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_its_first_line_lacks() {
        assert!(missing(b"#!/bin/nope -x\necho").unwrap().contains("`/bin/nope` is not in the container"));
        assert!(missing(b"#!/bin/sh\r\necho\r\n").unwrap().contains("carriage return"));
        assert!(not_a_program(b"echo hello").contains("neither"));
        assert!(not_a_program(b"").contains("empty"));
    }

    #[test]
    fn our_own_program_is_understood_and_any_part_of_it_is_no_trouble() {
        let head = head(Path::new("/proc/self/exe")).unwrap();
        assert_eq!(name_of(elf_machine(&head).unwrap()), std::env::consts::ARCH);
        for length in 0..head.len() {
            let _ = (elf_interpreter(&head[..length]), elf_machine(&head[..length]));
        }
        let foreign = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 11], &[183, 0]].concat();
        assert!(not_a_program(&foreign).contains("aarch64"));
    }
}
