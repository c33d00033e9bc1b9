//! An index over tars is mounted by the kernel, and shows the tree.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::PathBuf;

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
};

use crate::back;
use crate::folders;
use crate::listing;
use crate::smith::{Header, Smith};
use crate::trees::{Image, in_memory};

/// Files on a disk: the kernel takes no memory for a device.
fn on_disk(lab: &lab::Lab, name: &str, bytes: &[u8]) -> File {
    let path = lab.folder().join(name);
    // ext4 writes a file out at once that takes the place of another's bytes.
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, bytes).unwrap();
    File::open(path).unwrap()
}

fn index(image: &Image) -> Vec<u8> {
    let device = |tar| snapshot::erofs::Device { tag: [b'0'; 64], tar };
    let devices: Vec<_> = image.tars.iter().map(device).collect();
    let mut index = Vec::new();
    snapshot::erofs::write(&image.root, &devices, &mut index).unwrap();
    index
}

fn mounted(lab: &lab::Lab, image: &Image) -> Vec<String> {
    let index = on_disk(lab, "index", &index(image));
    let tars = image.tars.iter().map(AsFd::as_fd);
    let context = fsopen("erofs", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
    let by_number = |fd: BorrowedFd<'_>| format!("/proc/self/fd/{}", fd.as_raw_fd());
    fsconfig_set_string(context.as_fd(), "source", by_number(index.as_fd())).unwrap();
    for tar in tars {
        fsconfig_set_string(context.as_fd(), "device", by_number(tar)).unwrap();
    }
    fsconfig_create(context.as_fd()).unwrap();
    let mount =
        fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_RDONLY).unwrap();
    let root = PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()));
    listing::of_folder(&root)
}

#[track_caller]
pub(crate) fn same_lines(what: &str, tree: &[String], seen: &[String]) {
    for (one, other) in tree.iter().zip(seen) {
        assert_eq!(one, other, "{what}");
    }
    assert_eq!(tree.len(), seen.len(), "{what}");
}

#[track_caller]
fn same(image: &Image, lab: &lab::Lab) {
    both_ways(image, lab);
    assert!(image.listing().len() > 1, "there was something to compare");
}

/// An index and folders show what the tree says, and so does the archive of it.
#[track_caller]
pub(crate) fn both_ways(image: &Image, lab: &lab::Lab) {
    back::exported(image);
    let tree = image.listing();
    let [whole, laid] = folders::listings(image);
    same_lines("the index", &tree, &mounted(lab, image));
    same_lines("one folder", &tree, &whole);
    // overlayfs counts a file's other names in its layer, also those that a layer above has hidden.
    let without_links = |lines: &[String]| -> Vec<String> {
        let without = |line: &String| line.split('\t').next().unwrap_or_default().to_string();
        lines.iter().map(without).collect()
    };
    same_lines("a folder for each layer", &without_links(&tree), &without_links(&laid));
}

pub(crate) fn image(lab: &lab::Lab, archives: &[Vec<u8>]) -> Image {
    let tars =
        (0..).zip(archives).map(|(number, bytes): (u32, _)| on_disk(lab, &format!("tar{number}"), bytes));
    Image::of_tars(tars.collect()).unwrap()
}

