//! `cp`, `export`: files of containers, of those that run and of those that do not.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use lab::{Lab, Nagaya, fails};

use crate::inside::Inside;

pub(crate) fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

/// Docker's rules for where something goes, in both directions, of a container that runs and of one that does not.
fn rules(lab: &Lab, inside: &Inside) {
    let at = |name: &str| lab.folder().join(name);
    put(&at("file"), "file");
    put(&at("folder/one"), "one");
    put(&at("folder/deep/two"), "two");
    inside.cp(&[], "file", ":/").ok();
    inside.cp(&[], "file", ":/named").ok();
    inside.cp(&[], "folder", ":/made").ok();
    inside.cp(&[], "folder", ":/made").ok();
    inside.cp(&[], "folder/.", ":/contents").ok();
    for (path, text) in [
        (":/file", "file"),
        (":/named", "file"),
        (":/made/one", "one"),
        (":/made/folder/deep/two", "two"),
        (":/contents/deep/two", "two"),
    ] {
        inside.cp(&[], path, "back").ok();
        assert_eq!(read(&at("back")), text, "{path}");
    }
    inside.cp(&[], ":/made", "out").ok();
    assert_eq!(read(&at("out/folder/one")), "one");
    inside.cp(&[], ":/contents/.", "out").ok();
    assert_eq!(read(&at("out/one")), "one");
    let refused = |from: &str, to: &str, words: &[&str]| fails(inside.cp(&[], from, to), 1, words);
    refused("file", ":/nowhere/", &["no such directory"]);
    refused("file", ":", &["no such directory"]);
    refused(
        "file",
        ":/nowhere/x",
        &["No such container:path", "Could not find the file /nowhere in container"],
    );
    refused("folder", ":/file", &["cannot copy directory"]);
    refused("nothing", ":/", &["lstat nothing: no such file or directory"]);
    refused(":/nothing", "x", &["No such container:path", "Could not find the file /nothing"]);
    refused(":/made", "file", &["cannot copy directory"]);
    refused(":/file", "nowhere/x", &["invalid output path"]);
    refused(":/file", "nowhere/", &["no such directory"]);
    refused(":/file/", "x", &["not a directory"]);
    refused(":/file", ":/other", &["copying between containers is not supported"]);
    refused("file", "other", &["must specify at least one container source"]);
    // A file stays in the way of a folder, and the other way round.
    put(&at("clash/named"), "x");
    fs::create_dir_all(at("clash2/named/x")).expect("a folder");
    refused("clash2/.", ":/", &["cannot overwrite non-directory"]);
    put(&at("clash3/made"), "x");
    refused("clash3/.", ":/", &["cannot overwrite directory"]);
    for name in ["back", "out", "clash", "clash2", "clash3", "folder"] {
        let _ = fs::remove_dir_all(at(name)).or_else(|_| fs::remove_file(at(name)));
    }
}

#[test]
fn where_things_go() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    rules(&lab, &inside);
    inside.sh("rm -r /file /named /made /contents");
    inside.stop();
    rules(&lab, &inside);
    // It starts with what was put there meanwhile.
    inside.start_again();
    assert_eq!(inside.sh("cat /made/folder/deep/two"), "two");
}

#[test]
fn of_a_folder_and_of_this_machine() {
    let lab = Lab::new();
    {
        let (inside, root) = Inside::of_folder(&lab, &[]);
        rules(&lab, &inside);
        assert_eq!(read(&root.join("made/one")), "one");
        inside.stop();
        inside.cp(&[], "file", ":/after").ok();
        assert_eq!(read(&root.join("after")), "file");
    }
    let inside = Inside::of_host(&lab, &[]);
    inside.cp(&[], "file", ":/etc/of-this-test").ok();
    assert_eq!(inside.sh("cat /etc/of-this-test"), "file");
    assert!(!Path::new("/etc/of-this-test").exists());
}

/// What is written to the image `host` is the container's as long as that is there.
#[test]
fn this_machines_image_keeps_what_was_written() {
    let lab = Lab::new();
    let inside = Inside::of_host(&lab, &[]);
    inside.sh("echo kept > /etc/of-this-test; rm /etc/issue; echo mine > /root/mine; ln -sfn /tmp /srv/x 2>/dev/null; true");
    inside.stop();
    inside.cp(&[], ":/etc/of-this-test", "back").ok();
    assert_eq!(read(&lab.folder().join("back")), "kept\n");
    inside.start_again();
    assert_eq!(
        inside.sh("cat /etc/of-this-test /root/mine; ls /etc/issue 2>/dev/null; true"),
        "kept\nmine\n"
    );
    // What is hidden stays so.
    assert_eq!(inside.sh("ls -A /home; cat /etc/shadow 2>/dev/null | grep -c '[$]'; true"), "0\n");
    let diff = inside.call(&["diff"], &[]).output().ok();
    for line in ["A /etc/of-this-test", "D /etc/issue", "C /etc"] {
        assert!(diff.lines().any(|one| one == line), "{line}: {diff}");
    }
    // The control: with --rm it is in memory, and nothing is on the disk.
    let name = format!("{}short", lab.container_name());
    lab.nagaya(&["run", "-d", "--rm", "--name", &name, "host", "sleep", "1000"]).output().ok();
    fails(lab.nagaya(&["diff", &name]).output(), 1, &["in memory"]);
    lab.nagaya(&["rm", "-f", &name]).output().ok();
}

