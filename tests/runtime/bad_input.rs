//! Bundles, programs and names that are not what they should be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use lab::{Container, Lab, ORDINARY_USER};

#[test]
fn a_bundle_that_is_not_there() {
    let lab = Lab::new();
    let call =
        |bundle: &str| lab.runtime(["create", "--bundle", bundle, &format!("{}x", lab.name())]).output();
    call("/nowhere/at/all").refused(&["/nowhere/at/all", "no such file or directory"]);
    call("/etc/passwd").refused_naming(&["/etc/passwd"]);
    call(lab.folder().join("bundles").to_str().unwrap()).refused(&["config.json"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_config_that_is_no_file() {
    let lab = Lab::new();
    let web = lab.container("web").config_by_hand();
    let config = web.bundle().join("config.json");
    fs::create_dir(&config).unwrap();
    web.run().refused_naming(&["config.json"]);
    fs::remove_dir(&config).unwrap();
    symlink("/dev/zero", &config).unwrap();
    web.run().refused_naming(&["config.json"]);
    fs::remove_file(&config).unwrap();
    if lab::is_nagaya() {
        // runc opens it and waits for ever.
        lab.program("mkfifo").arg(&config).output().ok();
        web.run().refused(&["config.json"]);
    }
}

#[test]
fn a_config_that_may_not_be_read() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    fs::set_permissions(web.bundle().join("config.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let output = web.config_by_hand().call("run", &[]).user(ORDINARY_USER).output();
    output.refused(&["permission denied"]);
}

/// Someone who is not root, with a config for root.
#[test]
fn no_permission() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let output = web.call("run", &[]).user(ORDINARY_USER).output();
    assert!(!output.stdout.contains("alive"), "{output:?}");
    output.refused(&[]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_root_folder_that_is_not_there_or_no_folder() {
    let lab = Lab::new();
    fs::write(lab.folder().join("file"), "").unwrap();
    for path in ["/nowhere/at/all".to_string(), lab.folder().join("file").display().to_string()] {
        let web = lab.container("web").sh("true").edit(|config| config["root"]["path"] = path.clone().into());
        web.create().refused_naming(&[&path]);
        assert_eq!(lab.leftovers(), [""; 0]);
    }
}

/// Followed or refused; but if it is followed, what it points to is what the container sees.
#[test]
fn a_root_folder_that_is_a_symbolic_link() {
    let lab = Lab::new();
    let target = lab.rootfs("target");
    fs::write(target.join("etc/target"), "of the target\n").unwrap();
    let link = lab.folder().join("link");
    symlink(&target, &link).unwrap();
    let web = lab.container("web").sh("cat /etc/target").edit(|config| {
        config["root"]["path"] = link.to_str().unwrap().into();
    });
    let output = web.run();
    if output.code == 0 {
        assert_eq!(web.after_nonce(&output.stdout), "of the target\n");
    } else {
        output.refused_naming(&[link.to_str().unwrap()]);
    }
}

#[test]
fn paths_with_unusual_characters() {
    let lab = Lab::new();
    for name in ["a b", "a:b", "a,b", "a\\b", "a\nb", "ä", "a%s"] {
        let root = lab.rootfs(name);
        let web = lab.container("web").edit(|config| config["root"]["path"] = root.to_str().unwrap().into());
        web.see("ls -d /work");
    }
}

/// Puts a file into the root folder and makes it the program.
fn program<'lab>(lab: &'lab Lab, content: &[u8], mode: u32) -> Container<'lab> {
    let web = lab.container("web").args(&["/work/program"]);
    let file = web.rootfs().join("work/program");
    fs::write(&file, content).expect("a program");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("its mode");
    web
}

/// `create` has to fail, or at the latest `start`; and in the words that docker makes 127 and 126 of.
#[track_caller]
fn cannot_start(web: &Container<'_>, words: &[&str]) {
    web.run().refused(words);
    assert_eq!(web.lab().leftovers(), [""; 0]);
}

#[test]
fn a_program_that_is_not_there() {
    let lab = Lab::new();
    cannot_start(
        &lab.container("web").args(&["no-such"]),
        &["no-such", "executable file not found in $PATH"],
    );
    cannot_start(
        &lab.container("web").args(&["/bin/no-such"]),
        &["/bin/no-such", "no such file or directory"],
    );
    cannot_start(&lab.container("web").args(&[""]), &[]);
    lab.container("web").args(&["no-such"]).create().refused(&["no-such"]);
}

#[test]
fn a_program_that_is_no_program() {
    let lab = Lab::new();
    cannot_start(&program(&lab, b"#!/bin/sh\necho ran\n", 0o644), &["/work/program", "permission denied"]);
    let folder = lab.container("web").args(&["/work"]);
    let error = folder.run().refused(&["/work"]);
    assert!(error.contains("is a directory") || error.contains("permission denied"), "{error}");
    cannot_start(&program(&lab, b"\x7fELF\x02\x01\x01 this is cut short", 0o755), &["xec format error"]);
    cannot_start(&program(&lab, b"#!/no/such/shell\n", 0o755), &["no such file or directory"]);
    cannot_start(&program(&lab, b"#!/bin/sh\r\necho ran\r\n", 0o755), &["no such file or directory"]);
    cannot_start(&program(&lab, b"just text\n", 0o755), &["xec format error"]);
    cannot_start(&program(&lab, b"", 0o755), &["xec format error"]);
    // The control.
    assert_eq!(program(&lab, b"#!/bin/sh\necho ran\n", 0o755).run().ok(), "ran\n");
}

/// A header of the right kind for another machine: 183 is aarch64.
#[test]
fn a_program_for_another_machine() {
    let lab = Lab::new();
    let mut elf = fs::read("/bin/busybox").unwrap();
    elf[18] = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    cannot_start(&program(&lab, &elf, 0o755), &["xec format error"]);
}

/// For a user who may not even look.
#[test]
fn a_program_behind_a_locked_door() {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| config["process"]["user"]["uid"] = 1000.into());
    let web = web.capabilities(&[]).args(&["/root/program"]);
    fs::write(web.rootfs().join("root/program"), "#!/bin/sh\necho ran\n").unwrap();
    fs::set_permissions(web.rootfs().join("root"), fs::Permissions::from_mode(0o700)).unwrap();
    web.run().refused(&["permission denied"]);
}

#[test]
fn arguments_that_are_too_long() {
    let lab = Lab::new();
    let long = "x".repeat(200_000);
    let web = lab.container("web").args(&["/bin/echo", &long]);
    web.run().refused(&["rgument list too long"]);
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_working_folder_that_is_no_folder() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true").edit(|config| config["process"]["cwd"] = "/etc/passwd".into());
    let output = web.run();
    assert!(!output.stdout.contains("alive"), "{output:?}");
    output.refused_naming(&["/etc/passwd"]);
}

#[test]
fn bad_names() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    let long = "x".repeat(2000);
    let before = names(lab.folder());
    for name in ["", ".", "..", "a/b", "../x", "/", "a b", "a\nb", "\u{1b}[2J", "ä", "$(x)", "a;b", &long] {
        for command in ["create", "run"] {
            let output = lab.runtime([command, "--bundle"]).arg(web.bundle()).arg(name).output();
            assert!(!output.stdout.contains("alive"), "{name:?}: {output:?}");
            output.refused(&[]);
        }
        for command in ["state", "start", "kill", "delete"] {
            lab.runtime([command, name]).output().refused(&[]);
        }
        lab.runtime(["delete", "--force", name]).output().no_crash();
    }
    assert_eq!(names(lab.folder()), before, "a name became a path");
    assert_eq!(lab.leftovers(), [""; 0]);
    web.after_nonce(&web.run().ok());
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path().display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn unknown_signals() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for signal in ["NOPE", "SIGNOPE", "-1", "65", "1000", "99999999999", ""] {
        if signal.is_empty() && !lab::is_nagaya() {
            continue; // runc takes it for SIGTERM.
        }
        let output = web.kill(signal);
        output.no_crash();
        assert_ne!(output.code, 0, "{signal:?} was accepted");
        if lab::is_nagaya() {
            output.refused(&[signal]);
        }
    }
    assert_eq!(web.status(), "running");
    web.delete_force().ok();
}

#[test]
fn more_and_fewer_arguments_than_wanted() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for args in [&["start"][..], &["state", web.id(), "x"], &["delete"], &["create"], &["run"], &["kill"]] {
        let output = lab.runtime(args).output();
        output.no_crash();
        assert_ne!(output.code, 0, "{args:?}");
    }
    assert_eq!(web.status(), "running");
    web.delete_force().ok();
}

#[test]
fn a_state_folder_of_nonsense() {
    let lab = Lab::new();
    let id = format!("{}web", lab.name());
    let folder = lab.state_folder().join(&id);
    fs::create_dir(&folder).unwrap();
    for content in ["", "{", "[]", "{}", "nonsense"] {
        fs::write(folder.join("state.json"), content).unwrap();
        for command in ["state", "start", "kill"] {
            lab.runtime([command, &id]).output().refused(&[]);
        }
        lab.runtime(["list"]).output().no_crash();
    }
    if lab::is_nagaya() {
        lab.delete_force(&id).ok();
        assert!(!folder.exists(), "it cannot be deleted");
    }
    let _ = fs::remove_dir_all(&folder);
}
