//! What a layer's archive means.

use std::fs::File;
use std::io::Write;

use fault::Result;
use snapshot::tar::{OnDisk, Reader};
use snapshot::tree::{self, Tree};

use crate::listing;
use crate::smith::{Header, Smith};

/// Layers of an image, and the root that they make.
pub(crate) struct Image {
    pub(crate) tars: Vec<File>,
    pub(crate) layers: Vec<Tree>,
    pub(crate) root: Tree,
}

impl Image {
    pub(crate) fn of(archives: &[Vec<u8>]) -> Result<Image> {
        Image::of_tars(archives.iter().map(|bytes| in_memory(bytes)).collect())
    }

    pub(crate) fn of_tars(tars: Vec<File>) -> Result<Image> {
        let mut image = Image { tars: Vec::new(), layers: Vec::new(), root: Tree::default() };
        for (number, tar) in (0..).zip(tars) {
            let mut reader = Reader::new(OnDisk::new(&tar).unwrap());
            let layer = tree::layer(&mut reader, number, &image.root)?;
            image.root.lay(&layer.tree);
            image.layers.push(layer.tree);
            image.tars.push(tar);
        }
        Ok(image)
    }

    pub(crate) fn listing(&self) -> Vec<String> {
        listing::of_tree(&self.root, &self.tars.iter().collect::<Vec<_>>())
    }

    /// Names and kinds only.
    fn names(tree: &Tree) -> Vec<String> {
        let short = |line: String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let mut lines: Vec<_> = short_lines(tree).into_iter().map(short).collect();
        lines.remove(0);
        lines
    }
}

fn short_lines(tree: &Tree) -> Vec<String> {
    // Contents are all empty here, so no tar is read.
    let nothing = in_memory(b"");
    listing::of_tree(tree, &[&nothing, &nothing, &nothing])
}

