//! The kernel's packet filter, as far as seccomp allows it. Source: linux/bpf_common.h, seccomp(2).

use seccomp::Filter;

/// A system call as a filter sees it: `struct seccomp_data`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) arch: u32,
    pub(crate) args: [u64; 6],
}

/// A program.
pub(crate) struct Program(Vec<(u16, u8, u8, u32)>);

impl From<&Filter> for Program {
    fn from(filter: &Filter) -> Program {
        Program(filter.instructions().map(|one| (one.code, one.yes, one.no, one.value)).collect())
    }
}

impl Program {
    /// As `seccomp_export_bpf` writes it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Program {
        let one = |b: &[u8]| {
            (u16::from_ne_bytes([b[0], b[1]]), b[2], b[3], u32::from_ne_bytes([b[4], b[5], b[6], b[7]]))
        };
        Program(bytes.chunks_exact(8).map(one).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What it says about a call.
    pub(crate) fn run(&self, call: &Call) -> u32 {
        let (mut accumulator, mut at) = (0_u32, 0_usize);
        loop {
            let (code, yes, no, value) = self.0[at];
            at += 1;
            let branch = |holds: bool| usize::from(if holds { yes } else { no });
            match code {
                0x20 => accumulator = load(call, value),
                0x05 => at += value as usize,
                0x15 => at += branch(accumulator == value),
                0x25 => at += branch(accumulator > value),
                0x35 => at += branch(accumulator >= value),
                0x45 => at += branch(accumulator & value != 0),
                0x54 => accumulator &= value,
                0x06 => return value,
                other => panic!("{other:#x} is not an instruction of seccomp"),
            }
        }
    }
}

fn load(call: &Call, offset: u32) -> u32 {
    match offset {
        0 => call.number,
        4 => call.arch,
        16..=60 => {
            let arg = call.args[(offset as usize - 16) / 8];
            if offset.is_multiple_of(8) { (arg & 0xffff_ffff) as u32 } else { (arg >> 32) as u32 }
        }
        other => panic!("nothing is loaded from {other}"),
    }
}
