//! Volumes with names and without.

use std::fs;

use lab::{Lab, Nagaya, fails};

use crate::volume_kit::{LOOK, LOOKS, WithVolumes};

fn anonymous(lab: &Lab) -> Vec<String> {
    lab.in_volumes().into_iter().filter(|name| name.len() == 64).collect()
}

#[test]
fn a_volume_of_the_image_begins_as_the_image_and_goes_with_rm() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /data"]);
    let seen = lab.sh(&[], "web", &format!("{LOOK}; grep -c ' /data ' /proc/self/mountinfo"));
    assert_eq!(seen, format!("{LOOKS}1\n"));
    assert_eq!(lab.in_volumes(), [""; 0], "`--rm` leaves its volume");
    // The control: without --rm it stays, and so it does when only the container is removed.
    let web = lab.named("web");
    let run = || drop(lab.fine(&["run", "--name", &web, "web", "true"]));
    run();
    assert_eq!(anonymous(&lab).len(), 1);
    lab.fine(&["rm", &web]);
    assert_eq!(anonymous(&lab).len(), 1, "`rm` without -v leaves it");
    run();
    assert_eq!(anonymous(&lab).len(), 2);
    lab.fine(&["rm", "-v", &web]);
    assert_eq!(anonymous(&lab).len(), 1, "`rm -v` removes it");
    let pruned = lab.fine(&["volume", "prune", "-f"]);
    assert!(
        pruned.starts_with("Deleted Volumes:\n") && pruned.contains("Total reclaimed space: "),
        "{pruned}"
    );
    assert_eq!(lab.in_volumes(), [""; 0]);
}

#[test]
fn a_container_that_fails_to_start_leaves_no_volume() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /data"]);
    let call = lab.nagaya(&["run", "--rm", "--name", &lab.named("bad"), "-v", "/more", "web", "nope"]);
    fails(call.output(), 127, &["nope"]);
    assert_eq!(lab.in_volumes(), [""; 0]);
    // The control: without --rm it is there, and keeps them.
    let call = lab.nagaya(&["run", "--name", &lab.named("bad"), "-v", "/more", "web", "nope"]);
    fails(call.output(), 127, &["nope"]);
    assert_eq!(anonymous(&lab).len(), 2);
    lab.fine(&["rm", "-v", &lab.named("bad")]);
    assert_eq!(lab.in_volumes(), [""; 0]);
}

#[test]
fn a_named_volume_is_filled_once_and_outlives_containers() {
    let lab = Lab::new();
    lab.image("web", &[]);
    assert_eq!(lab.sh(&["-v", "db:/data"], "web", &format!("{LOOK}; echo more > /data/more")), LOOKS);
    assert_eq!(lab.sh(&["-v", "db:/data"], "web", "rm /data/file; cat /data/more"), "more\n");
    let again = lab.sh(&["-v", "db:/data"], "web", "ls /data");
    assert_eq!(again, "link\nmore\nsub\n", "what was removed comes back");
    // In another place it is the same.
    assert_eq!(
        lab.sh(&["-v", "db:/work:ro"], "web", "cat /work/more; touch /work/x 2>&1 || true").lines().count(),
        2
    );
    assert_eq!(fs::read_to_string(lab.data("db").join("more")).expect("a file"), "more\n");
    assert_eq!(lab.in_volumes(), ["db"]);
    // Nothing of the image is wanted.
    assert_eq!(lab.sh(&["-v", "new:/data:nocopy"], "web", "ls /data; stat -c '%u %g %a' /data"), "0 0 755\n");
}

#[test]
fn what_is_in_a_volume_already_is_not_touched() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /data"]);
    lab.fine(&["volume", "create", "db"]);
    fs::write(lab.data("db").join("file"), "the user's own").expect("a file");
    let seen = lab.sh(&["-v", "db:/data"], "web", "cat /data/file; ls /data; stat -c '%u %a' /data");
    assert_eq!(seen, "the user's ownfile\n0 755\n");
    assert_eq!(lab.in_volumes(), ["db"], "the image's volume was made beside it");
}

/// It begins as the image once, not with each start.
#[test]
fn a_container_that_has_emptied_its_volume_finds_it_empty() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /data"]);
    let web = lab.named("web");
    let script = "ls /data | wc -l; rm -rf /data/*";
    assert_eq!(lab.fine(&["run", "--name", &web, "web", "sh", "-c", script]).trim(), "3");
    assert_eq!(lab.fine(&["start", "-a", &web]).trim(), "0");
    lab.fine(&["rm", "-v", &web]);
}

#[test]
fn who_was_killed_over_filling_it_leaves_it_to_the_next() {
    let lab = Lab::new();
    lab.image("web", &[]);
    lab.fine(&["volume", "create", "db"]);
    // As far as one had come: one entry is there, another was on its way, and what somebody has put there stays.
    let (data, filling) = (lab.data("db"), lab.data("db").with_file_name("_filling"));
    fs::create_dir_all(filling.join("sub")).expect("a folder");
    fs::write(filling.join("sub/deep"), "cut of").expect("a file");
    fs::write(data.join("file"), "somebody's").expect("a file");
    let seen = lab.sh(&["-v", "db:/data"], "web", "cat /data/file /data/link; stat -c '%u %g %a' /data");
    assert_eq!(seen, "somebody'sdeep\n123 456 2750\n");
    assert!(!filling.exists());
    // The control: without the mark nothing is added.
    fs::remove_file(data.join("link")).expect("a link");
    assert_eq!(lab.sh(&["-v", "db:/data"], "web", "ls /data"), "file\nsub\n");
}

