//! The folder of one container.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::{FlockOperation, OFlags};
use serde::{Serialize, de::DeserializeOwned};

use super::{Record, State};

/// A folder that is made anew is removed by somebody who sweeps at most so often.
const TRIES: usize = 1000;
/// Bytes of the largest file that is read.
const LARGEST: u64 = 64 << 20;
/// `ELOOP`: it is a link.
const LOOP: i32 = 40;
/// `ENOSPC` and `EDQUOT`.
const NO_SPACE: i32 = 28;
const OVER_QUOTA: i32 = 122;

/// The folder of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// Nobody else is the container's monitor, or changes what only a monitor may change, while this is open: here, and
/// in whoever has inherited it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// A container's processes are held still as long as this is there.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    _file: File,
}

impl Held {
    /// They have been let go of.
    pub fn end(self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Lock {
    /// For a program that is to inherit it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// From a descriptor that was inherited.
    pub fn inherited(file: File) -> Lock {
        Lock { file }
    }

    /// Lets go, for all who have inherited it.
    pub fn release(self) {
        // Closing it is the other way, which nobody hears of who has it open as well.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }

    /// Holds it, if one who has inherited it may have let go. False if somebody else holds it by now.
    pub fn again(&self) -> Result<bool> {
        match rustix::fs::flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(err) => Err(err).doing(|| "lock the container again"),
        }
    }
}

impl Folder {
    pub(super) fn at(path: PathBuf) -> Folder {
        Folder { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a container has changed of its image.
    pub fn changes(&self) -> PathBuf {
        self.path.join("changes")
    }

    /// What it printed; older parts have a dot and a number behind it.
    pub fn log(&self) -> PathBuf {
        self.path.join("container.log")
    }

    /// The socket that its monitor listens at.
    pub fn socket(&self) -> PathBuf {
        self.path.join("monitor")
    }

    /// Makes it, and locks it. Somebody who sweeps may find it between the two, and remove it.
    pub(super) fn make(&self) -> Result<Lock> {
        let doing = || format!("make `{}`", self.path.display());
        for _ in 0..TRIES {
            match fs::DirBuilder::new().mode(0o700).create(&self.path) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.doing(doing)?,
            }
            match self.try_lock() {
                Ok(Some(lock)) if self.is_own(&lock) => return Ok(lock),
                Err(fault) if fault.kind() != Kind::NotFound => return Err(fault),
                _ => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        }
        Err(Fault::new(Kind::Unavailable, doing()).because("somebody removes it again and again"))
    }

    /// What was locked is what is there now.
    fn is_own(&self, lock: &Lock) -> bool {
        let there = fs::metadata(self.path.join("lock")).map(|file| (file.dev(), file.ino()));
        let locked = lock.file.metadata().map(|file| (file.dev(), file.ino()));
        matches!((there, locked), (Ok(there), Ok(locked)) if there == locked)
    }

    /// It was not finished.
    pub(super) fn has_no_record(&self) -> bool {
        let missing = |err: io::Error| err.kind() == io::ErrorKind::NotFound;
        fs::symlink_metadata(self.path.join("container.json")).is_err_and(missing)
    }

    /// What was asked for; nothing, if it was never finished or is gone.
    pub fn record(&self) -> Result<Option<Record>> {
        read(&self.path.join("container.json"))
    }

    /// Writes down what was asked for.
    pub fn write_record(&self, record: &Record) -> Result<()> {
        // One that goes with its program has nothing to tell after a power cut.
        write(&self.path.join("container.json"), record, !record.request.auto_remove)
    }

    /// How its program is, as far as it was written down.
    pub fn state(&self) -> Result<State> {
        Ok(read(&self.path.join("state.json"))?.unwrap_or_default())
    }

    /// Writes down how its program is. For who holds the lock.
    pub fn write_state(&self, state: &State) -> Result<()> {
        let path = self.path.join("state.json");
        write(&path, state, false).or_else(|fault| match fault.errno() {
            // There is no room for another file, but for what is in this one.
            Some(NO_SPACE | OVER_QUOTA) => write_over(&path, state).map_err(|_| fault),
            _ => Err(fault),
        })
    }

    /// The steps of its last start, and the microseconds of each.
    pub fn timeline(&self) -> Result<Vec<(String, u64)>> {
        Ok(read(&self.path.join("timeline.json"))?.unwrap_or_default())
    }

    /// Writes down how long each step of its start took. Apart from its state, which each `ps` reads.
    pub fn write_timeline(&self, steps: &[(String, u64)]) -> Result<()> {
        write(&self.path.join("timeline.json"), &steps, false)
    }

    /// Somebody wants it to stay stopped.
    pub fn is_stopped(&self) -> bool {
        self.path.join("stopped").exists()
    }

    /// From here on its end is what somebody has asked for.
    pub fn set_stopped(&self, stopped: bool) -> Result<()> {
        let path = self.path.join("stopped");
        let doing = || format!("write `{}`", path.display());
        if stopped {
            return OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)
                .map(drop)
                .doing(doing);
        }
        match fs::remove_file(&path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err).doing(doing),
            _ => Ok(()),
        }
    }

    /// Writes down how it went when somebody stopped it; nothing of it is needed for anything but to be told.
    pub fn note_stop(&self, note: &str) {
        let written = fs::write(self.path.join("stopped"), note);
        drop(written);
    }

    /// What was written down when it was stopped.
    pub fn stop_note(&self) -> String {
        fs::read_to_string(self.path.join("stopped")).unwrap_or_default()
    }

    /// Becomes the one who may change its state; nothing if there is one, which is its monitor nearly always.
    pub fn try_lock(&self) -> Result<Option<Lock>> {
        let path = self.path.join("lock");
        let doing = || format!("lock `{}`", path.display());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .doing(doing)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(err) => Err(err).doing(doing),
        }
    }

    /// It is not there.
    ///
    /// # Errors
    /// It cannot be found out, which is no reason to take it for gone.
    pub fn is_gone(&self) -> Result<bool> {
        let there = self.path.try_exists();
        there.map(|there| !there).doing(|| format!("look for `{}`", self.path.display()))
    }

    /// Its processes are held still by us, and are let go of by whoever comes next if we are killed.
    pub fn hold_still(&self) -> Result<Held> {
        let path = self.path.join("held");
        let doing = || format!("make `{}`", path.display());
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).doing(doing)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            .doing(doing)
            .map_err(|fault| fault.because("another command holds it still"))?;
        Ok(Held { path, _file: file })
    }

