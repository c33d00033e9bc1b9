//! An image with everything in it that a layer can hold, in three layers that change each other.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::Lab;
use rustix::fs::XattrFlags;
use serde_json::{Value, json};

use crate::layout::{self, LAYER_GZIP, Layout};

/// Where it all is; engines change other places.
pub(crate) const PLACES: [&str; 2] = ["awkward", "bin"];

/// The tars of its layers.
pub(crate) struct Sample {
    pub(crate) tars: Vec<Vec<u8>>,
}

impl Sample {
    pub(crate) fn new(lab: &Lab) -> Sample {
        let root = lab.rootfs("sample");
        first(&root.join("awkward"));
        let second = lab.folder().join("second");
        self::second(&second.join("awkward"));
        let third = lab.folder().join("third");
        put(&third.join("awkward/opaque/newest"), "of the third layer\n");
        put(&third.join("awkward/gone/.wh.was never there"), "");
        let tar = |folder: &Path| {
            let archive = folder.with_extension("tar");
            let options = ["--xattrs", "--xattrs-include=*", "--pax-option=delete=atime,delete=ctime"];
            layout::tar(folder, &archive, &options);
            fs::read(archive).expect("a tar")
        };
        Sample { tars: [&root, &second, &third].map(|folder| tar(folder)).into() }
    }

    /// With the same media type for all layers.
    pub(crate) fn layers<'a>(&'a self, media_type: &'a str) -> Vec<(&'a [u8], &'a str)> {
        self.tars.iter().map(|tar| (&tar[..], media_type)).collect()
    }

    /// A layout with the image in it, under a name.
    pub(crate) fn layout(&self, lab: &Lab, name: &str) -> Layout {
        let layout = Layout::new(lab.folder().join("layout"));
        let image = layout.image(&self.layers(LAYER_GZIP), config());
        layout.list(&[(name, image)]);
        layout
    }
}

/// A config that says everything that one can say.
pub(crate) fn config() -> Value {
    let mut config = layout::bare();
    config["created"] = "2024-02-03T04:05:06.789Z".into();
    config["author"] = "somebody".into();
    config["config"] = json!({
        "Env": ["PATH=/bin", "GREETING=good day", "EMPTY="],
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": ["echo \"$GREETING from $(id -u):$(id -g) in $PWD\""],
        "User": "guest",
        "WorkingDir": "/awkward/links",
        "Labels": { "org.example.kind": "sample", "blank": "" },
        "StopSignal": "SIGUSR1",
        "ExposedPorts": { "80/tcp": {}, "53/udp": {} },
        "Volumes": { "/volume": {} },
    });
    config["history"] = json!([
        { "created": "2024-02-03T04:05:04Z", "created_by": "first" },
        { "created": "2024-02-03T04:05:05Z", "created_by": "ENV GREETING=good day", "empty_layer": true },
        { "created": "2024-02-03T04:05:05Z", "created_by": "second", "comment": "it takes away" },
        { "created": "2024-02-03T04:05:06Z", "created_by": "third" },
    ]);
    config
}

/// What it says when it is run.
pub(crate) const GREETING: &str = "good day from 1000:1000 in /awkward/links\n";

fn first(at: &Path) {
    plain_things(at);
    names(&at.join("names"));
    links(&at.join("links"));
    nodes(&at.join("nodes"));
    for path in
        ["gone/a", "gone/b", "gone/folder/c", "opaque/x/y", "opaque/z", "stays/under", "was-folder/inside"]
    {
        put(&at.join(path), path);
    }
    put(&at.join("was-file"), "a file\n");
    put(&at.join("changed"), "as it was\n");
    mode(&at.join("changed"), 0o600);
    time(at, "2023-01-02 03:04:05");
}

