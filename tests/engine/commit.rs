//! `commit`, `diff` and `export`: what a container has changed, and all that it has.

use std::fs;
use std::os::unix::fs::chown;

use lab::{Lab, Nagaya, fails, for_ordinary_user};
use serde_json::Value;

use crate::inside::{Inside, tar_of};

/// Everything that one can do to files of an image.
const CHANGES: &str = "echo new > /new; mkdir /dir; echo x > /dir/in; rm /etc/group; echo more >> /etc/passwd; \
                       rm -r /work && mkdir /work; echo y > /work/y; chmod 700 /tmp; ln -s new /link; mknod /zero c 1 5";

#[test]
fn what_was_changed() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    let diff = || inside.call(&["diff"], &[]).output().ok();
    let before = diff();
    inside.sh("cat /etc/passwd > /dev/null; touch -a /etc/passwd");
    assert_eq!(diff(), before, "to look at something is no change");
    inside.sh(CHANGES);
    let seen = diff();
    for line in [
        "A /new",
        "A /dir",
        "A /dir/in",
        "D /etc/group",
        "C /etc",
        "C /etc/passwd",
        "A /work/y",
        "C /tmp",
        "A /link",
        "A /zero",
    ] {
        assert!(seen.lines().any(|one| one == line), "{line}: {seen}");
    }
    let mut sorted: Vec<_> = seen.lines().map(|line| &line[2..]).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, seen.lines().map(|line| &line[2..]).collect::<Vec<_>>());
    inside.stop();
    assert_eq!(diff(), seen);
    fails(lab.nagaya(&["diff", "nobody"]).output(), 1, &["No such container: nobody"]);
}

#[test]
fn a_folder_has_nothing_to_compare_with() {
    let lab = Lab::new();
    let (inside, _) = Inside::of_folder(&lab, &[]);
    fails(inside.call(&["diff"], &[]).output(), 1, &["its root is a folder"]);
    fails(inside.call(&["commit"], &[]).output(), 1, &["was not made of an image", "nagaya export"]);
    inside.exec(&[], &["true"]).ok();
}

fn inspect(lab: &Lab, image: &str) -> Value {
    let text = lab.nagaya(&["image", "inspect", image]).output().ok();
    serde_json::from_str::<Vec<Value>>(&text).expect("JSON").remove(0)
}

#[test]
fn an_image_of_a_container() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["-e", "OURS=1", "-w", "/dir", "--label", "a=b"]);
    inside.sh(CHANGES);
    let words = ["-m", "why", "-a", "who", "-c", "CMD [\"sh\", \"-c\", \"cat in\"]", "-c", "ENV MORE=2"];
    let call = inside.call(&[&["commit"], &words[..]].concat(), &["made:1"]);
    let id = call.output().ok();
    assert!(id.starts_with("sha256:") && id.trim().len() == 71, "{id}");
    let (below, made) = (inspect(&lab, "box"), inspect(&lab, "made:1"));
    assert_eq!(made["Id"], id.trim());
    let layers = |image: &Value| image["RootFS"]["Layers"].as_array().cloned().expect("layers");
    let (below, all) = (layers(&below), layers(&made));
    assert_eq!(all[..below.len()], below, "the layers below stay");
    assert_eq!(all.len(), below.len() + 1);
    assert_eq!((made["Author"].as_str(), made["Comment"].as_str()), (Some("who"), Some("why")));
    let env = made["Config"]["Env"].to_string();
    assert!(env.contains("OURS=1") && env.contains("MORE=2"), "{env}");
    assert_eq!(made["Config"]["Labels"]["a"], "b");
    let history = lab.nagaya(&["history", "made:1"]).output().ok();
    assert!(history.contains("why"), "{history}");
    // It runs, with all that was changed and nothing that was not.
    let run = |image: &str, script: &str| {
        lab.nagaya(&["run", "--rm", "-w", "/", image, "sh", "-c", script]).output().ok()
    };
    assert_eq!(lab.nagaya(&["run", "--rm", "made:1"]).output().ok(), "x\n");
    let seen = run(
        "made:1",
        "cat /new /work/y; ls /etc/group 2>&1 | grep -c 'No such'; ls /work; stat -c %a /tmp; ls -l /zero | cut -c1",
    );
    assert_eq!(seen, "new\ny\n1\ny\n700\nc\n");
    // The control: the image below is as it was.
    assert_eq!(run("box", "ls /new 2>&1 | grep -c 'No such'; ls /etc/group"), "1\n/etc/group\n");
    // A second one on top, of a container that has stopped; and one that was never started has an empty layer.
    inside.stop();
    inside.call(&["commit"], &["made:2"]).output().ok();
    assert_eq!(run("made:2", "cat /new"), "new\n");
    let name = format!("{}idle", lab.container_name());
    lab.nagaya(&["create", "--name", &name, "made:1"]).output().ok();
    lab.nagaya(&["commit", &name, "made:3"]).output().ok();
    assert_eq!(layers(&inspect(&lab, "made:3")).len(), all.len() + 1);
    lab.nagaya(&["rm", &name]).output().ok();
    fails(inside.call(&["commit", "-c", "RUN x"], &[]).output(), 1, &["not a valid change command"]);
}

