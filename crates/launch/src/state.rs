//! One folder for each container, which a person can read and a program can check.
//!
//! ```text
//! ROOT/                 0700; `--root`, by default below /run: nothing in it outlives the machine's boot
//! └── ID/               made first: whoever makes it has the name
//!     ├── record.json   written before anything else is made: how to take it back
//!     ├── state.json    written when the container is created: which process it is, where it came from
//!     ├── notify/       a socket that the program says at that it is ready, if the caller has NOTIFY_SOCKET
//!     ├── seccomp.json  the filter of system calls, if it has one: for those who enter it later
//!     └── gate          a socket that the container waits at, until `start`
//! ```
//!
//! Each file is written under another name and renamed, so it is there as a whole or not at all. A lock on
//! the folder keeps commands on one container apart; it goes with the process that holds it. There is no
//! lock on ROOT, and no list of containers: no command gets slower by how many there are.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use fault::{Doing, Fault, Kind, Result};
use oci::{ContainerId, Hook, MemoryPolicy, NamespaceKind, Personality, Process as Program, State, Status};
use plan::{Filtering, Undo};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sys::clone::Process;

use crate::boot;
use crate::container::Container;
use crate::notify;

/// How long a command waits for another one that works on the same container.
const PATIENCE: Duration = Duration::from_secs(10);

/// All containers below one root.
#[derive(Debug, Clone)]
pub struct Containers {
    root: PathBuf,
}

impl Containers {
    /// Those below `root`, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Containers {
        Containers { root: root.into() }
    }

    /// The folder of a container, whether it is there or not.
    pub fn folder(&self, id: &ContainerId) -> Folder {
        Folder { path: self.root.join(id.as_str()) }
    }

    /// A container that exists.
    ///
    /// # Errors
    /// `NotFound`, in words that callers search for: "container does not exist".
    pub fn open(&self, id: &ContainerId) -> Result<Container> {
        let folder = self.folder(id);
        if folder.path.is_dir() {
            return Container::read(id.clone(), folder);
        }
        Err(Fault::new(Kind::NotFound, format!("find container `{id}`"))
            .because("container does not exist")
            .hint(format!("see those that do: `list`; this is about those below `{}`", self.root.display())))
    }

    /// A container that is to be removed whatever it is, and whatever its files say.
    ///
    /// # Errors
    /// `NotFound`, as [`Containers::open`].
    pub fn open_to_remove(&self, id: &ContainerId) -> Result<Container> {
        match self.open(id) {
            Err(fault) if fault.kind() != Kind::NotFound => {
                Ok(Container::broken(id.clone(), self.folder(id)))
            }
            container => container,
        }
    }

    /// Removes a container whatever it is doing and whatever its files say. One that is not there, or that
    /// somebody else removes in this very moment, is removed. The sentences are warnings.
    pub fn remove_if_there(&self, id: &ContainerId) -> Result<Vec<String>> {
        match self.open_to_remove(id).and_then(|container| container.delete(true)) {
            Err(fault) if fault.kind() == Kind::NotFound => Ok(Vec::new()),
            removed => removed,
        }
    }

    /// Removes the container whose first process was `process`, which has ended. A container that has got the
    /// name since is somebody else's.
    pub fn remove_ended(&self, id: &ContainerId, process: &Process) -> Result<Vec<String>> {
        match self.open(id).and_then(|container| container.delete_of(process.pid)) {
            Err(fault) if fault.kind() == Kind::NotFound => Ok(Vec::new()),
            removed => removed,
        }
    }

    /// Removes the folder of all containers, which must have none.
    pub fn remove(&self) -> Result<()> {
        fs::remove_dir(&self.root).doing(|| format!("remove `{}`", self.root.display()))
    }

    /// All names, in order. A root that is not there has none.
    pub fn names(&self) -> Result<Vec<ContainerId>> {
        let doing = || format!("read `{}`", self.root.display());
        let entries = match fs::read_dir(&self.root) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.doing(doing)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.doing(doing)?.file_name();
            names.extend(name.to_str().and_then(|name| name.parse::<ContainerId>().ok()));
        }
        names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(names)
    }
}

/// The folder of one container.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

/// What is written before anything is made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The boot that it was made in.
    pub boot_id: String,
    /// What takes it back, to be done from the last to the first.
    pub undo: Vec<Undo>,
}

/// What is written when the container is created.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Saved {
    /// The boot that it was made in.
    pub boot_id: String,
    /// The first process.
    pub pid: i32,
    /// When that was started: see [`boot::process_start`].
    pub pid_start: u64,
    /// It ends with its first process, as a pid namespace of its own does.
    pub ends_with_first: bool,
    /// An absolute path.
    pub bundle: PathBuf,
    /// An absolute path.
    pub rootfs: PathBuf,
    /// RFC 3339.
    pub created: String,
    /// Number of the user that created it.
    pub owner: u32,
    /// The caller's notes.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Hooks for `start`.
    #[serde(default)]
    pub poststart: Vec<Hook>,
    /// What whoever enters it later has to know.
    #[serde(default)]
    pub entry: Entry,
}

