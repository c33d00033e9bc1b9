//! `cp` with containers that mean harm: whatever they put in the way, it is met inside.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};

use lab::{Canary, Lab, Nagaya};

use crate::copy::put;
use crate::inside::Inside;

/// Every way that leads out by its words ends inside.
#[test]
fn ways_out() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let folder = canary.folder().display().to_string();
    let inside = Inside::of_image(&lab, &[]);
    let check = |state: &str| {
        let secret = format!("{folder}/secret");
        // The control: the machine has it there, for who is not kept inside.
        assert!(Path::new(&secret).exists());
        for from in [
            ":/absolute/secret",
            ":/up/secret",
            ":/step/canary/secret",
            ":/proc/1/root/secret",
            &format!(":/..{secret}"),
        ] {
            let output = inside.cp(&["-L"], from, "stolen");
            assert_eq!(output.code, 1, "{state} {from}: {output:?}");
        }
        put(&lab.folder().join("planted"), "planted");
        for to in [
            ":/absolute",
            ":/absolute/",
            ":/absolute/planted",
            ":/up/planted",
            ":/step/canary/planted",
            ":/file-link",
        ] {
            let _ = inside.cp(&[], "planted", to);
            canary.unharmed();
        }
        assert!(!lab.folder().join("stolen").exists());
    };
    inside.sh(&format!(
        "ln -s {folder} /absolute; ln -s ../../../../../..{folder} /up; mkdir /real; ln -s {folder}/secret /file-link; \
         ln -s {} /step",
        lab.folder().display()
    ));
    check("running");
    inside.stop();
    check("stopped");
    // A tar that makes a link and goes through it.
    let tree = lab.folder().join("tree");
    fs::create_dir(&tree).expect("a folder");
    symlink(&folder, tree.join("way")).expect("a link");
    let tar = crate::inside::tar_of(&lab, &tree);
    fs::remove_file(tree.join("way")).expect("a link");
    put(&tree.join("way/secret"), "planted");
    lab.program("tar").arg("-C").arg(&tree).args(["-rf"]).arg(&tar).arg("./way/secret").output().ok();
    let file = fs::File::open(&tar).expect("an archive");
    let _ = lab.nagaya(&["cp", "-"]).arg(format!("{}:/real", inside.name)).stdin(file).output();
    canary.unharmed();
}

/// Pipes, devices and sockets are not opened, and nobody waits for them.
#[test]
fn what_is_no_file() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    inside
        .sh("mkdir /odd; mkfifo /odd/pipe; mknod /odd/zero c 1 5; mknod /odd/disk b 8 0; echo x > /odd/file");
    // The control: who opens the pipe waits.
    let waits = inside.exec(&[], &["timeout", "1", "cat", "/odd/pipe"]);
    assert_ne!(waits.code, 0, "{waits:?}");
    let output = inside.cp(&[], ":/odd", "odd");
    assert!(output.stderr.contains("devices were left out, 2 of them"), "{output:?}");
    output.ok();
    let kind =
        |name: &str| fs::symlink_metadata(lab.folder().join("odd").join(name)).map(|meta| meta.file_type());
    assert!(kind("pipe").expect("a pipe").is_fifo() && kind("file").expect("a file").is_file());
    assert!(kind("zero").is_err() && kind("disk").is_err());
    inside.cp(&[], ":/odd/pipe", "pipe").ok();
    inside.cp(&[], ":/odd/zero", "zero").ok();
    assert!(!lab.folder().join("zero").exists());
    // In the place of a file that is to be written there is one of them.
    put(&lab.folder().join("new"), "new");
    inside.cp(&[], "new", ":/odd/pipe").ok();
    inside.cp(&[], "new", ":/odd/disk").ok();
    assert_eq!(inside.sh("cat /odd/pipe /odd/disk"), "newnew");
    // Views of the kernel are empty folders, and end.
    inside.cp(&[], ":/proc", "proc").ok();
    assert_eq!(fs::read_dir(lab.folder().join("proc")).expect("a folder").count(), 0);
}

