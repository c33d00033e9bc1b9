//! `-v`.

use std::fs;

use lab::{Lab, Nagaya, fails};

#[test]
fn written_inside_is_written_outside() {
    let lab = Lab::new();
    let data = lab.folder().join("data");
    fs::create_dir(&data).expect("a folder");
    lab.see(&["-v", &format!("{}:/made/here", data.display())], "echo x > /made/here/file");
    assert_eq!(fs::read_to_string(data.join("file")).expect("a file"), "x\n");
}

#[test]
fn read_only_with_all_below() {
    let lab = Lab::new();
    let data = lab.folder().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::write(data.join("file"), "old").expect("a file");
    let volume = format!("{}:/data:ro", data.display());
    let seen =
        lab.see(&["-v", &volume], "cat /data/file; (echo new > /data/file) 2>&1; touch /data/x 2>&1; true");
    assert!(seen.starts_with("old"), "{seen}");
    assert_eq!(seen.matches("Read-only file system").count(), 2, "{seen}");
    assert_eq!(fs::read_to_string(data.join("file")).expect("a file"), "old");
}

#[test]
fn a_file_and_a_relative_source() {
    let lab = Lab::new();
    fs::write(lab.folder().join("file"), "from outside").expect("a file");
    let call = lab.run(&["-v", "./file:/etc/file", "host", "cat", "/etc/file"]).folder(lab.folder());
    assert_eq!(call.output().ok(), "from outside");
}

#[test]
fn a_missing_source_is_made_and_that_is_said() {
    let lab = Lab::new();
    let missing = lab.folder().join("missing/below");
    let output = lab.run(&["-v", &format!("{}:/data", missing.display()), "host", "true"]).output();
    assert!(output.stderr.contains("note:") && output.stderr.contains("missing/below"), "{}", output.stderr);
    assert!(missing.is_dir());
    let again = lab.run(&["-v", &format!("{}:/data", missing.display()), "host", "true"]).output();
    assert_eq!(again.stderr, "");
}

/// Nothing is made for a container that is refused.
#[test]
fn nothing_is_made_for_what_is_refused() {
    let lab = Lab::new();
    let missing = lab.folder().join("missing");
    let volume = format!("{}:/data", missing.display());
    fails(lab.run(&["-v", &volume, "-v", &volume, "host", "true"]).output(), 125, &["Duplicate mount point"]);
    fails(lab.run(&["-v", &volume, "-u", "nobody-at-all", "host"]).output(), 125, &["nobody-at-all"]);
    assert!(!missing.exists());
}

#[test]
fn in_the_place_of_a_mount_that_all_have() {
    let lab = Lab::new();
    let data = lab.folder().join("data");
    fs::create_dir(&data).expect("a folder");
    lab.see(&["-v", &format!("{}:/dev/shm", data.display())], "echo x > /dev/shm/file");
    assert!(data.join("file").exists());
}