/// What is copied is found in the image, and in no other place that a link may lead to.
#[test]
fn a_link_of_the_image_leads_to_the_image() {
    let lab = Lab::new();
    let canary = lab.folder().join("canary");
    fs::create_dir(&canary).expect("a folder");
    fs::write(canary.join("secret"), "of the host").expect("a file");
    let out = canary.display().to_string();
    lab.image("plain", &[]);
    // The control: it can be seen from here, by the same path.
    assert!(fs::read_dir(&out).expect("a folder").count() == 1);
    let root = lab.folder().join("root-plain");
    std::os::unix::fs::symlink(&canary, root.join("away")).expect("a link");
    std::os::unix::fs::symlink("../../../../../../../..".to_string() + &out, root.join("up"))
        .expect("a link");
    let tar = lab.folder().join("links.tar");
    lab.program("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").output().ok();
    lab.nagaya(&["import", "--change", "VOLUME /away /up /etc/../proc-not"])
        .arg(&tar)
        .arg("links")
        .output()
        .ok();
    let seen = lab.sh(&[], "links", "ls /away /up | grep -c secret; true");
    assert_eq!(seen.trim(), "0", "{seen}");
    for bad in ["/proc", "/sys/fs", "/", "/../..", "/dev"] {
        lab.nagaya(&["import", "--change", &format!("VOLUME {bad}")]).arg(&tar).arg("bad").output().ok();
        let call = lab.nagaya(&["run", "--rm", "bad", "true"]);
        fails(call.output(), 125, &["VOLUME", "destination can't be"]);
    }
    assert_eq!(lab.in_volumes(), [""; 0]);
}

#[test]
fn what_is_used_is_not_removed() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let (one, two) = (lab.named("one"), lab.named("two"));
    let id = lab.fine(&["create", "--name", &one, "-v", "db:/a", "web", "true"]);
    let refused =
        fails(lab.nagaya(&["volume", "rm", "db"]).output(), 1, &["remove db: volume is in use - ["]);
    assert!(refused.contains(id.trim()), "{refused}");
    fails(lab.nagaya(&["volume", "rm", "-f", "db"]).output(), 1, &["volume is in use"]);
    lab.fine(&["volume", "prune", "-af"]);
    lab.fine(&["system", "prune", "-f", "--volumes", "--filter", "label=nobody-has-this"]);
    assert_eq!(lab.in_volumes(), ["db"]);
    // Two at once see the same files.
    lab.fine(&[
        "run",
        "-d",
        "--name",
        &two,
        "-v",
        "db:/b",
        "web",
        "sh",
        "-c",
        "while [ ! -e /b/said ]; do usleep 10000; done; cat /b/said > /b/heard",
    ]);
    fails(lab.nagaya(&["volume", "rm", "db"]).output(), 1, &["volume is in use"]);
    assert_eq!(lab.sh(&["--volumes-from", &two], "web", "echo hello > /b/.new; mv /b/.new /b/said"), "");
    assert_eq!(lab.fine(&["wait", &two]).trim(), "0");
    assert_eq!(fs::read_to_string(lab.data("db").join("heard")).expect("a file"), "hello\n");
    // The control: once nobody uses it, it goes.
    lab.fine(&["rm", "-v", &one, &two]);
    assert_eq!(lab.in_volumes(), ["db"], "`rm -v` is about volumes without a name");
    assert_eq!(lab.fine(&["volume", "rm", "db"]), "db\n");
    assert_eq!(lab.in_volumes(), [""; 0]);
    fails(lab.nagaya(&["volume", "rm", "db"]).output(), 1, &["no such volume"]);
    assert_eq!(lab.fine(&["volume", "rm", "-f", "db"]), "db\n");
}

#[test]
fn volumes_of_another_container() {
    let lab = Lab::new();
    lab.image("web", &["VOLUME /data"]);
    let (one, host) = (lab.named("one"), lab.folder().join("host"));
    fs::create_dir(&host).expect("a folder");
    let bind = format!("{}:/host:ro", host.display());
    lab.fine(&["create", "--name", &one, "-v", &bind, "-v", "/own", "--tmpfs", "/run", "web", "true"]);
    let look = "ls /data; touch /own/x && echo can; touch /host/x 2>/dev/null || echo cannot; grep -c ' /run ' /proc/self/mountinfo; true";
    assert_eq!(lab.sh(&["--volumes-from", &one], "web", look), "file\nlink\nsub\ncan\ncannot\n0\n");
    // It was `run --rm`; and yet the other's volumes are still there.
    assert_eq!(anonymous(&lab).len(), 2);
    let look = "touch /own/y 2>/dev/null || echo cannot; ls /own";
    assert_eq!(lab.sh(&["--volumes-from", &format!("{one}:ro")], "web", look), "cannot\nx\n");
    fails(lab.try_sh(&["--volumes-from", "nobody"], "web", "true"), 125, &["No such container: nobody"]);
    lab.fine(&["rm", "-v", &one]);
    assert_eq!(lab.in_volumes(), [""; 0]);
}