/// A container that swaps a folder and a link while files are copied in and out: whatever is met, it is inside.
#[test]
fn names_that_change_meanwhile() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let inside = Inside::of_image(&lab, &[]);
    let racer = lab.folder().join("racer");
    lab::compile_c(RACER, &racer);
    inside.cp(&[], "racer", ":/bin/racer").ok();
    inside.sh(&format!(
        "mkdir -p /w/a /w/f; echo own > /w/a/secret; ln -s {0} /w/link; echo own > /w/f/secret; ln -s {0}/secret /w/f/link; \
         mkfifo /w/f/pipe",
        canary.folder().display()
    ));
    inside.exec(&["-d"], &["racer", "/w/a", "/w/link"]).ok();
    inside.exec(&["-d"], &["racer", "/w/f/secret", "/w/f/link"]).ok();
    inside.exec(&["-d"], &["racer", "/w/f/secret", "/w/f/pipe"]).ok();
    lab::until("names are swapped", || inside.exec(&[], &["test", "-e", "/tmp/swapping"]).code == 0);
    put(&lab.folder().join("secret"), "planted");
    let mut met = 0;
    for turn in 0..40 {
        for from in [":/w/a/secret", ":/w", ":/w/f/secret"] {
            let to = format!("out-{turn}-{met}");
            let output = inside.cp(&["-L"], from, &to);
            output.no_crash();
            met += usize::from(output.code == 0);
            let stolen = lab
                .program("grep")
                .args(["-r", "-D", "skip", "canary secret"])
                .arg(lab.folder().join(&to))
                .output();
            assert_ne!(stolen.code, 0, "{from}: {stolen:?}");
        }
        for to in [":/w/a/secret", ":/w/a/", ":/w/f/secret"] {
            inside.cp(&[], "secret", to).no_crash();
            canary.unharmed();
        }
    }
    assert!(met > 0, "nothing was ever copied");
    // The control: who resolves the path in the machine's view meets the canary.
    let outside = PathBuf::from(format!("/proc/{}/root/w", inside.pid()));
    let met_it = || {
        ["a/secret", "link/secret"]
            .iter()
            .any(|name| fs::read_to_string(outside.join(name)).is_ok_and(|text| text.starts_with("canary")))
    };
    lab::until("the link leads to the canary, for who follows it from here", met_it);
}

/// Programs and libraries of a container are none of ours, whatever they are called.
#[test]
fn nothing_of_it_is_executed_or_loaded() {
    let lab = Lab::new();
    let inside = Inside::of_image(&lab, &[]);
    inside.sh(
        "for name in tar xz gzip unpigz ps sh; do printf '#!/bin/busybox sh\\necho ran >> /ran\\n' > /bin/new; \
         chmod 755 /bin/new; [ $name = sh ] || cp /bin/new /bin/$name; done; mkdir -p /lib; echo trap > /lib/libnss_files.so.2; \
         echo 'passwd: files' > /etc/nsswitch.conf",
    );
    put(&lab.folder().join("new"), "new");
    let tar = lab.folder().join("out.tar").display().to_string();
    let named = format!("{}:/etc", inside.name);
    for (at, words) in [
        vec!["cp", &named, "."],
        vec!["cp", "new", &named],
        vec!["export", "-o", &tar, &inside.name],
        vec!["diff", &inside.name],
        vec!["commit", &inside.name],
        vec!["stats", "--no-stream", &inside.name],
    ]
    .into_iter()
    .enumerate()
    {
        let trace = lab.folder().join(format!("trace-{at}"));
        let strace = ["strace", "-f", "-qq", "-e", "trace=execve,execveat,open,openat,mmap", "-o"];
        let call = lab
            .nagaya(&words)
            .folder(lab.folder())
            .under([&strace[..], &[&trace.display().to_string()]].concat());
        call.output().ok();
        let trace = fs::read_to_string(trace).expect("a trace");
        let executed = trace.lines().filter(|line| line.contains("execve(") && !line.contains("/nagaya\""));
        assert_eq!(executed.collect::<Vec<_>>(), [""; 0], "{words:?}");
        let mapped = trace.lines().filter(|line| line.contains("mmap(") && line.contains("PROT_EXEC"));
        assert_eq!(mapped.collect::<Vec<_>>(), [""; 0], "{words:?}");
        assert!(trace.contains("execve("), "the control: our own was seen");
    }
    assert_eq!(inside.exec(&[], &["test", "-e", "/ran"]).code, 1);
    // The control: who runs one leaves a trace.
    inside.exec(&[], &["/bin/tar"]).ok();
    assert_eq!(inside.exec(&[], &["test", "-e", "/ran"]).code, 0);
}

const RACER: &str = "
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
int main(int argc, char **argv) {
    close(open(\"/tmp/swapping\", O_CREAT | O_WRONLY, 0600));
    for (;;) syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], 2);
}
";