/// What `exec` has to know about a container. Kept with it, because the bundle may be another by then.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The namespaces that it does not share with its creator.
    pub namespaces: Vec<NamespaceKind>,
    /// It has a session keyring of its own.
    pub keyring: bool,
    /// Its system calls are filtered, as `seccomp.json` has it.
    pub filtered: bool,
    /// What its programs take the kernel for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personality: Option<Personality>,
    /// Which memory nodes their memory comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_policy: Option<MemoryPolicy>,
    /// Groups of resctrl that its processes are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resctrl: Vec<PathBuf>,
    /// Its program; whatever another one does not say about itself is as here.
    pub process: Program,
}

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a container is bound to hear the program by.
    pub fn notify(&self) -> PathBuf {
        notify::folder(&self.path)
    }

    pub(crate) fn gate(&self) -> PathBuf {
        self.path.join("gate")
    }

    /// Makes the folder, which is taking the name.
    fn make(&self) -> Result<()> {
        let private = |recursive| {
            let mut builder = DirBuilder::new();
            builder.mode(0o700).recursive(recursive);
            builder
        };
        let doing = || format!("make `{}`", self.path.display());
        let made = match private(false).create(&self.path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                private(true).create(self.path.parent().unwrap_or(&self.path)).doing(doing)?;
                private(false).create(&self.path)
            }
            other => other,
        };
        match made {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Err(self.taken()),
            other => other.doing(doing).map_err(|fault| match fault.kind() {
                Kind::Denied => fault.hint("choose another folder by --root, or be root"),
                _ => fault,
            }),
        }
    }

    /// The name is free right now.
    pub(crate) fn check_free(&self) -> Result<()> {
        if self.path.exists() { Err(self.taken()) } else { Ok(()) }
    }

    fn taken(&self) -> Fault {
        Fault::new(Kind::Exists, format!("take the name `{}`", self.name()))
            .because("container with given ID already exists")
            .hint(format!("`delete --force {}` removes that one", self.name()))
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Keeps other commands away from this container, as long as the answer lives.
    ///
    /// # Errors
    /// `NotFound`: the container was removed while we waited.
    pub(crate) fn lock(&self) -> Result<Lock> {
        lock(&self.path, FlockOperation::NonBlockingLockExclusive)
    }

    /// Keeps `pause` away while somebody enters. Frozen on the way in, they would be neither inside nor refused until
    /// `resume`. Not the lock of [`Folder::lock`]: however long they take, the container can be ended.
    pub(crate) fn hold_open(&self) -> Result<Lock> {
        lock(&self.path.join("record.json"), FlockOperation::NonBlockingLockShared)
    }

    /// Keeps everybody out who wants to enter; waits for those who do right now.
    pub(crate) fn hold_shut(&self) -> Result<Lock> {
        lock(&self.path.join("record.json"), FlockOperation::NonBlockingLockExclusive)
    }

    /// Another command works on it right now.
    pub(crate) fn is_locked(&self) -> bool {
        let Ok(folder) = File::open(&self.path) else { return false };
        rustix::fs::flock(&folder, FlockOperation::NonBlockingLockShared).is_err()
    }

    pub(crate) fn record(&self) -> Result<Option<Record>> {
        read(&self.path.join("record.json"))
    }

    pub(crate) fn saved(&self) -> Result<Option<Saved>> {
        read(&self.path.join("state.json"))
    }

    /// The filter of system calls, which must be there if it was said to be.
    pub(crate) fn filtering(&self) -> Result<Filtering> {
        let path = self.path.join("seccomp.json");
        let gone = || Fault::new(Kind::NotFound, format!("read `{}`", path.display()));
        read(&path)?.ok_or_else(|| gone().because("nobody enters this container without its filter"))
    }

    /// Removes the folder; what is in it is ours.
    pub(crate) fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.doing(|| format!("remove `{}`", self.path.display())),
        }
    }
}

/// Other commands are kept away from a container while this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Locks a file or a folder; waits for whoever has it locked, but not for ever.
fn lock(path: &Path, how: FlockOperation) -> Result<Lock> {
    let doing = || format!("lock `{}`", path.display());
    let until = Instant::now() + PATIENCE;
    loop {
        let file = File::open(path).doing(doing).map_err(|fault| match fault.kind() {
            Kind::NotFound => fault.because("container does not exist"),
            _ => fault,
        })?;
        match rustix::fs::flock(&file, how) {
            // What we have may have been removed since, and its name be another container's.
            Ok(()) if is_still_at(&file, path) => return Ok(Lock { _file: file }),
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => sleep(Duration::from_millis(5)),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Fault::new(Kind::Unavailable, doing())
                    .because("another command has worked on it for 10 seconds"));
            }
            Err(err) => return Err(err).doing(doing),
        }
    }
}