#[test]
fn everything_that_a_layer_can_have() {
    let lab = lab::Lab::new();
    let (big, long) = (vec![b'v'; 2000], "l".repeat(3000));
    let first = Smith::default()
        .folder("./")
        .pax(&[("mtime", b"1700000000.123456789"), ("uid", b"3000000000"), ("SCHILY.xattr.user.big", &big)])
        .file("file", &b"bytes".repeat(1000))
        .link("file-too", "file")
        .file("empty", b"")
        .pax(&[("SCHILY.xattr.security.capability", b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0")])
        .raw(Header::new(b'0', b"setuid").mode(0o6755).size(1), b"x")
        .symlink("short", "file")
        .pax(&[("linkpath", long.as_bytes()), ("mtime", b"-5.5")])
        .symlink("long", "x")
        .pax(&[("linkpath", "m".repeat(440).as_bytes()), ("SCHILY.xattr.user.x", b"")])
        .file("between", b"")
        .node(b'3', "char", 5, 1)
        .node(b'4', "block", 4095, 1_048_575)
        .node(b'6', "fifo", 0, 0)
        .pax(&[("path", b"not utf-8: \xff\xfe\n")])
        .file("x", b"1")
        .folder("dir")
        .folder("!before-the-dots");
    let many = (0..600).fold(Smith::default(), |tar, at| {
        let name = format!("dir/{at}{}", "n".repeat(at % 250));
        tar.pax(&[("path", name.as_bytes())]).file("x", name.as_bytes())
    });
    let third = Smith::default().file("dir/.wh.5nnnnn", b"").file("file", b"another").file(".wh.short", b"");
    let image = image(&lab, &[first.end(), many.end(), third.end()]);
    same(&image, &lab);
    assert!(image.listing().len() > 600);
}

/// Each was seen in one of the two ways only, or not at all.
#[test]
fn what_the_kernel_reads_in_its_own_way() {
    let lab = lab::Lab::new();
    let below =
        Smith::default().file("gone", b"1").folder("d").file("d/gone", b"2").folder("e").file("e/gone", b"3");
    let root_hidden =
        Smith::default().file("new", b"").file(".wh..wh..opq", b"").file("d/new", b"").folder("e");
    let marked_twice =
        Smith::default().file("d/.wh.gone", b"").file("d/.wh..wh..opq", b"").file("e/.wh.gone", b"");
    let link = Header::new(b'2', b"link").mode(0o640).put(157, b"x");
    let odd = Smith::default().raw(link, b"").pax(&[("SCHILY.xattr.user.x", b"y")]).node(b'6', "fifo", 0, 0);
    for above in [root_hidden, marked_twice.file("e/.wh..wh..opq", b""), odd] {
        same(&image(&lab, &[below.clone().end(), above.end()]), &lab);
    }
}

#[test]
fn attributes_that_other_file_systems_have_no_place_for() {
    let lab = lab::Lab::new();
    let tar = Smith::default().pax(&[("SCHILY.xattr.user.big", &vec![b'v'; 60_000])]).file("file", b"x");
    let image = image(&lab, &[tar.end()]);
    assert_eq!(image.listing(), mounted(&lab, &image));
}

#[test]
fn links_and_folders_of_every_size() {
    let lab = lab::Lab::new();
    let tar = (1..1100_usize).step_by(7).fold(Smith::default(), |tar, size| {
        let (name, link, folder) =
            (format!("l{size}"), "x".repeat(size), format!("d{size}/{}", "n".repeat(size % 256)));
        tar.pax(&[("linkpath", link.as_bytes())])
            .symlink(&name, "x")
            .pax(&[("path", folder.as_bytes())])
            .folder("x")
    });
    same(&image(&lab, &[tar.end()]), &lab);
}

#[test]
fn holes_on_blocks_and_off_them() {
    let lab = lab::Lab::new();
    let sparse = |name: &str, map: &str, size: &str, data: &[u8]| {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.size", size.as_bytes()),
            ("GNU.sparse.map", map.as_bytes()),
            ("GNU.sparse.name", name.as_bytes()),
        ];
        (
            records.iter().map(|(key, value)| (key.to_string(), value.to_vec())).collect::<Vec<_>>(),
            data.to_vec(),
        )
    };
    let all = [
        sparse("blocks", "4096,4096,16384,512", "20480", &[b'a'; 4608]),
        sparse("off", "5,3,5000,6,70000,1", "80001", b"abcdefghij"),
        sparse("end", "4096,100", "4196", &[b'e'; 100]),
        sparse("short", "4096,100", "9000", &[b's'; 100]),
        sparse("hole", "", "100000", b""),
        sparse("last", "512,512,1024,0", "1024", &[b'l'; 512]),
    ];
    let tar = all.iter().fold(Smith::default(), |tar, (records, data)| {
        let records: Vec<(&str, &[u8])> =
            records.iter().map(|(key, value)| (key.as_str(), &value[..])).collect();
        // What a block has behind its last byte is nobody's.
        let mut padded = data.clone();
        padded.resize(data.len().next_multiple_of(512), b'!');
        tar.pax(&records).raw(Header::new(b'0', b"x").size(data.len()), &padded)
    });
    same(&image(&lab, &[tar.end()]), &lab);
}

#[test]
fn the_same_layers_give_the_same_index() {
    let lab = lab::Lab::new();
    let tar = Smith::default().folder("a").file("a/b", b"c").symlink("l", "a").end();
    let one = image(&lab, std::slice::from_ref(&tar));
    let other = image(&lab, &[tar]);
    assert_eq!(index(&one), index(&other));
}

#[test]
fn what_cannot_be_held_is_refused_for_folders_to_hold() {
    let map = (0..5_u64).map(|at| format!("{},1", at << 40)).collect::<Vec<_>>().join(",");
    let records: &[(&str, &[u8])] =
        &[("GNU.sparse.size", b"5497558138880"), ("GNU.sparse.map", map.as_bytes())];
    let tar = Smith::default().pax(records).file("holes", b"abcde").end();
    let image = Image::of(&[tar]).unwrap();
    let device = snapshot::erofs::Device { tag: [b'0'; 64], tar: &in_memory(b"") };
    let fault = snapshot::erofs::write(&image.root, &[device], &mut std::io::sink()).unwrap_err();
    assert_eq!(fault.kind(), fault::Kind::Unsupported);
}