fn plain_things(at: &Path) {
    put(&at.join("plain"), "some text\n");
    chown(at.join("plain"), Some(12345), Some(2_000_000)).expect("an owner");
    mode(&at.join("plain"), 0o640);
    put(&at.join("empty"), "");
    put(&at.join("large"), vec![b'x'; 300_001]);
    fs::create_dir(at.join("empty folder")).expect("a folder");
    for (name, bits) in [("setuid", 0o4755), ("setgid", 0o2755), ("unreadable", 0)] {
        put(&at.join(name), name);
        mode(&at.join(name), bits);
    }
    fs::create_dir(at.join("sticky")).expect("a folder");
    mode(&at.join("sticky"), 0o3777);
    put(&at.join("noted"), "with an attribute\n");
    attribute(&at.join("noted"), "user.note", b"two\nlines\0");
    put(&at.join("able"), "with a capability\n");
    // cap_net_bind_service, permitted and effective: struct vfs_cap_data of revision 2.
    attribute(
        &at.join("able"),
        "security.capability",
        &[1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    for (name, when) in [
        ("old", "1970-01-01 00:00:01"),
        ("late", "2106-05-04 03:02:01"),
        ("exact", "2001-02-03 04:05:06.123456789"),
    ] {
        put(&at.join(name), name);
        time(&at.join(name), when);
    }
}

fn names(at: &Path) {
    for name in ["with blank", "new\nline", "grün", "-dash", "back\\slash", "*", "=;\"'", ".hidden", "..two"]
    {
        put(&at.join(name), name);
    }
    put(&at.join(OsStr::from_bytes(b"no \xff\xfe utf8")), "bytes");
    put(&at.join("n".repeat(255)), "as long as a name can be");
    put(&at.join(["d".repeat(60).as_str(); 6].join("/")).join("far"), "a long way");
}

fn links(at: &Path) {
    put(&at.join("one"), "one file\n");
    fs::create_dir(at.join("deep")).expect("a folder");
    for name in ["two", "deep/three"] {
        fs::hard_link(at.join("one"), at.join(name)).expect("a link");
    }
    for (name, to) in [
        ("soft", "one"),
        ("up", "../plain"),
        ("out", "/../../etc/passwd"),
        ("nowhere", "/nope"),
        ("loop", "loop"),
    ] {
        symlink(to, at.join(name)).expect("a link");
    }
    symlink("t".repeat(1000), at.join("long")).expect("a link");
    rustix::fs::linkat(
        rustix::fs::CWD,
        at.join("soft"),
        rustix::fs::CWD,
        at.join("soft too"),
        rustix::fs::AtFlags::empty(),
    )
    .expect("a second name of a link");
}

fn nodes(at: &Path) {
    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    fs::create_dir_all(at).expect("a folder");
    for (name, kind, device) in [
        ("fifo", FileType::Fifo, 0),
        ("null", FileType::CharacterDevice, makedev(1, 3)),
        ("far", FileType::CharacterDevice, makedev(200, 1000)),
        ("loop", FileType::BlockDevice, makedev(7, 9)),
    ] {
        mknodat(CWD, at.join(name), kind, Mode::from_raw_mode(0o620), device).expect("a node");
    }
}

fn second(at: &Path) {
    put(&at.join("gone/.wh.a"), "");
    put(&at.join("gone/.wh.folder"), "");
    put(&at.join("opaque/.wh..wh..opq"), "");
    put(&at.join("opaque/new"), "of the second layer\n");
    put(&at.join("was-file/inside"), "now a folder\n");
    put(&at.join("was-folder"), "now a file\n");
    put(&at.join("changed"), "as it is\n");
    put(&at.join("links/.wh.two"), "");
    time(&at.join("gone"), "2023-05-06 07:08:09");
    time(at, "2023-01-02 03:04:05");
}

/// Writes a file, with its folders.
pub(crate) fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("a mode");
}

fn attribute(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).expect("an attribute");
}

fn time(path: &Path, when: &str) {
    let touched =
        Command::new("touch").args(["--no-dereference", "--date", when]).arg(path).env("TZ", "UTC").status();
    assert!(touched.expect("touch").success());
}

/// The root that umoci makes of an image in a layout: by other code than ours and than the engines'.
pub(crate) fn unpacked(lab: &Lab, layout: &Path, tag: &str) -> PathBuf {
    let bundle = lab.folder().join(format!("umoci-{tag}"));
    let image = format!("{}:{tag}", layout.display());
    lab.program("umoci").args(["unpack", "--image", &image]).arg(&bundle).output().ok();
    bundle.join("rootfs")
}
