//! What keeps images sound: who may fetch them, what they take, and what becomes of damage.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use lab::{Call, Lab, Nagaya, Registry, fails};
use oci::image::Digest;
use store::{Folder, Problem, Store};

use crate::kit::Images;
use crate::sample::Sample;

/// With credentials of the lab's own.
fn call(lab: &Lab, words: &[&str]) -> Call {
    lab.nagaya(words).env("DOCKER_CONFIG", lab.folder().join("docker"))
}

/// `login` as `me`, with this password on stdin.
fn log_in(lab: &Lab, host: &str, password: &str) -> Call {
    let file = lab.folder().join("password");
    fs::write(&file, format!("{password}\n")).expect("a password");
    let words = ["login", "--username", "me", "--password-stdin", host];
    call(lab, &words).stdin(fs::File::open(file).expect("it is there"))
}

/// The sample image, called so.
fn load(lab: &Lab, name: &str) {
    let layout = Sample::new(lab).layout(lab, "sample:1");
    lab.load(&layout.folder);
    lab.fine(&["tag", "sample:1", name]);
    lab.fine(&["rmi", "sample:1"]);
}

#[test]
fn who_has_logged_in_may_push_and_pull_until_he_logs_out() {
    let lab = Lab::new();
    let registry = Registry::with().user("me", "secret").start();
    let (host, name) = (registry.host(), format!("{}/web:1", registry.host()));
    load(&lab, &name);
    fails(call(&lab, &["push", &name]).output(), 1, &["push access denied", "nagaya login"]);
    fails(log_in(&lab, &host, "wrong").output(), 1, &["unauthorized"]);
    fails(call(&lab, &["push", &name]).output(), 1, &["push access denied"]);

    let output = log_in(&lab, &host, "secret").output();
    assert!(output.stderr.contains("stored unencrypted in"), "{}", output.stderr);
    assert_eq!(output.ok(), "Login Succeeded\n");
    let pushed = call(&lab, &["push", &name]).output().ok();
    assert!(pushed.contains("1: digest: sha256:"), "{pushed}");
    lab.fine(&["rmi", &name]);
    let pulled = call(&lab, &["pull", &name]).output().ok();
    assert!(pulled.contains(&format!("Status: Downloaded newer image for {name}")), "{pulled}");

    let log_out = || call(&lab, &["logout", &host]).output().ok();
    assert_eq!(log_out(), format!("Removing login credentials for {host}\n"));
    assert_eq!(log_out(), format!("Not logged in to {host}\n"));
    fails(call(&lab, &["push", &name]).output(), 1, &["push access denied"]);
    fails(call(&lab, &["login", &host]).output(), 1, &["non TTY device", "--password-stdin"]);
    lab.is_clean();
}

fn store(lab: &Lab) -> Store {
    Store::open(&lab.engine_root()).expect("the store")
}

fn flip(path: &PathBuf) {
    let file = fs::File::options().read(true).write(true).open(path).expect("a file of the store");
    let mut byte = [0];
    file.read_exact_at(&mut byte, 700).expect("a byte");
    file.write_all_at(&[!byte[0]], 700).expect("another byte");
}

/// Digests of the lowest layer: as it was sent, and unpacked.
fn lowest(lab: &Lab, name: &str) -> (Digest, Digest) {
    let store = store(lab);
    let image = store.image(&store.find(name).expect("the image").id).expect("its record");
    (image.manifest.layers[0].digest.clone(), image.diff_ids()[0].clone())
}

#[test]
fn a_damaged_blob_is_found_and_fetched_again() {
    let lab = Lab::new();
    let registry = Registry::plain();
    let name = format!("{}/web:1", registry.host());
    load(&lab, &name);
    lab.fine(&["push", &name]);
    assert!(lab.fine(&["system", "check"]).contains("everything is as it was"));
    let (blob, _) = lowest(&lab, &name);
    flip(&store(&lab).blob_path(&blob));

    let output = lab.nagaya(&["system", "check"]).output();
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains(&format!("blob `{blob}` is damaged")), "{output:?}");
    assert!(output.stderr.contains("--repair"), "{output:?}");
    let said = lab.fine(&["system", "check", "--repair"]);
    assert!(said.contains("2 problems, 2 mended"), "{said}");
    assert!(lab.fine(&["system", "check"]).contains("everything is as it was"));
    assert_eq!(lab.run(&["--rm", &name, "echo sound"]).output().ok(), "sound\n");
    lab.is_clean();
}

#[test]
fn a_damaged_tar_is_unpacked_again_from_its_blob() {
    let lab = Lab::new();
    load(&lab, "web:1");
    let (_, diff_id) = lowest(&lab, "web:1");
    let tar = store(&lab).folder_path(Folder::Layer(&diff_id)).join("tar");
    flip(&tar);
    assert!(matches!(lab.problems()[..], [Problem::WrongFolder { .. }]), "{:?}", lab.problems());
    let said = lab.fine(&["system", "check", "--repair"]);
    assert!(said.contains("1 problems, 1 mended"), "{said}");
    assert_eq!(lab.problems(), []);
    assert_eq!(lab.run(&["--rm", "web:1", "echo sound"]).output().ok(), "sound\n");
    lab.is_clean();
}

