//! An image with a folder in it that volumes begin with, and what tests of volumes ask.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use lab::{Lab, Nagaya, Output};

/// What tests of volumes do in a lab.
pub(crate) trait WithVolumes {
    /// An image: `/data` belongs to 123:456, has mode 2750, and holds `file`, `sub/deep` and `link`.
    fn image(&self, name: &str, changes: &[&str]);
    /// A command that must work; what it says.
    fn fine(&self, words: &[&str]) -> String;
    /// `run --rm` of a script in an image; what it prints.
    fn sh(&self, options: &[&str], image: &str, script: &str) -> String;
    /// `run --rm` of a script.
    fn try_sh(&self, options: &[&str], image: &str, script: &str) -> Output;
    /// Everything in the folder of volumes, whatever it is.
    fn in_volumes(&self) -> Vec<String>;
    /// Where the files of a volume are.
    fn data(&self, volume: &str) -> PathBuf;
    /// The name of a container of this lab's.
    fn named(&self, name: &str) -> String;
}

impl WithVolumes for Lab {
    #[track_caller]
    fn image(&self, name: &str, changes: &[&str]) {
        let root = self.rootfs(&format!("root-{name}"));
        fill(&root.join("data"));
        symlink("/canary", root.join("out")).expect("a link");
        let tar = self.folder().join(format!("{name}.tar"));
        let tarred = self.program("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").output();
        assert_eq!(tarred.code, 0, "{tarred:?}");
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        self.nagaya(&["import"]).args(changes).arg(&tar).arg(name).output().ok();
    }

    #[track_caller]
    fn fine(&self, words: &[&str]) -> String {
        self.nagaya(words).output().ok()
    }

    #[track_caller]
    fn sh(&self, options: &[&str], image: &str, script: &str) -> String {
        self.try_sh(options, image, script).ok()
    }

    fn try_sh(&self, options: &[&str], image: &str, script: &str) -> Output {
        let call = self.nagaya(&["run", "--rm", "--name", &self.named("once")]);
        call.args(options).args([image, "sh", "-c", script]).output()
    }

    fn in_volumes(&self) -> Vec<String> {
        let entries = fs::read_dir(self.engine_root().join("volumes")).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn data(&self, volume: &str) -> PathBuf {
        self.engine_root().join("volumes").join(volume).join("_data")
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.name())
    }
}

fn fill(data: &Path) {
    fs::create_dir_all(data.join("sub")).expect("a folder");
    for (file, text) in [("file", "of the image\n"), ("sub/deep", "deep\n")] {
        fs::write(data.join(file), text).expect("a file");
        chown(data.join(file), Some(7), Some(8)).expect("an owner");
    }
    symlink("sub/deep", data.join("link")).expect("a link");
    chown(data, Some(123), Some(456)).expect("an owner");
    fs::set_permissions(data, fs::Permissions::from_mode(0o2750)).expect("a mode");
}

/// What `/data` of the image looks like.
pub(crate) const LOOK: &str = "stat -c '%u %g %a' /data /data/file; cat /data/link; ls /data";
pub(crate) const LOOKS: &str = "123 456 2750\n7 8 644\ndeep\nfile\nlink\nsub\n";
