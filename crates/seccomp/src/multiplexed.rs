//! Two calls of 32-bit x86 that stand for many others, by their first argument: a rule about `socket` that did not
//! speak of `socketcall` would leave a second door open.

use oci::seccomp::{Argument, Operator};

/// A call and its way through another one: that one's number, the first argument, and the bits of it that count.
type Row = (&'static str, u32, u64, u64);

const SOCKETCALL: u32 = 102;
/// Above its lower half is a version, which changes nothing for us.
const IPC: u32 = 117;
const ALL: u64 = 0xffff_ffff;
const LOWER: u64 = 0xffff;

/// Source: linux/net.h (`SYS_*`), linux/ipc.h (`SEMOP` and the like).
const ROWS: [Row; 32] = [
    ("accept", SOCKETCALL, 5, ALL),
    ("accept4", SOCKETCALL, 18, ALL),
    ("bind", SOCKETCALL, 2, ALL),
    ("connect", SOCKETCALL, 3, ALL),
    ("getpeername", SOCKETCALL, 7, ALL),
    ("getsockname", SOCKETCALL, 6, ALL),
    ("getsockopt", SOCKETCALL, 15, ALL),
    ("listen", SOCKETCALL, 4, ALL),
    ("msgctl", IPC, 14, LOWER),
    ("msgget", IPC, 13, LOWER),
    ("msgrcv", IPC, 12, LOWER),
    ("msgsnd", IPC, 11, LOWER),
    ("recv", SOCKETCALL, 10, ALL),
    ("recvfrom", SOCKETCALL, 12, ALL),
    ("recvmmsg", SOCKETCALL, 19, ALL),
    ("recvmsg", SOCKETCALL, 17, ALL),
    ("semctl", IPC, 3, LOWER),
    ("semget", IPC, 2, LOWER),
    ("semop", IPC, 1, LOWER),
    ("semtimedop", IPC, 4, LOWER),
    ("send", SOCKETCALL, 9, ALL),
    ("sendmmsg", SOCKETCALL, 20, ALL),
    ("sendmsg", SOCKETCALL, 16, ALL),
    ("sendto", SOCKETCALL, 11, ALL),
    ("setsockopt", SOCKETCALL, 14, ALL),
    ("shmat", IPC, 21, LOWER),
    ("shmctl", IPC, 24, LOWER),
    ("shmdt", IPC, 22, LOWER),
    ("shmget", IPC, 23, LOWER),
    ("shutdown", SOCKETCALL, 13, ALL),
    ("socket", SOCKETCALL, 1, ALL),
    ("socketpair", SOCKETCALL, 8, ALL),
];

/// The other way to a call: a number, and the condition under which that is this call.
pub(crate) fn way(name: &str) -> Option<(u32, Argument)> {
    let at = ROWS.binary_search_by(|(known, ..)| (*known).cmp(name)).ok()?;
    let (_, number, call, mask) = ROWS[at];
    Some((number, Argument { index: 0, value: mask, value_two: call, operator: Operator::MaskedEqual }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        assert!(super::ROWS.is_sorted_by_key(|(name, ..)| name));
    }
}
