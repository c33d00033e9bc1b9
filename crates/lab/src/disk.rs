//! A disk that nobody else sees, whose power can be cut and which can be full: ext4 on a loop device, in memory.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Lab, Nagaya};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};

/// From linux/sched.h.
const CLONE_NEWNS: u64 = 0x2_0000;

/// Does a test in a mount namespace of its own: whatever becomes of it, its mounts and its loop devices go with it.
pub fn apart(test: impl FnOnce() + Send) {
    let outcome = std::thread::scope(|scope| {
        let alone = || {
            sys::namespaces::unshare(CLONE_NEWNS).expect("a mount namespace");
            let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
            mount_change("/", private).expect("mounts that nobody else sees");
            test();
        };
        scope.spawn(alone).join()
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Where the engine of a lab keeps everything. To be dropped before the lab.
pub struct Disk {
    memory: PathBuf,
    point: PathBuf,
}

impl Disk {
    /// An empty one, below the engine's folder.
    pub fn new(lab: &Lab, megabytes: u64) -> Disk {
        let disk = Disk { memory: lab.folder().join("memory"), point: lab.engine_root() };
        fs::create_dir(&disk.memory).expect("a folder");
        fs::create_dir_all(&disk.point).expect("a folder");
        mount("tmpfs", &disk.memory, "tmpfs", MountFlags::empty(), None).expect("memory");
        File::create(disk.image()).and_then(|file| file.set_len(megabytes << 20)).expect("a file of nothing");
        // Everything is given out at once: nothing works on the disk on its own later.
        let options = ["-q", "-F", "-m0", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        lab.program("mkfs.ext4").args(options).arg(disk.image()).output().ok();
        disk.mount();
        fs::remove_dir(disk.point.join("lost+found")).expect("a folder of ext4's own");
        disk
    }

    fn image(&self) -> PathBuf {
        self.memory.join("disk")
    }

    /// mount(8) tells the kernel that the loop device goes with the mount. Nothing is written there on its own after
    /// some seconds, so that a slow machine changes nothing.
    fn mount(&self) {
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "ext4", "-o", "loop,commit=300"]).arg(self.image()).arg(&self.point);
        let output = command.output().expect("mount");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Everything that was not synced is lost, as by a power cut; then the power is there again.
    pub fn cut(&self) {
        // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, from the kernel's fs/ext4/ext4.h.
        let script = "import fcntl, os, struct, sys\n\
                      fd = os.open(sys.argv[1], os.O_RDONLY)\n\
                      fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))";
        let mut command = std::process::Command::new("/usr/bin/python3");
        let status = command.args(["-c", script]).arg(&self.point).status();
        assert!(status.expect("python3").success(), "no power cut");
        assert!(fs::write(self.point.join("after"), "x").is_err(), "it still has power");
        self.unmount();
        self.mount();
    }

    /// A process that was killed may hold it for a moment still.
    fn unmount(&self) {
        crate::until("nobody uses the disk", || unmount(&self.point, UnmountFlags::empty()).is_ok());
    }

    /// Takes all room but so many bytes, until the file is removed.
    pub fn fill(&self, left: u64) -> PathBuf {
        let filler = self.point.join("filler");
        let mut file = File::create(&filler).expect("a file");
        for piece in [1 << 20, 4096] {
            let zeroes = vec![0; piece];
            while file.write_all(&zeroes).and_then(|()| file.sync_data()).is_ok() {}
        }
        let length = file.metadata().expect("its length").len();
        file.set_len(length.saturating_sub(left)).and_then(|()| file.sync_all()).expect("some room");
        filler
    }

    /// Puts what is in a folder here instead of what is here.
    pub fn become_like(&self, folder: &Path) {
        for entry in fs::read_dir(&self.point).expect("the disk").flatten() {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.expect("what was there");
        }
        copy(folder, &self.point);
    }

    /// Everything so far is on the disk.
    pub fn sync(&self) {
        let point = File::open(&self.point).expect("the disk");
        rustix::fs::syncfs(point).expect("all of it");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for point in [&self.point, &self.memory] {
            if let Err(err) = unmount(point, UnmountFlags::DETACH)
                && !std::thread::panicking()
            {
                panic!("cannot unmount `{}`: {err}", point.display());
            }
        }
    }
}

/// With owners, modes and links.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let mut command = std::process::Command::new("cp");
    let status = command.arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.expect("cp").success());
}
