//! The folder of one container.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use rustix::fs::FlockOperation;
use serde::{Serialize, de::DeserializeOwned};

use super::{Record, State};

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

impl Lock {
    /// For a program that is to inherit it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// From a descriptor that was inherited.
    pub fn inherited(file: File) -> Lock {
        Lock { file }
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

    pub(super) fn make(&self) -> Result<()> {
        let doing = || format!("make `{}`", self.path.display());
        fs::DirBuilder::new().mode(0o700).create(&self.path).doing(doing)
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
        write(&self.path.join("state.json"), state, false)
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

    /// It has a monitor.
    pub fn is_locked(&self) -> bool {
        let Ok(file) = File::open(self.path.join("lock")) else { return false };
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
    }
}

/// Reads a file of ours; nothing if it is not there.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read `{}`", path.display());
    let bytes = match fs::read(path) {
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        bytes => bytes.doing(doing)?,
    };
    let wrong = |err: serde_json::Error| {
        Fault::new(Kind::Failed, doing()).because(err).hint(
            "another version of nagaya wrote it, or something else did; `nagaya rm -f` removes the container",
        )
    };
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
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