    /// Who held its processes still was killed.
    pub fn is_held_by_nobody(&self) -> bool {
        let Ok(file) = File::open(self.path.join("held")) else { return false };
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok()
    }

    /// Nobody has held it still.
    pub fn forget_held(&self) {
        let _ = fs::remove_file(self.path.join("held"));
    }

    /// It has a monitor.
    pub fn is_locked(&self) -> bool {
        let Ok(file) = File::open(self.path.join("lock")) else { return false };
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
    }
}

/// Reads a file of ours; nothing if it is not there.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read `{}`", path.display());
    let wrong = |cause: &dyn std::fmt::Display| {
        Fault::new(Kind::Failed, doing()).because(cause).hint(
            "another version of nagaya wrote it, or something else did; `nagaya rm -f` removes the container",
        )
    };
    let bytes = match read_file(path) {
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        // The kernel has nothing to say about it, so it is the file that is odd.
        Err(err) if err.raw_os_error().is_none_or(|errno| errno == LOOP) => return Err(wrong(&err)),
        bytes => bytes.doing(doing)?,
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|err| wrong(&err))
}

/// Reads a file, if it is one that we may have written: a pipe or a device in its place holds nobody up.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::Error::other("it is no file of nagaya's"));
    }
    read_whole(&mut file, usize::try_from(metadata.len()).unwrap_or(0))
}

/// All of a file that had so many bytes: by one call, where it has them still. `ps` reads two thousand.
fn read_whole(file: &mut File, size: usize) -> io::Result<Vec<u8>> {
    let (mut bytes, mut known) = (vec![0; size + 1], 0);
    loop {
        let read = match file.read(&mut bytes[known..]) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        known += read;
        // There was room for more than it had.
        if read == 0 || (known >= size && known < bytes.len()) {
            bytes.truncate(known);
            return Ok(bytes);
        }
        if known == bytes.len() {
            bytes.resize(known * 2, 0);
        }
    }
}

/// Writes a file of ours: as a whole, or not at all. `durable`: it is on the disk when this returns.
fn write<T: Serialize>(path: &Path, value: &T, durable: bool) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    let bytes = serde_json::to_vec(value).map_err(|err| Fault::new(Kind::Failed, doing()).because(err))?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        file.write_all(&bytes)?;
        if durable {
            file.sync_data()?;
        }
        fs::rename(&new, path)
    };
    written().inspect_err(|_| drop(fs::remove_file(&new))).doing(doing)
}

/// Writes a state where the last one is: in one piece, with blanks behind it, so that it is never part of both. What its
/// tests have said makes room if it must.
fn write_over(path: &Path, state: &State) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let room = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut bytes = serde_json::to_vec(state)?;
    if bytes.len() > room {
        bytes = serde_json::to_vec(&State { health: None, ..state.clone() })?;
    }
    bytes.resize(bytes.len().max(room), b' ');
    file.write_all_at(&bytes, 0)
}
