//! The images: made once, by tools that everybody has, and kept.
//!
//! ```text
//! target/tmp/images/NAME/
//!   layout/    an OCI image layout with gzipped layers: what registries have
//!   saved.tar  as `docker save` writes it: what `load` takes
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::{Report, Result, note, talk};

use crate::disk::run;

/// An image to work with.
#[derive(Debug)]
pub(crate) struct Image {
    /// Its name in the registry and in the archive, and in the tables.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
}

const LARGE: Image = Image { name: "large", what: "Debian with compilers: 4 layers, 20,000 files, 700 MB" };
const FIFTY: Image = Image { name: "fifty", what: "fifty small layers" };

/// Layers of the large image, by folders of one root.
const PARTS: [&str; 4] = [
    "--exclude=./usr/lib --exclude=./usr/bin --exclude=./usr/libexec --exclude=./usr/share .",
    "./usr/lib",
    "./usr/bin ./usr/libexec",
    "./usr/share",
];

const PACKAGES: &str = "--include=gcc,g++,make,python3,perl,git,cmake,gdb,gfortran";

impl Image {
    fn folder(&self) -> PathBuf {
        folder().join(self.name)
    }

    /// As skopeo has it.
    pub(crate) fn layout(&self) -> String {
        format!("oci:{}:{}", self.folder().join("layout").display(), self.name)
    }

    /// The archive.
    pub(crate) fn saved(&self) -> PathBuf {
        self.folder().join("saved.tar")
    }

    /// Makes it, unless it is here.
    fn make(&self, fill: impl Fn(&Path) -> Result<Vec<PathBuf>>) -> Result<()> {
        if self.saved().is_file() {
            return Ok(());
        }
        talk(&format!("making the image `{}`; it stays in `{}`", self.name, folder().display()));
        let (folder, work) = (self.folder(), self.folder().with_extension("work"));
        let made = fs::create_dir_all(&work).map_err(|err| err.to_string()).and_then(|()| fill(&work));
        let made = made.and_then(|layers| self.put_together(&work, &layers));
        let made = made.and_then(|()| {
            let _ = fs::remove_dir_all(&folder);
            fs::rename(work.join("image"), &folder).map_err(|err| err.to_string())
        });
        let _ = fs::remove_dir_all(&work);
        made
    }

    fn put_together(&self, work: &Path, layers: &[PathBuf]) -> Result<()> {
        let image = work.join("image");
        fs::create_dir_all(&image).map_err(|err| err.to_string())?;
        let layout = image.join("layout").display().to_string();
        let named = format!("{layout}:{}", self.name);
        run(Command::new("umoci").args(["init", "--layout", &layout]))?;
        run(Command::new("umoci").args(["new", "--image", &named]))?;
        for layer in layers {
            run(Command::new("umoci").args(["raw", "add-layer", "--image", &named]).arg(layer))?;
        }
        run(Command::new("umoci").args(["config", "--image", &named, "--config.cmd", "true"]))?;
        run(Command::new("umoci").args(["gc", "--layout", &layout]))?;
        let archive = format!("docker-archive:{}:{}:latest", image.join("saved.tar").display(), self.name);
        run(Command::new("skopeo").args(["copy", "--quiet", &format!("oci:{named}"), &archive])).map(drop)
    }
}

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("images")
}

/// All that can be had.
pub(crate) fn all(report: &mut Report) -> Result<Vec<Image>> {
    fs::create_dir_all(folder()).map_err(|err| format!("cannot make `{}`: {err}", folder().display()))?;
    let mut images = Vec::new();
    match LARGE.make(large) {
        Ok(()) => images.push(LARGE),
        Err(why) => note(&format!("without the large image, whose packages come from Debian: {why}")),
    }
    if report.keep(FIFTY.make(fifty)) {
        images.push(FIFTY);
    }
    if images.is_empty() { Err("there is no image to work with".into()) } else { Ok(images) }
}

fn large(work: &Path) -> Result<Vec<PathBuf>> {
    let root = work.join("root");
    run(Command::new("mmdebstrap").args(["--quiet", "--variant=minbase", PACKAGES, "trixie"]).arg(&root))?;
    let part = |(number, words): (usize, &&str)| tar(&root, words, work.join(format!("{number}.tar")));
    PARTS.iter().enumerate().map(part).collect()
}

/// BusyBox, and forty-nine times a folder of small files.
fn fifty(work: &Path) -> Result<Vec<PathBuf>> {
    let root = work.join("root");
    peers::rootfs::make(&root).map_err(|err| err.to_string())?;
    let mut layers = vec![tar(&root, ".", work.join("0.tar"))?];
    for number in 1..50 {
        let root = work.join(format!("root-{number}"));
        let folder = root.join(format!("srv/{number}"));
        let written = fs::create_dir_all(&folder).and_then(|()| {
            (0..20).try_for_each(|file| {
                fs::write(folder.join(file.to_string()), format!("{number} {file}\n").repeat(300))
            })
        });
        written.map_err(|err| err.to_string())?;
        layers.push(tar(&root, ".", work.join(format!("{number}.tar")))?);
    }
    Ok(layers)
}

fn tar(root: &Path, words: &str, to: PathBuf) -> Result<PathBuf> {
    let mut tar = Command::new("tar");
    tar.args(["--numeric-owner", "--sort=name", "-C"]).arg(root).arg("-cf").arg(&to);
    run(tar.args(words.split(' '))).map(|_| to)
}
