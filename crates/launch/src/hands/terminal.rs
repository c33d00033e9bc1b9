//! The container's terminal.

use std::os::fd::AsFd;
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{Hands, mount};
use crate::rootfs::Links;

/// `DEVPTS_SUPER_MAGIC`.
const DEVPTS: u64 = 0x1cd1;

impl Hands<'_> {
    /// Opens a terminal. Its inner end comes from its outer end, not from a path: a link at `/dev/pts/0` or
    /// `/dev/console` has no say in what we open (CVE-2025-52565).
    pub(super) fn make_console(&mut self, rows: u16, columns: u16, console: bool) -> Result<()> {
        let path = Path::new("/dev/pts/ptmx");
        let outer = self
            .root()?
            .open(path, OFlags::RDWR | OFlags::NOCTTY, Links::Refuse)
            .doing(|| "open `/dev/pts/ptmx`")
            .map_err(|fault| fault.hint("a terminal needs a mount of type `devpts` on `/dev/pts`"))?;
        let stat = rustix::fs::fstatfs(&outer).doing(|| "look at `/dev/pts/ptmx`")?;
        if u64::try_from(stat.f_type) != Ok(DEVPTS) {
            return Err(Fault::invalid("process.terminal", "`/dev/pts` is not a devpts"));
        }
        unlockpt(&outer).doing(|| "unlock the terminal")?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let inner = ioctl_tiocgptpeer(&outer, flags).doing(|| "open the terminal's inner end")?;
        if rows > 0 && columns > 0 {
            let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
            tcsetwinsize(&outer, size).doing(|| "use `process.consoleSize`")?;
        }
        if console {
            let target = self
                .root()?
                .make_file(Path::new("/dev/console"), Links::Refuse)
                .doing(|| "make `/dev/console`")?;
            let tree = mount::clone_fd(inner.as_fd(), false).doing(|| "bind the terminal")?;
            mount::attach(tree.as_fd(), target.as_fd()).doing(|| "bind the terminal on `/dev/console`")?;
        }
        let to = self.console.take().ok_or_else(|| {
            Fault::new(Kind::Invalid, "use `process.terminal`")
                .because("nobody is there to take the terminal")
        })?;
        to.send(outer.as_fd())?;
        self.terminal = Some(inner);
        Ok(())
    }

    /// Leaves the caller's session: no signal of its terminal reaches us, and we cannot type into it
    /// (TIOCSTI). With a terminal of our own, that one becomes the controlling one and the standard streams.
    pub(super) fn new_session(&mut self, terminal: bool) -> Result<()> {
        // Nor can somebody in a pid namespace that we have joined look into us.
        let hidden = rustix::process::DumpableBehavior::NotDumpable;
        rustix::process::set_dumpable_behavior(hidden).doing(|| "hide from other processes")?;
        rustix::process::setsid().doing(|| "start a session")?;
        let Some(tty) = self.terminal.take().filter(|_| terminal) else { return Ok(()) };
        rustix::process::ioctl_tiocsctty(&tty).doing(|| "take the terminal as the controlling one")?;
        rustix::stdio::dup2_stdin(&tty).doing(|| "put the terminal on stdin")?;
        rustix::stdio::dup2_stdout(&tty).doing(|| "put the terminal on stdout")?;
        rustix::stdio::dup2_stderr(&tty).doing(|| "put the terminal on stderr")
    }
}
