//! From roots back to archives.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
};
use snapshot::folder::{self, Rules};

use crate::listing;
use crate::smith::Smith;
use crate::trees::Image;

/// The archive of a whole root says the same as its layers do, but for the root itself.
#[track_caller]
pub(crate) fn exported(image: &Image) {
    let archive = snapshot::export::write(&image.root, &image.tars, Vec::new()).unwrap();
    assert_eq!(archive, snapshot::export::write(&image.root, &image.tars, Vec::new()).unwrap());
    let again = Image::of(&[archive]).unwrap();
    let (one, other) = (image.listing(), again.listing());
    for (one, other) in one.iter().zip(&other).skip(1) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

fn overlay(lower: &Path, upper: &Path, work: &Path) -> OwnedFd {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
    for (key, path) in [("lowerdir", lower), ("upperdir", upper), ("workdir", work)] {
        fsconfig_set_string(context.as_fd(), key, path).unwrap();
    }
    fsconfig_create(context.as_fd()).unwrap();
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).unwrap()
}

/// What a container might do to its root.
fn change(root: &Path) {
    let at = |path: &str| root.join(path);
    fs::remove_file(at("gone")).unwrap();
    fs::remove_dir_all(at("replaced")).unwrap();
    fs::create_dir(at("replaced")).unwrap();
    fs::write(at("replaced/new"), "new").unwrap();
    fs::remove_dir_all(at("removed")).unwrap();
    fs::write(at("kept/more"), "x".repeat(70_000)).unwrap();
    fs::write(at("changed"), "by us").unwrap();
    fs::hard_link(at("kept/more"), at("link")).unwrap();
    symlink("/nowhere", at("symlink")).unwrap();
    lchown(at("symlink"), Some(7), Some(8)).unwrap();
    fs::set_permissions(at("kept"), fs::Permissions::from_mode(0o1750)).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    rustix::fs::lsetxattr(at("changed"), "user.note", b"n", rustix::fs::XattrFlags::empty()).unwrap();
    let _ = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
}

#[test]
fn what_was_changed_becomes_a_layer() {
    let lab = lab::Lab::new();
    let at = |name: &str| lab.folder().join(name);
    let below = Smith::default()
        .file("gone", b"1")
        .folder("replaced")
        .file("replaced/old", b"2")
        .folder("removed")
        .file("removed/too", b"3")
        .folder("kept")
        .file("kept/file", b"4")
        .file("changed", b"5")
        .file("same", b"6")
        .end();
    let image = Image::of(std::slice::from_ref(&below)).unwrap();
    for name in ["lower", "upper", "work"] {
        fs::create_dir(at(name)).unwrap();
    }
    let rules = Rules { owners: &|_, _| true, devices: true, userxattr: false };
    folder::write(&image.root, &image.tars, File::open(at("lower")).unwrap().as_fd(), rules).unwrap();
    let mount = overlay(&at("lower"), &at("upper"), &at("work"));
    let root = PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()));
    change(&root);
    let mut seen = listing::of_folder(&root);
    seen.retain(|line| !line.starts_with("/socket "));
    let diff = || snapshot::diff::write(File::open(at("upper")).unwrap().as_fd(), Vec::new()).unwrap();
    let layer = diff();
    assert_eq!(layer, diff(), "twice the same bytes");
    let both = Image::of(&[below, layer]).unwrap().listing();
    for (one, other) in seen.iter().zip(&both).skip(1) {
        assert_eq!(one, other);
    }
    assert_eq!(seen.len(), both.len());
    // The control: what was removed was there before.
    assert!(image.listing().iter().any(|line| line.starts_with("/removed/too ")));
}

#[test]
fn a_change_that_is_only_noted_is_no_layer() {
    let lab = lab::Lab::new();
    let upper = lab.folder().join("upper");
    fs::create_dir(&upper).unwrap();
    fs::create_dir(upper.join("moved")).unwrap();
    let diff = || snapshot::diff::write(File::open(&upper).unwrap().as_fd(), Vec::new());
    assert!(diff().is_ok());
    rustix::fs::lsetxattr(
        upper.join("moved"),
        "trusted.overlay.redirect",
        b"from",
        rustix::fs::XattrFlags::empty(),
    )
    .unwrap();
    assert!(diff().unwrap_err().sentence().contains("save `/moved`"));
}
