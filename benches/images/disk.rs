//! A disk for all engines: a file with a fresh ext4 in it, which lies over `/tmp` in our mount namespace.
//!
//! It is the same for everybody, whatever the machine's own is like: on an ext4 without a journal, whoever makes files
//! soon after somebody else has removed some waits for many seconds. And it takes along all that an engine leaves.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use bench::Result;
use rustix::mount::{MountFlags, mount};

/// Where it lies: what is temporary on this machine, so that every folder of ours is on it.
#[derive(Debug)]
pub(crate) struct Disk {
    root: File,
}

/// It takes only as much room as was ever written.
const BYTES: u64 = 40 << 30;

impl Disk {
    /// Makes it. It goes with the last process of our mount namespace.
    pub(crate) fn over_tmp() -> Result<Disk> {
        let file = crate::made::folder().join(format!("disk-{}", std::process::id()));
        let made = File::create(&file).and_then(|made| made.set_len(BYTES)).map_err(|err| err.to_string());
        let device = made
            .and_then(|()| run(Command::new("mkfs.ext4").arg("-q").arg(&file)))
            // Past the page cache of the file: everything would be in memory twice.
            .and_then(|_| {
                run(Command::new("losetup").args(["--find", "--show", "--direct-io=on"]).arg(&file))
            });
        let _ = fs::remove_file(&file);
        let device = device?;
        let tmp = std::env::temp_dir();
        let mounted = mount(device.trim(), &tmp, "ext4", MountFlags::empty(), None);
        // From now on the mount alone holds it.
        run(Command::new("losetup").args(["--detach", device.trim()]))?;
        mounted.map_err(|err| format!("cannot mount a disk over `{}`: {err}", tmp.display()))?;
        // What runs as somebody else writes there, too; and daemons write to `/run`, whatever they are told.
        run(Command::new("chmod").arg("1777").arg(&tmp))?;
        mount("tmpfs", "/run", "tmpfs", MountFlags::empty(), None)
            .map_err(|err| format!("cannot mount a tmpfs on `/run`: {err}"))?;
        File::open(&tmp).map(|root| Disk { root }).map_err(|err| err.to_string())
    }

    /// Everything that was written is on it: nobody waits for what others wrote.
    pub(crate) fn sync(&self) -> Result<()> {
        rustix::fs::syncfs(&self.root).map_err(|err| format!("cannot sync the disk: {err}"))
    }

    /// Bytes that are not free.
    pub(crate) fn used(&self) -> Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.root).map_err(|err| err.to_string())?;
        Ok((stat.f_blocks - stat.f_bfree) * stat.f_frsize)
    }
}

/// Runs a command that must work; what it says.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let program = Path::new(command.get_program()).display().to_string();
    let out = command.output().map_err(|err| format!("cannot run `{program}`: {err}"))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(format!("`{program}` failed: {}", String::from_utf8_lossy(&out.stderr).trim()))
}
