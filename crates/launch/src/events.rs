//! What happens to a container, as it happens: what it uses from time to time, and that it ran out of memory.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cgroup::stats::Stats;
use fault::{Doing, Fault, Kind, Result};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify;
use rustix::io::retry_on_intr;

use crate::Container;
use crate::stats::{counting, stats};
use crate::update::cgroups;

/// One of them.
#[derive(Debug)]
pub enum Event {
    /// What it has used so far.
    Stats(Box<Stats>),
    /// The kernel ended a process of it, because there was no memory left for it.
    OutOfMemory,
}

/// Tells what happens until the container has stopped; what it has used each time that `interval` has passed.
///
/// # Errors
/// `WrongState`, in words that callers search for: "container not running". What `tell` failed with.
pub fn events(
    container: &Container,
    interval: Duration,
    mut tell: impl FnMut(Event) -> Result<()>,
) -> Result<()> {
    let first = container.pidfd()?.ok_or_else(|| {
        Fault::new(Kind::WrongState, format!("watch container `{}`", container.id()))
            .because("container not running")
    })?;
    let cgroups = cgroups(container);
    let mut memory = counting(&cgroups, "memory").map(Memory::watch).transpose()?.flatten();
    let mut next = Instant::now() + interval;
    loop {
        let ended = wait(&first, memory.as_ref(), next)?;
        if memory.as_mut().is_some_and(Memory::ran_out) {
            tell(Event::OutOfMemory)?;
        }
        if ended {
            return Ok(());
        }
        if Instant::now() >= next {
            tell(Event::Stats(Box::new(stats(container)?)))?;
            next += interval;
        }
    }
}

/// Waits for the end of the first process, for news about memory, or for a point in time. It has ended?
fn wait(first: &OwnedFd, memory: Option<&Memory>, until: Instant) -> Result<bool> {
    let left = until.saturating_duration_since(Instant::now());
    // An interval that does not fit is as good as none.
    let left = Timespec::try_from(left).ok();
    let mut wanted = vec![PollFd::new(first, PollFlags::IN)];
    wanted.extend(memory.map(|memory| PollFd::new(&memory.news, PollFlags::IN)));
    retry_on_intr(|| poll(&mut wanted, left.as_ref())).doing(|| "wait for what happens")?;
    Ok(!wanted[0].revents().is_empty())
}

/// Where the kernel says that there was no memory left.
struct Memory {
    /// Readable when something may have happened.
    news: OwnedFd,
    /// Counts with them: v2's `memory.events`, or v1's `cgroup.event_control`, which goes with the cgroup.
    file: PathBuf,
    /// How often it happened, as v2 counts.
    so_far: Option<u64>,
}

impl Memory {
    /// Nothing, if this cgroup does not count memory.
    fn watch(cgroup: &Path) -> Result<Option<Memory>> {
        let (v2, v1) = (cgroup.join("memory.events"), cgroup.join("memory.oom_control"));
        if v2.exists() {
            let doing = || format!("watch `{}`", v2.display());
            let news = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK);
            let news = news.doing(doing)?;
            inotify::add_watch(&news, &v2, inotify::WatchFlags::MODIFY).doing(doing)?;
            return Ok(Some(Memory { news, so_far: Some(kills(&v2)), file: v2 }));
        }
        if !v1.exists() {
            return Ok(None);
        }
        let news = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).doing(|| "make an eventfd")?;
        let control = cgroup.join("cgroup.event_control");
        register(&news, &v1, &control).doing(|| format!("watch `{}`", v1.display()))?;
        Ok(Some(Memory { news, so_far: None, file: control }))
    }

    /// It happened since the last look.
    fn ran_out(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = rustix::io::read(&self.news, &mut bytes);
        if let Some(so_far) = &mut self.so_far {
            let before = std::mem::replace(so_far, kills(&self.file).max(*so_far));
            return *so_far > before;
        }
        // The end of the cgroup counts as well.
        let counted = bytes.first_chunk().copied().map_or(0, u64::from_ne_bytes);
        read.is_ok() && counted > u64::from(!self.file.exists())
    }
}

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>, 10. OOM Control
fn register(news: &OwnedFd, watched: &Path, control: &Path) -> std::io::Result<()> {
    let watched = fs::File::open(watched)?;
    let number = |fd: &dyn AsFd| std::os::fd::AsRawFd::as_raw_fd(&fd.as_fd());
    fs::write(control, format!("{} {}", number(news), number(&watched)))
}

/// How many processes of a cgroup were ended because its memory was used up.
pub(crate) fn oom_kills(cgroup: &Path) -> u64 {
    kills(&cgroup.join("memory.events")).max(kills(&cgroup.join("memory.oom_control")))
}

fn kills(events: &Path) -> u64 {
    fs::read_to_string(events).ok().and_then(|text| cgroup::stats::key(&text, "oom_kill")).unwrap_or(0)
}