pub(crate) fn in_memory(bytes: &[u8]) -> File {
    let memory = rustix::fs::memfd_create("nagaya-tar", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let mut file = File::from(memory);
    file.write_all(bytes).unwrap();
    file
}

fn root(archives: &[Smith]) -> Vec<String> {
    let archives: Vec<_> = archives.iter().map(|archive| archive.clone().end()).collect();
    Image::names(&Image::of(&archives).unwrap().root)
}

fn refused(archives: &[Smith]) -> String {
    let archives: Vec<_> = archives.iter().map(|archive| archive.clone().end()).collect();
    match Image::of(&archives) {
        Ok(image) => panic!("it was taken: {:#?}", Image::names(&image.root)),
        Err(fault) => fault.sentence(),
    }
}

fn tar() -> Smith {
    Smith::default()
}

#[test]
fn upper_layers_hide_what_they_say_is_gone() {
    let below = tar().folder("a").file("a/x", b"").file("a/y", b"").folder("b").file("b/z", b"");
    assert_eq!(
        root(&[below.clone(), tar().file("a/.wh.x", b"")]),
        ["/a folder", "/a/y file", "/b folder", "/b/z file"]
    );
    assert_eq!(root(&[below.clone(), tar().file(".wh.b", b"")]), ["/a folder", "/a/x file", "/a/y file"]);
    let opaque = tar().folder("a").file("a/new", b"").file("a/.wh..wh..opq", b"");
    assert_eq!(root(&[below.clone(), opaque]), ["/a folder", "/a/new file", "/b folder", "/b/z file"]);
    // What is not there may be said to be gone all the same.
    assert_eq!(root(&[below.clone(), tar().file("no/.wh.thing", b"")]).len(), 5);
}

#[test]
fn a_whiteout_is_for_lower_layers_only_wherever_it_stands() {
    let below = tar().folder("a").file("a/x", b"");
    for upper in [
        tar().folder("a").file("a/new", b"").file(".wh.a", b""),
        tar().file(".wh.a", b"").folder("a").file("a/new", b""),
    ] {
        assert_eq!(root(&[below.clone(), upper]), ["/a folder", "/a/new file"]);
    }
}

#[test]
fn a_folder_that_was_a_file_for_a_while_is_a_new_one() {
    let below = tar().folder("a").file("a/x", b"");
    assert_eq!(root(&[below.clone(), tar().file("a", b"").folder("a")]), ["/a folder"]);
    assert_eq!(root(&[below.clone(), tar().folder("a")]), ["/a folder", "/a/x file"]);
    assert_eq!(root(&[below, tar().file("a", b"")]), ["/a file"]);
}

#[test]
fn links_in_the_way_lead_where_they_would_in_a_container() {
    let below = tar().folder("usr").folder("usr/lib").symlink("lib", "usr/lib").symlink("up", "../../usr");
    let all = root(&[below.clone(), tar().file("lib/new", b"").file("up/new", b"")]);
    assert!(
        all.contains(&"/usr/lib/new file".to_string()) && all.contains(&"/usr/new file".to_string()),
        "{all:?}"
    );
    assert!(all.contains(&"/lib ->".to_string()));
    let within = tar().symlink("s", "/deep/er").file("s/f", b"");
    assert_eq!(root(&[within]), ["/deep folder", "/deep/er folder", "/deep/er/f file", "/s ->"]);
    // A link that is replaced leads nowhere any more.
    assert!(root(&[below, tar().folder("lib").file("lib/new", b"")]).contains(&"/lib/new file".to_string()));
    let turning = tar().symlink("l", "a").file("l/1", b"").folder("l").file("l/2", b"");
    assert_eq!(root(&[turning]), ["/a folder", "/a/1 file", "/l folder", "/l/2 file"]);
}

#[test]
fn hard_links_are_names_of_one_file() {
    let image = Image::of(&[tar().file("f", b"abc").link("g", "f").file("f", b"new").end()]).unwrap();
    let lines = image.listing();
    assert!(lines[1].contains("file 3") && lines[1].contains("\t1 /f"), "{lines:?}");
    assert!(lines[2].contains("file 3") && lines[2].contains("\t1 /g"), "{lines:?}");
    let below = tar().file("f", b"abc").symlink("s", "f");
    let above = tar().link("h", "f").link("i", "f").link("t", "s");
    let image = Image::of(&[below.end(), above.end()]).unwrap();
    let lines = image.listing().join("\n");
    assert!(lines.contains("/h file 3") && lines.contains("\t2 /h") && lines.contains("/t -> f"), "{lines}");
}

#[test]
fn what_makes_no_sense_is_refused_by_its_name() {
    let f = tar().file("f", b"");
    for (archive, word) in [
        (tar().file("../x", b""), "`..`"),
        (tar().file("a/../x", b""), "`..`"),
        (tar().symlink(".", "/"), "root of a layer"),
        (tar().file("/", b""), "ends in `/`"),
        (tar().file("./.", b""), "root of a layer"),
        (tar().link("./", "f"), "root of a layer"),
        (tar().file(".wh..", b""), "marks nothing"),
        (tar().file(".wh.", b""), "marks nothing"),
        (tar().file(".wh...", b""), "marks nothing"),
        (tar().symlink(".wh.x", "y"), "is not a file"),
        (tar().file(".wh.x/y", b""), "marks something"),
        (tar().node(b'3', "c", 0, 0), "overlayfs's mark"),
        (tar().node(b'3', "c", 4096, 0), "no device"),
        (
            tar().pax(&[("SCHILY.xattr.security.capability", &[2; 24])]).file("f", b""),
            "none that the kernel takes",
        ),
        (f.clone().file("f/x", b""), "is a file"),
        (f.clone().link("g", "../f"), "`..`"),
        (f.clone().link("f", "f"), "to itself"),
        (f.clone().link("g", "nothing"), "not there"),
        (f.clone().link("g", "/"), "to the root"),
        (tar().folder("d").link("g", "d"), "to a folder"),
        (tar().symlink("a", "b").symlink("b", "a").file("a/x", b""), "too many links"),
        (tar().file(&"n".repeat(99), b"").raw(Header::new(b'Z', b"z"), b""), "type that we do not know"),
    ] {
        let sentence = refused(&[archive]);
        assert!(sentence.contains(word), "{sentence}");
        assert!(sentence.contains("entry "), "{sentence}");
    }
}

#[test]
fn attributes_that_are_not_an_images_to_set_are_left_out() {
    let records: &[(&str, &[u8])] = &[
        ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
        ("SCHILY.xattr.user.overlay.redirect", b"/etc"),
        ("SCHILY.xattr.security.selinux", b"x"),
        ("SCHILY.xattr.user.kept", b"1"),
        ("SCHILY.xattr.security.capability", b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ];
    let archive = tar().pax(records).file("f", b"").end();
    let mut reader = Reader::new(snapshot::tar::Stream(&archive[..]));
    let layer = tree::layer(&mut reader, 0, &Tree::default()).unwrap();
    assert_eq!(layer.xattrs_dropped, 3);
    let f = layer.tree.find(&[b"f"]).unwrap();
    let names: Vec<_> =
        layer.tree.node(f).meta.xattrs.iter().map(|(name, _)| name.escape_ascii().to_string()).collect();
    assert_eq!(names, ["security.capability", "user.kept"]);
}

#[test]
fn as_deep_and_as_many_as_the_limits_say() {
    let deep = |depth: usize| {
        let path = "d/".repeat(depth);
        tar().pax(&[("path", path.as_bytes())]).folder("x")
    };
    assert_eq!(root(&[deep(255)]).len(), 255);
    assert!(refused(&[deep(256)]).contains("255 folders"));
    let long = |bytes: usize| tar().pax(&[("path", "n".repeat(bytes).as_bytes())]).file("x", b"");
    assert_eq!(root(&[long(255)]).len(), 1);
    assert!(refused(&[long(256)]).contains("255 bytes"));
    // A link must not lead deeper than a path may.
    let folded = tar()
        .pax(&[("path", "d/".repeat(200).as_bytes())])
        .folder("x")
        .pax(&[("path", b"l"), ("linkpath", "d/".repeat(200).as_bytes())]);
    let folded =
        folded.symlink("l", "x").pax(&[("path", format!("l/{}", "e/".repeat(100)).as_bytes())]).folder("x");
    assert!(refused(&[folded]).contains("255 folders"));
}
