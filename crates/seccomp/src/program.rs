//! Programs of the kernel's classic packet filter, as far as seccomp knows them.

use serde::{Deserialize, Serialize};

/// One instruction: `struct sock_filter`. Source: linux/filter.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to skip if a comparison is true.
    pub yes: u8,
    /// Instructions to skip if it is not.
    pub no: u8,
    /// The value at hand.
    pub value: u32,
}

/// A filter, ready for the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Instructions, each as one number: 16 bits of code, 8 and 8 of jumps, 32 of value.
    packed: Vec<u64>,
    /// `SECCOMP_FILTER_FLAG_*`. Source: seccomp(2).
    pub flags: u32,
    /// Some calls are decided by another process, which gets a descriptor for that.
    pub notifies: bool,
}

/// `BPF_LD | BPF_W | BPF_ABS`, `BPF_JMP | ...`, `BPF_RET | BPF_K`. Source: linux/bpf_common.h.
const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_EQUAL: u16 = 0x35;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

/// Where things are in `struct seccomp_data`. Source: linux/seccomp.h.
pub(crate) const NUMBER: u32 = 0;
pub(crate) const ARCH: u32 = 4;
/// Lower half of an argument; the upper one is 4 bytes on. All our machines are little-endian.
pub(crate) fn argument(index: u32) -> u32 {
    16 + 8 * index
}

impl Instruction {
    pub(crate) fn load(offset: u32) -> Instruction {
        Instruction { code: LOAD, yes: 0, no: 0, value: offset }
    }

    pub(crate) fn and(mask: u32) -> Instruction {
        Instruction { code: AND, yes: 0, no: 0, value: mask }
    }

    pub(crate) fn skip(count: u32) -> Instruction {
        Instruction { code: JUMP, yes: 0, no: 0, value: count }
    }

    pub(crate) fn give(value: u32) -> Instruction {
        Instruction { code: RETURN, yes: 0, no: 0, value }
    }

    pub(crate) fn if_equal(value: u32, yes: u8, no: u8) -> Instruction {
        Instruction { code: JUMP_EQUAL, yes, no, value }
    }

    pub(crate) fn if_greater(value: u32, yes: u8, no: u8) -> Instruction {
        Instruction { code: JUMP_GREATER, yes, no, value }
    }

    pub(crate) fn if_greater_equal(value: u32, yes: u8, no: u8) -> Instruction {
        Instruction { code: JUMP_GREATER_EQUAL, yes, no, value }
    }
}

impl Filter {
    pub(crate) fn new(instructions: &[Instruction], flags: u32, notifies: bool) -> Filter {
        let pack = |one: &Instruction| {
            u64::from(one.code) << 48
                | u64::from(one.yes) << 40
                | u64::from(one.no) << 32
                | u64::from(one.value)
        };
        Filter { packed: instructions.iter().map(pack).collect(), flags, notifies }
    }

    /// The instructions, in order.
    pub fn instructions(&self) -> impl ExactSizeIterator<Item = Instruction> + '_ {
        self.packed.iter().map(|packed| {
            let bytes = packed.to_be_bytes();
            Instruction {
                code: u16::from_be_bytes([bytes[0], bytes[1]]),
                yes: bytes[2],
                no: bytes[3],
                value: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
            }
        })
    }
}
