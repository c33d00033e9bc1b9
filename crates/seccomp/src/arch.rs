//! Architectures: the number that the kernel tells a filter, and the column of the table of system calls.

/// An architecture whose calls can be made on a machine that we run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// 64 bits, x86.
    X86_64,
    /// 32 bits, x86.
    X86,
    /// 32-bit pointers on a 64-bit x86: the same number for the kernel, and a bit in those of the calls.
    X32,
    /// 64 bits, ARM.
    Aarch64,
    /// 32 bits, ARM.
    Arm,
    /// 64 bits, RISC-V.
    Riscv64,
}

/// Set in the number of every call of x32. Source: asm/unistd.h, `__X32_SYSCALL_BIT`.
pub(crate) const X32_BIT: u32 = 0x4000_0000;

/// Names of the specification. Those that stand for an architecture of another machine cannot happen here:
/// no process can make such a call, so there is nothing to filter.
const NAMES: [(&str, Option<Arch>); 23] = [
    ("SCMP_ARCH_AARCH64", Some(Arch::Aarch64)),
    ("SCMP_ARCH_ARM", Some(Arch::Arm)),
    ("SCMP_ARCH_LOONGARCH64", None),
    ("SCMP_ARCH_M68K", None),
    ("SCMP_ARCH_MIPS", None),
    ("SCMP_ARCH_MIPS64", None),
    ("SCMP_ARCH_MIPS64N32", None),
    ("SCMP_ARCH_MIPSEL", None),
    ("SCMP_ARCH_MIPSEL64", None),
    ("SCMP_ARCH_MIPSEL64N32", None),
    ("SCMP_ARCH_PARISC", None),
    ("SCMP_ARCH_PARISC64", None),
    ("SCMP_ARCH_PPC", None),
    ("SCMP_ARCH_PPC64", None),
    ("SCMP_ARCH_PPC64LE", None),
    ("SCMP_ARCH_RISCV64", Some(Arch::Riscv64)),
    ("SCMP_ARCH_S390", None),
    ("SCMP_ARCH_S390X", None),
    ("SCMP_ARCH_SH", None),
    ("SCMP_ARCH_SHEB", None),
    ("SCMP_ARCH_X32", Some(Arch::X32)),
    ("SCMP_ARCH_X86", Some(Arch::X86)),
    ("SCMP_ARCH_X86_64", Some(Arch::X86_64)),
];

impl Arch {
    /// The one that this program was built for.
    pub fn native() -> Arch {
        if cfg!(target_arch = "aarch64") {
            Arch::Aarch64
        } else if cfg!(target_arch = "riscv64") {
            Arch::Riscv64
        } else {
            Arch::X86_64
        }
    }

    /// The specification knows such a name.
    pub(crate) fn is_known(name: &str) -> bool {
        NAMES.iter().any(|(known, _)| *known == name)
    }

    /// By the specification's name, if it is one of machines that we run on.
    pub(crate) fn named(name: &str) -> Option<Arch> {
        NAMES.iter().find(|(known, _)| *known == name).and_then(|(_, arch)| *arch)
    }

    /// Calls of this one can be made on a machine whose own is `native`.
    pub(crate) fn happens_on(self, native: Arch) -> bool {
        match native {
            Arch::X86_64 | Arch::X86 | Arch::X32 => matches!(self, Arch::X86_64 | Arch::X86 | Arch::X32),
            Arch::Aarch64 | Arch::Arm => matches!(self, Arch::Aarch64 | Arch::Arm),
            Arch::Riscv64 => self == Arch::Riscv64,
        }
    }

    /// What the kernel tells a filter. Source: linux/audit.h, `AUDIT_ARCH_*`.
    pub fn audit(self) -> u32 {
        match self {
            Arch::X86_64 | Arch::X32 => 0xc000_003e,
            Arch::X86 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
            Arch::Arm => 0x4000_0028,
            Arch::Riscv64 => 0xc000_00f3,
        }
    }

    /// Its arguments have 64 bits. Of those of the others the lower half counts, as with libseccomp.
    pub(crate) fn is_wide(self) -> bool {
        !matches!(self, Arch::X86 | Arch::X32 | Arch::Arm)
    }

    pub(crate) fn column(self) -> usize {
        match self {
            Arch::X86_64 => 0,
            Arch::X86 => 1,
            Arch::X32 => 2,
            Arch::Aarch64 => 3,
            Arch::Arm => 4,
            Arch::Riscv64 => 5,
        }
    }
}

/// All architectures whose calls can be filtered here, as the specification names them.
pub fn architectures() -> Vec<&'static str> {
    let here = |arch: &Option<Arch>| arch.is_some_and(|arch| arch.happens_on(Arch::native()));
    NAMES.iter().filter(|(_, arch)| here(arch)).map(|(name, _)| *name).collect()
}