#[test]
fn what_nobody_can_send_again_stays_a_problem() {
    let lab = Lab::new();
    load(&lab, "localhost:1/web:1");
    let (blob, _) = lowest(&lab, "localhost:1/web:1");
    flip(&store(&lab).blob_path(&blob));
    let output = lab.nagaya(&["system", "check", "--repair"]).output();
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("cannot be fetched again"), "{output:?}");
    assert_eq!(lab.problems().len(), 1);
    // It was not lost with the rest: by its removal, all is sound.
    lab.fine(&["rmi", "localhost:1/web:1"]);
    assert_eq!(lab.problems(), []);
}

#[test]
fn the_room_that_images_take_and_its_return() {
    let lab = Lab::new();
    load(&lab, "web:1");
    let df = |format: &str| lab.fine(&["system", "df", "--format", format]);
    assert_eq!(df("{{.Type}} {{.TotalCount}} {{.Active}}").lines().next(), Some("Images 1 0"));
    assert!(df("{{.Reclaimable}}").lines().next().is_some_and(|room| room.ends_with("MB (100%)")));
    // One that has a name stays, and one that does not fit a filter.
    assert!(lab.fine(&["system", "prune", "--force"]).contains("Total reclaimed space: 0B"));
    let other = ["system", "prune", "--all", "--force", "--filter", "label=nobody.has.it"];
    assert!(lab.fine(&other).contains("Total reclaimed space: 0B"));
    let said = lab.fine(&["system", "prune", "--all", "--force"]);
    assert!(said.contains("untagged: web:1\n") && !said.contains("space: 0B"), "{said}");
    assert_eq!(df("{{.Type}} {{.TotalCount}} {{.Size}}").lines().next(), Some("Images 0 0B"));
    lab.is_clean();
}

#[test]
fn a_platform_that_was_asked_for_is_the_one_that_is_used() {
    let lab = Lab::new();
    load(&lab, "web:1");
    let run = |platform: &str| {
        lab.run(&["--rm", "--pull", "never", "--platform", platform, "web:1", "echo runs"]).output()
    };
    assert_eq!(run("linux/amd64").ok(), "runs\n");
    fails(run("linux/arm64"), 125, &["does not match the specified platform", "linux/arm64"]);
    let save = |platform: &str| lab.nagaya(&["save", "--platform", platform, "web:1"]).output();
    assert!(!save("linux/amd64").ok().is_empty());
    let refused = save("linux/arm64");
    assert!(refused.stdout.is_empty());
    fails(refused, 1, &["does not provide the specified platform (linux/arm64)"]);
}

#[test]
fn a_container_may_be_called_as_a_registry_is() {
    let lab = Lab::new();
    load(&lab, "quay.io/web:1");
    for name in ["quay.io", "docker.io"] {
        lab.fine(&["create", "--name", name, "quay.io/web:1"]);
    }
    lab.fine(&["tag", "quay.io/web:1", "quay.io/other:2"]);
    lab.fine(&["tag", "quay.io/web:1", "other:2"]);
    assert!(lab.fine(&["system", "check"]).contains("everything is as it was"));
    assert_eq!(lab.fine(&["ps", "-a", "--format", "{{.Names}}"]).lines().count(), 2);
    assert_eq!(lab.fine(&["images", "-q"]).lines().count(), 3);
    lab.fine(&["rm", "quay.io", "docker.io"]);
    lab.is_clean();
}

/// What may take long shows how far it is, to whoever looks; elsewhere there is not a word of it.
#[test]
fn whoever_waits_at_a_terminal_sees_a_bar() {
    let lab = Lab::new();
    load(&lab, "app:1");
    let at = |name: &str| lab.folder().join(name).display().to_string();
    let (saved, root) = (at("saved.tar"), at("root.tar"));
    lab.fine(&["export", "-o", &root, "app:1"]);
    for (words, said) in [
        (&["system", "check"][..], "Checking ["),
        (&["save", "-o", &saved, "app:1"], "Writing "),
        (&["export", "-o", &root, "app:1"], "Writing "),
        (&["import", &root], "Importing ["),
        (&["load", "-i", &saved], "Already exists"),
    ] {
        let quiet = lab.nagaya(words).output();
        assert!(!quiet.stderr.contains(said), "{words:?}: {quiet:?}");
        quiet.ok();
        let (mut terminal, end) = lab::Pty::open();
        terminal.resize(30, 80);
        let call = lab.nagaya(words).redirect("2>&0").env("TERM", "xterm").stdin(end);
        let running = call.start();
        let screen = terminal.read_until(said);
        running.finish().ok();
        assert!(!screen.contains("error"), "{screen:?}");
    }
}