/// It is held still meanwhile, and goes on.
#[test]
fn it_goes_on_after_a_commit() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    inside.call(&["commit"], &[]).output().ok();
    inside.exec(&[], &["true"]).ok();
    inside.call(&["pause"], &[]).output().ok();
    inside.call(&["commit"], &[]).output().ok();
    // One that was held still by somebody else stays so.
    fails(inside.exec(&[], &["true"]), 1, &["is paused"]);
    inside.call(&["unpause"], &[]).output().ok();
    inside.call(&["commit", "--pause=false"], &[]).output().ok();
}

#[test]
fn out_as_a_tar_and_in_again() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &["-v", &format!("{}:/data", lab.folder().display())]);
    inside.sh(CHANGES);
    let tar = lab.folder().join("root.tar");
    let export = || {
        inside.call(&["export", "-o", &tar.display().to_string()], &[]).output().ok();
        lab.program("tar").arg("-tf").arg(&tar).output().ok()
    };
    let listed = export();
    let has = |name: &str| listed.lines().any(|line| line == name);
    assert!(has("new") && has("dir/in") && has("bin/busybox") && has("zero"), "{listed}");
    assert!(!has("etc/group"));
    // Nothing of what is mounted in it; its place is there.
    assert!(has("proc/") && has("data/") && has("dev/"), "{listed}");
    assert!(!listed.lines().any(|line| line.starts_with("proc/") && line != "proc/"), "{listed}");
    assert!(!listed.contains("data/root"), "{listed}");
    assert!(
        fs::read_dir(format!("/proc/{}/root/data", inside.pid())).expect("the volume").count() > 0,
        "the control"
    );
    inside.stop();
    assert_eq!(export(), listed);
    lab.nagaya(&["import"]).arg(&tar).arg("again").output().ok();
    let seen = lab.nagaya(&["run", "--rm", "again", "cat", "/new", "/dir/in"]).output().ok();
    assert_eq!(seen, "new\nx\n");
    fails(inside.call(&["export", "-o", "/nowhere/x"], &[]).output(), 1, &["/nowhere"]);
    // An image of that name can be exported, too.
    lab.nagaya(&["export", "-o", &tar.display().to_string(), "box"]).output().ok();
}

