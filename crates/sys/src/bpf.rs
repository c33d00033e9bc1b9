//! Programs for a cgroup's devices: bpf(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::check;

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
/// Lets programs of nested cgroups all have their say: each must allow.
const BPF_F_ALLOW_MULTI: u32 = 1 << 1;

/// One instruction, as the kernel has it: `struct bpf_insn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Operation, class and source.
    pub code: u8,
    /// Destination register in the low four bits, source register in the high four.
    pub registers: u8,
    /// Jump distance or memory offset.
    pub offset: i16,
    /// Constant.
    pub immediate: i32,
}

/// `union bpf_attr`, whole and zeroed. Some kernels write past a shorter one: Linux 6.17 stores `revision`
/// at byte 56 whatever size was passed, so this is never smaller than the kernel's own.
#[repr(C, align(8))]
struct Attr([u8; 256]);

impl Attr {
    fn new() -> Attr {
        Attr([0; 256])
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Attr {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn call(&mut self, command: libc::c_int) -> io::Result<libc::c_long> {
        // SAFETY: the attribute is a zeroed buffer of the size passed that outlives the call; the pointers
        // in it were put there by the callers below and outlive it too.
        check(unsafe { libc::syscall(libc::SYS_bpf, command, self.0.as_mut_ptr(), self.0.len()) })
    }
}

/// Loads a program that says which devices may be used.
///
/// # Errors
/// - `EPERM`: no `CAP_BPF` (or `CAP_SYS_ADMIN`).
/// - `EINVAL`/`EACCES`: the verifier refused the program.
///
/// Linux 4.15. Source: <https://man7.org/linux/man-pages/man2/bpf.2.html>
pub fn load_device_program(instructions: &[Instruction]) -> io::Result<OwnedFd> {
    let count = u32::try_from(instructions.len()).map_err(io::Error::other)?;
    let mut attr = Attr::new();
    attr.put(0, &BPF_PROG_TYPE_CGROUP_DEVICE.to_ne_bytes())
        .put(4, &count.to_ne_bytes())
        .put(8, &(instructions.as_ptr() as u64).to_ne_bytes())
        .put(16, &(c"Apache-2.0".as_ptr() as u64).to_ne_bytes());
    let fd = libc::c_int::try_from(attr.call(BPF_PROG_LOAD)?).map_err(io::Error::other)?;
    // SAFETY: the kernel made this descriptor for us just now; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes `program` one of those that decide for the cgroup `directory` (cgroup v2), until that is removed.
///
/// # Errors
/// - `EPERM`: no `CAP_NET_ADMIN` or `CAP_BPF`, or a cgroup above forbids it.
/// - `EINVAL`/`EBADF`: `directory` is not a cgroup v2 directory.
pub fn attach_device_program(program: BorrowedFd<'_>, directory: BorrowedFd<'_>) -> io::Result<()> {
    Attr::new()
        .put(0, &directory.as_raw_fd().to_ne_bytes())
        .put(4, &program.as_raw_fd().to_ne_bytes())
        .put(8, &BPF_CGROUP_DEVICE.to_ne_bytes())
        .put(12, &BPF_F_ALLOW_MULTI.to_ne_bytes())
        .call(BPF_PROG_ATTACH)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_program_is_accepted_by_the_verifier() {
        let allow = [
            Instruction { code: 0xb7, registers: 0, offset: 0, immediate: 1 },
            Instruction { code: 0x95, registers: 0, offset: 0, immediate: 0 },
        ];
        match load_device_program(&allow) {
            Ok(_) => assert!(load_device_program(&allow[1..]).is_err(), "returns nothing, and was accepted"),
            Err(err) => assert_eq!(err.raw_os_error(), Some(libc::EPERM), "only a lack of privilege: {err}"),
        }
    }
}