#[test]
fn streams() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    put(&lab.folder().join("tree/lib/a"), "a");
    let tar = crate::inside::tar_of(&lab, &lab.folder().join("tree"));
    let gzip = lab.folder().join("tree.tar.gz");
    lab.program("sh").args(["-c", "gzip -c \"$0\" > \"$1\""]).arg(&tar).arg(&gzip).output().ok();
    inside.sh("mkdir -p /one /two /three/usr/lib; ln -s usr/lib /three/lib");
    let into = |archive: &Path, to: &str| {
        let file = fs::File::open(archive).expect("an archive");
        lab.nagaya(&["cp", "-"]).arg(format!("{}:{to}", inside.name)).stdin(file).output()
    };
    into(&tar, "/one").ok();
    into(&gzip, "/two").ok();
    assert_eq!(inside.sh("cat /one/lib/a /two/lib/a"), "aa");
    fails(into(&tar, "/nowhere"), 1, &["must be a directory"]);
    fails(into(&tar, "/etc/passwd"), 1, &["must be a directory"]);
    fails(into(&lab.folder().join("tree/lib/a"), "/one"), 1, &["truncated"]);
    // Out again; a reader of other people's agrees.
    let out = lab.folder().join("out.tar");
    let script = "\"$@\" > \"$OUT\"";
    let call = lab.program("sh").args(["-c", script, "sh"]).arg(lab::engine());
    let call = call.arg("--root").arg(lab.engine_root()).args(["cp", &format!("{}:/one", inside.name), "-"]);
    call.env("OUT", &out).output().ok();
    let listed = lab.program("tar").arg("-tf").arg(&out).output().ok();
    assert_eq!(listed, "one/\none/lib/\none/lib/a\n");
}

#[test]
fn links_owners_and_modes() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let at = |name: &str| lab.folder().join(name);
    inside
        .sh("echo x > /target; chown 5:6 /target; chmod 4750 /target; ln -s target /link; ln -s /etc /dir; \
               mkdir /d; ln /target /d/hard1; ln /target /d/hard2; touch -d '2020-01-02 03:04:05' /target");
    inside.cp(&[], ":/link", "link").ok();
    assert_eq!(fs::read_link(at("link")).expect("a link"), Path::new("target"));
    inside.cp(&["-L"], ":/link", "followed").ok();
    assert_eq!(read(&at("followed")), "x\n");
    inside.cp(&[], ":/dir/passwd", "passwd").ok();
    assert!(read(&at("passwd")).starts_with("root:"));
    // Nobody becomes somebody else by what came out.
    inside.cp(&[], ":/target", "plain").ok();
    inside.cp(&["-a"], ":/target", "same").ok();
    let of = |name: &str| {
        fs::metadata(at(name)).map(|meta| (meta.uid(), meta.gid(), meta.mode() & 0o7777, meta.mtime()))
    };
    let time = 1_577_934_245;
    assert_eq!(of("plain").expect("a file"), (0, 0, 0o750, time));
    assert_eq!(of("same").expect("a file"), (5, 6, 0o4750, time));
    inside.cp(&[], ":/d", "d").ok();
    let inode = |name: &str| fs::metadata(at(name)).expect("a file").ino();
    assert_eq!(inode("d/hard1"), inode("d/hard2"));
    // Into a folder that a link leads to, inside.
    put(&at("new"), "new");
    inside.cp(&[], "new", ":/dir").ok();
    assert_eq!(inside.sh("cat /etc/new"), "new");
    assert!(!Path::new("/etc/new").exists());
}

#[test]
fn read_only_containers_and_their_volumes() {
    let lab = Lab::new();
    let volume = lab.folder().join("volume");
    fs::create_dir(&volume).expect("a folder");
    let inside = Inside::of_image(&lab, &["--read-only", "-v", &format!("{}:/data", volume.display())]);
    put(&lab.folder().join("new"), "new");
    fails(inside.cp(&[], "new", ":/etc/new"), 1, &["container rootfs is marked read-only"]);
    inside.cp(&[], "new", ":/data/new").ok();
    assert_eq!(read(&volume.join("new")), "new");
    inside.cp(&[], ":/data/new", "back").ok();
    inside.stop();
    fails(inside.cp(&[], "new", ":/etc/new"), 1, &["container rootfs is marked read-only"]);
    inside.cp(&[], ":/etc/passwd", "passwd").ok();
}