/// What is mounted in every container needs a place in its root, and that is nobody's change.
#[test]
fn places_for_what_is_mounted_are_no_changes() {
    let lab = Lab::new();
    let (name, bare) = (lab.container_name(), lab.folder().join("bare"));
    fs::create_dir_all(bare.join("bin")).expect("a folder");
    fs::copy("/bin/busybox", bare.join("bin/busybox")).expect("a program");
    lab.nagaya(&["import"]).arg(tar_of(&lab, &bare)).arg("bare").output().ok();
    let run = |image: &str, script: &str| {
        let call = ["run", "--name", &name, image, "/bin/busybox", "sh", "-c", script];
        lab.nagaya(&call).output().ok()
    };
    // They are there, or nothing of this is tested.
    run(
        "bare",
        "cd /; /bin/busybox test -e etc/hosts -a -e etc/hostname -a -e etc/resolv.conf -a -e proc/self; echo x > new",
    );
    assert_eq!(lab.nagaya(&["diff", &name]).output().ok(), "A /new\n");
    lab.nagaya(&["commit", &name, "bare:2"]).output().ok();
    lab.nagaya(&["rm", &name]).output().ok();
    let tar = lab.folder().join("again.tar");
    lab.nagaya(&["export", "-o", &tar.display().to_string(), "bare:2"]).output().ok();
    let listed = lab.program("tar").arg("-tf").arg(&tar).output().ok();
    let etc: Vec<_> = listed.lines().filter(|line| !line.starts_with("bin/")).collect();
    // A folder shows no more whether it was made for them alone.
    assert_eq!(etc, ["etc/", "new"], "{listed}");
    // The control: what else is put there is a change, and so is the folder that it is in.
    run("bare:2", "echo x > /etc/mine; echo y > /dev/null");
    assert_eq!(lab.nagaya(&["diff", &name]).output().ok(), "C /etc\nA /etc/mine\n");
    lab.nagaya(&["rm", &name]).output().ok();
}

#[test]
fn of_this_machine() {
    let lab = Lab::new();
    let inside = Inside::of_host(&lab, &[]);
    fails(inside.call(&["commit"], &[]).output(), 1, &["was not made of an image"]);
    inside.sh("echo x > /etc/of-this-test");
    let diff = inside.call(&["diff"], &[]).output().ok();
    assert!(diff.lines().any(|line| line == "A /etc/of-this-test"), "{diff}");
}

/// Files of an ordinary user's container belong to ids that only a root of its own can read and give.
#[test]
fn by_an_ordinary_user() {
    let lab = Lab::new();
    for_ordinary_user(&lab);
    let tar = tar_of(&lab, &lab.rootfs("box"));
    let name = lab.container_name();
    let folder = lab.engine_root().join("files");
    fs::create_dir(&folder).expect("a folder");
    chown(&folder, Some(lab::ORDINARY_USER), Some(lab::ORDINARY_USER)).expect("its own");
    let call = |words: &[&str]| lab.nagaya(words).user(lab::ORDINARY_USER).folder(&folder).output();
    call(&["import", &tar.display().to_string(), "box"]).ok();
    call(&["run", "-d", "--name", &name, "box", "sh", "-c", "sleep 1000"]).ok();
    let check = |state: &str| {
        fs::write(folder.join("new"), state).expect("a file");
        call(&["cp", "new", &format!("{name}:/new-{state}")]).ok();
        call(&["cp", &format!("{name}:/new-{state}"), "back"]).ok();
        assert_eq!(fs::read_to_string(folder.join("back")).expect("a file"), state);
        let diff = call(&["diff", &name]).ok();
        assert!(diff.lines().any(|line| line == format!("A /new-{state}")), "{diff}");
        let out = folder.join("out.tar").display().to_string();
        call(&["export", "-o", &out, &name]).ok();
        let listed = lab.program("tar").args(["-tf", &out]).output().ok();
        assert!(listed.lines().any(|line| line == format!("new-{state}")), "{listed}");
        assert!(!listed.lines().any(|line| line.starts_with("dev/null")), "{listed}");
        call(&["commit", "--pause=false", &name, &format!("made:{state}")]).ok();
        let seen = call(&["run", "--rm", &format!("made:{state}"), "cat", &format!("/new-{state}")]).stdout;
        assert_eq!(seen, state);
    };
    check("running");
    call(&["stop", "-t", "0", &name]).ok();
    check("stopped");
    call(&["rm", "-f", &name]).ok();
}