/// The open file is the one that has the name now.
fn is_still_at(file: &File, path: &Path) -> bool {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// A container that is being made.
pub(crate) struct Making<'a> {
    /// Its folder.
    pub folder: Folder,
    /// Its name.
    pub id: &'a ContainerId,
    /// An absolute path.
    pub bundle: &'a Path,
    /// An absolute path.
    pub rootfs: &'a Path,
    /// The caller's notes.
    pub annotations: &'a BTreeMap<String, String>,
    /// What takes it back.
    pub undo: Vec<Undo>,
    /// Hooks for `start`.
    pub poststart: Vec<Hook>,
    /// See [`Saved::ends_with_first`].
    pub ends_with_first: bool,
    /// What `exec` has to know.
    pub entry: Entry,
    /// The filter of system calls.
    pub filtering: Option<Filtering>,
    /// Where the service manager listens, if the program is to tell it when it is ready.
    pub notify: Option<String>,
    /// When.
    pub created: SystemTime,
    /// It is ours from when the folder was made.
    pub lock: Option<Lock>,
    boot_id: String,
}

impl<'a> Making<'a> {
    pub(crate) fn new(
        folder: Folder,
        id: &'a ContainerId,
        bundle: &'a Path,
        rootfs: &'a Path,
        annotations: &'a BTreeMap<String, String>,
    ) -> Making<'a> {
        Making {
            folder,
            id,
            bundle,
            rootfs,
            annotations,
            undo: Vec::new(),
            poststart: Vec::new(),
            ends_with_first: false,
            entry: Entry::default(),
            filtering: None,
            notify: None,
            created: SystemTime::now(),
            lock: None,
            boot_id: String::new(),
        }
    }

    /// Takes the name, and writes down how to take back what will be made.
    pub(crate) fn record(&mut self) -> Result<()> {
        self.boot_id = boot::id()?.to_string();
        self.lock = Some(self.take_name()?);
        if self.notify.is_some() {
            notify::make_folder(&self.folder.path)?;
        }
        let record = Record { boot_id: self.boot_id.clone(), undo: self.undo.clone() };
        write(&self.folder.path.join("record.json"), &record)
    }

    /// Makes the folder and locks it. Between the two somebody may remove it, and even make it again.
    fn take_name(&self) -> Result<Lock> {
        loop {
            self.folder.make()?;
            match self.folder.lock() {
                Err(fault) if fault.kind() == Kind::NotFound => {}
                lock => {
                    let lock = lock?;
                    return if self.folder.record()?.is_none() { Ok(lock) } else { Err(self.folder.taken()) };
                }
            }
        }
    }

    /// Writes down which process it is.
    pub(crate) fn save(&self, pid: i32) -> Result<()> {
        let saved = Saved {
            boot_id: self.boot_id.clone(),
            pid,
            pid_start: boot::process_start(pid).ok().flatten().unwrap_or_default(),
            ends_with_first: self.ends_with_first,
            bundle: self.bundle.to_path_buf(),
            rootfs: self.rootfs.to_path_buf(),
            created: time(self.created),
            owner: rustix::process::geteuid().as_raw(),
            annotations: self.annotations.clone(),
            poststart: self.poststart.clone(),
            entry: self.entry.clone(),
        };
        // Apart, because only `exec` reads it.
        if let Some(filtering) = &self.filtering {
            write(&self.folder.path.join("seccomp.json"), filtering)?;
        }
        write(&self.folder.path.join("state.json"), &saved)
    }

    /// What hooks are told.
    pub(crate) fn state(&self, pid: i32, status: Status) -> State {
        State {
            oci_version: oci::VERSION.to_string(),
            id: self.id.to_string(),
            status,
            pid,
            bundle: self.bundle.display().to_string(),
            rootfs: self.rootfs.display().to_string(),
            created: time(self.created),
            annotations: self.annotations.clone(),
            owner: String::new(),
        }
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(time).to_string()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let doing = || format!("read `{}`", path.display());
    let bytes = match fs::read(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.doing(doing)?,
    };
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from).doing(doing)
}

/// Writes a file so that it is there as a whole or not at all. It is not synced: a machine that loses its
/// power loses the container as well, and the boot id tells.
fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let bytes =
        serde_json::to_vec(value).map_err(io::Error::from).doing(|| format!("write `{}`", path.display()))?;
    replace(path, &bytes, 0o600)
}

/// Writes a file under another name beside it, and renames it.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let doing = || format!("write `{}`", path.display());
    let mut new = path.as_os_str().to_os_string();
    new.push(format!(".new-{}", std::process::id()));
    let new = PathBuf::from(new);
    let written = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&new)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.doing(doing)
}
