//! How a thread gets processor time: sched_setattr(2).

use std::io;

use crate::check;

/// What sched_setattr(2) takes; a field that a policy has no use for is zero.
///
/// Source: include/uapi/linux/sched/types.h, `struct sched_attr` in its first version.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Attributes {
    /// Bytes of this structure; whatever is in there, [`set`] fills it in.
    pub size: u32,
    /// `SCHED_*`.
    pub policy: u32,
    /// `SCHED_FLAG_*`.
    pub flags: u64,
    /// -20 to 19, for `SCHED_OTHER` and `SCHED_BATCH`.
    pub nice: i32,
    /// 1 to 99, for `SCHED_FIFO` and `SCHED_RR`.
    pub priority: u32,
    /// Nanoseconds in each period, for `SCHED_DEADLINE`.
    pub runtime: u64,
    /// Nanoseconds from the beginning of a period in which they are had.
    pub deadline: u64,
    /// Nanoseconds.
    pub period: u64,
}

/// `SCHED_ATTR_SIZE_VER0`.
const SIZE: u32 = 48;
const _: () = assert!(size_of::<Attributes>() == SIZE as usize);

/// Sets how this thread is scheduled; what it clones and executes is scheduled alike.
///
/// # Errors
/// - `EPERM`: no `CAP_SYS_NICE`; or a deadline for a thread that may not use all processors.
/// - `EINVAL`: a policy, flag or number that the kernel does not have, or that do not fit together.
/// - `EBUSY`: the deadlines that were promised already leave no room for this one.
///
/// Linux 3.14. Source: <https://man7.org/linux/man-pages/man2/sched_setattr.2.html>
pub fn set(attributes: Attributes) -> io::Result<()> {
    let attributes = Attributes { size: SIZE, ..attributes };
    // SAFETY: the structure outlives the call, and says how long it is; the kernel only reads it. The other two
    // numbers are this thread and no flags.
    let ret = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    check(ret).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_takes_what_is_the_default_and_refuses_what_is_not_a_policy() {
        assert!(set(Attributes::default()).is_ok());
        let unknown = set(Attributes { policy: 99, ..Attributes::default() }).unwrap_err();
        assert_eq!(unknown.raw_os_error(), Some(libc::EINVAL));
    }
}
