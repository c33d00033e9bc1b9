//! Who the process is, and what it may do.

use std::os::fd::BorrowedFd;

use fault::{Doing, Fault, Kind, Result};
use plan::{Capability, Limit, Sets};
use rustix::fs::{FileType, Gid, Uid};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{self, CapabilitySet, CapabilitySets};

/// `UNIX98_PTY_SLAVE_MAJOR`: terminals of devpts.
const PTS: u32 = 136;

/// Gives pipes, sockets and terminals on the standard streams to the user, who could not open
/// `/dev/stdout` otherwise. Never a file or a device: those belong to somebody already (CVE-2026-88265).
pub(super) fn own_streams(uid: u32) -> Result<()> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    for stream in streams {
        if is_ours(stream) {
            match rustix::fs::fchown(stream, Some(Uid::from_raw(uid)), None) {
                // A caller in another user namespace made it; then it stays as it is.
                Ok(())
                | Err(rustix::io::Errno::PERM | rustix::io::Errno::INVAL | rustix::io::Errno::ROFS) => {}
                Err(err) => return Err(err).doing(|| "own the standard streams"),
            }
        }
    }
    Ok(())
}

fn is_ours(stream: BorrowedFd<'_>) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|stat| match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo | FileType::Socket => true,
        FileType::CharacterDevice => rustix::fs::major(stat.st_rdev) == PTS,
        _ => false,
    })
}

pub(super) fn set_limits(limits: &[Limit]) -> Result<()> {
    for limit in limits {
        let Some(resource) = resource(limit.resource.0) else { continue };
        let value = |value| (value != u64::MAX).then_some(value);
        let rlimit = Rlimit { current: value(limit.soft), maximum: value(limit.hard) };
        let doing = || format!("set RLIMIT_{} to {} of {}", limit.resource, limit.soft, limit.hard);
        setrlimit(resource, rlimit).doing(doing).map_err(|fault| match fault.errno() {
            Some(1) => fault.hint("raising a hard limit needs CAP_SYS_RESOURCE; see our own by `ulimit -aH`"),
            _ => fault,
        })?;
    }
    Ok(())
}

/// By the kernel's number. Source: `asm-generic/resource.h`.
fn resource(number: u8) -> Option<Resource> {
    const ALL: [Resource; 16] = [
        Resource::Cpu,
        Resource::Fsize,
        Resource::Data,
        Resource::Stack,
        Resource::Core,
        Resource::Rss,
        Resource::Nproc,
        Resource::Nofile,
        Resource::Memlock,
        Resource::As,
        Resource::Locks,
        Resource::Sigpending,
        Resource::Msgqueue,
        Resource::Nice,
        Resource::Rtprio,
        Resource::Rttime,
    ];
    ALL.get(usize::from(number)).copied()
}

/// Drops what no program is ever to have, while there is the capability to do so. Those that the kernel
/// does not know are not there to be dropped.
pub(super) fn drop_bounding(keep: u64) -> Result<()> {
    for number in (0..64_u8).filter(|number| keep & (1 << number) == 0) {
        match thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Err(rustix::io::Errno::INVAL) => return Ok(()),
            other => other.doing(|| format!("drop {}", plan::capability_name(Capability(number))))?,
        }
    }
    Ok(())
}

/// Groups first, then the group, then the user: after the last there is no right to the others.
pub(super) fn set_user(uid: u32, gid: u32, groups: Option<&[u32]>) -> Result<()> {
    thread::set_keep_capabilities(true).doing(|| "keep capabilities across it")?;
    if let Some(groups) = groups {
        let groups: Vec<Gid> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
        thread::set_thread_groups(&groups).doing(|| "use `process.user.additionalGids`")?;
    }
    thread::set_thread_gid(Gid::from_raw(gid)).doing(|| "use `process.user.gid`")?;
    thread::set_thread_uid(Uid::from_raw(uid)).doing(|| "use `process.user.uid`")?;
    thread::set_keep_capabilities(false).doing(|| "forget to keep capabilities")
}

/// Sets them, and reads them back: a program never runs with others than were asked for.
pub(super) fn set_capabilities(sets: Sets) -> Result<()> {
    let bits = CapabilitySet::from_bits_retain;
    let wanted = CapabilitySets {
        effective: bits(sets.effective),
        permitted: bits(sets.permitted),
        inheritable: bits(sets.inheritable),
    };
    thread::set_capabilities(None, wanted).doing(|| "use `process.capabilities`")?;
    thread::clear_ambient_capability_set().doing(|| "clear ambient capabilities")?;
    for number in (0..64_u8).filter(|number| sets.ambient & (1 << number) != 0) {
        thread::configure_capability_in_ambient_set(bits(1 << number), true).doing(|| {
            format!("use `process.capabilities.ambient`: {}", plan::capability_name(Capability(number)))
        })?;
    }
    let got = thread::capabilities(None).doing(|| "read capabilities back")?;
    let sum = |sets: &CapabilitySets| (sets.effective, sets.permitted, sets.inheritable);
    if sum(&got) == sum(&wanted) {
        return Ok(());
    }
    Err(Fault::new(Kind::Denied, "use `process.capabilities`").because("the kernel has set others"))
}

pub(super) fn no_new_privileges() -> Result<()> {
    thread::set_no_new_privs(true).doing(|| "forbid new privileges")
}
