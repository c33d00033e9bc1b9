//! Layers as folders show the same as the index does.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
};
use snapshot::folder::{self, Lost, Rules};
use snapshot::tree::Tree;

use crate::listing;
use crate::smith::Smith;
use crate::trees::Image;

const ALL: Rules = Rules { owners: &|_, _| true, devices: true, userxattr: false };

fn write(tree: &Tree, tars: &[File], at: &Path, rules: Rules<'_>) -> Lost {
    fs::create_dir(at).unwrap();
    folder::write(tree, tars, File::open(at).unwrap().as_fd(), rules).unwrap()
}

/// A file system in memory that is attached nowhere: files are made and removed there without a disk.
fn memory() -> OwnedFd {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
    fsconfig_create(context.as_fd()).unwrap();
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).unwrap()
}

fn path_of(mount: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()))
}

/// The root of an image in one folder, and as the kernel lays one folder for each layer.
pub(crate) fn listings(image: &Image) -> [Vec<String>; 2] {
    let memory = memory();
    let at = |name: &str| path_of(&memory).join(name);
    write(&image.root, &image.tars, &at("whole"), ALL);
    let whole = listing::of_folder(&at("whole"));
    let mut layers = vec![at("bottom")];
    fs::create_dir(at("bottom")).unwrap();
    for (number, layer) in image.layers.iter().enumerate() {
        let path = at(&format!("layer{number}"));
        write(layer, &image.tars, &path, ALL);
        layers.push(path);
    }
    [whole, listing::of_folder(&path_of(&overlay(&layers)))]
}

fn overlay(layers: &[PathBuf]) -> OwnedFd {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
    for layer in layers.iter().rev() {
        fsconfig_set_string(context.as_fd(), "lowerdir+", layer.as_path()).unwrap();
    }
    fsconfig_create(context.as_fd()).unwrap();
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).unwrap()
}

#[test]
fn what_cannot_be_had_is_counted_and_the_rest_is_there() {
    let lab = lab::Lab::new();
    let tar = Smith::default()
        .node(b'3', "char", 1, 3)
        .node(b'6', "fifo", 0, 0)
        .pax(&[("uid", b"33")])
        .file("theirs", b"x")
        .file("ours", b"y")
        .file(".wh.gone", b"");
    let below = Smith::default().file("gone", b"z");
    let image = Image::of(&[below.end(), tar.end()]).unwrap();
    let path = lab.folder().join("layer");
    let rules = Rules { owners: &|uid, gid| uid == 0 && gid == 0, devices: false, userxattr: true };
    let lost = write(&image.layers[1], &image.tars, &path, rules);
    assert_eq!(lost, Lost { devices: 1, owners: 1 });
    let names: Vec<_> = listing::of_folder(&path)
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(names[1..], ["/fifo fifo", "/gone char", "/ours file", "/theirs file"]);
    // The control: with everything allowed, nothing is lost.
    assert_eq!(write(&image.layers[1], &image.tars, &lab.folder().join("all"), ALL), Lost::default());
}

#[test]
fn a_folder_that_is_not_empty_is_refused() {
    let lab = lab::Lab::new();
    let image = Image::of(&[Smith::default().file("a", b"x").end()]).unwrap();
    let path = lab.folder().join("layer");
    write(&image.root, &image.tars, &path, ALL);
    let again = folder::write(&image.root, &image.tars, File::open(&path).unwrap().as_fd(), ALL);
    assert!(again.unwrap_err().sentence().contains("make `a`"));
}
