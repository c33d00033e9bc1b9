//! The image `host`: this machine's own root, without any effect on it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use lab::{Call, Lab, Nagaya, ORDINARY_USER, for_ordinary_user};

/// Names and times of a folder and those below it, two floors deep.
fn list(folder: &Path, depth: u32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let meta = fs::symlink_metadata(&path).expect("a file");
        lines.push(format!("{} {} {}", path.display(), meta.ino(), meta.ctime()));
        if depth > 0 && meta.is_dir() {
            lines.extend(list(&path, depth - 1));
        }
    }
    lines
}

#[test]
fn rm_rf_usr_does_nothing_outside() {
    let lab = Lab::new();
    let before = list(Path::new("/usr"), 2);
    let script = "[ -e /usr/bin/env ] && echo was there; rm -rf /usr; [ -e /usr ] || echo gone; echo /usr*";
    let call = lab.run(&["host", "sh", "-c", script]).deadline(Duration::from_mins(2));
    assert_eq!(call.output().ok(), "was there\ngone\n/usr*\n");
    assert!(before.len() > 100);
    assert_eq!(list(Path::new("/usr"), 2), before);
}

#[test]
fn what_is_written_is_thrown_away() {
    let lab = Lab::new();
    let mark = format!("/etc/{}", lab.name());
    let script = format!("echo x > {mark} && cat {mark}; echo y >> /etc/passwd && tail -1 /etc/passwd");
    let before = fs::read("/etc/passwd").expect("accounts");
    assert_eq!(lab.see(&[], &script), "x\ny\n");
    assert!(!Path::new(&mark).exists());
    assert_eq!(fs::read("/etc/passwd").expect("accounts"), before);
    assert_eq!(lab.see(&[], &format!("cat {mark} 2>/dev/null || echo not there")), "not there\n");
}

/// Whoever has only this mount namespace has nothing of the machine's: no mount of it is left in there,
/// below or above.
#[test]
fn no_mount_of_the_machine_is_left() {
    let lab = Lab::new();
    let table = lab.see(&[], "cat /proc/self/mountinfo");
    let points: Vec<_> = table.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    assert_eq!(points.iter().filter(|point| **point == "/").count(), 1, "{table}");
    assert!(
        points.iter().all(|point| [
            "/",
            "/proc",
            "/sys",
            "/dev",
            "/etc/hosts",
            "/etc/hostname",
            "/etc/resolv.conf"
        ]
        .iter()
        .any(|own| { point == own || *own != "/" && point.starts_with(own) })),
        "{table}"
    );
    // Joining one's own mount namespace again leads to what is mounted on top of everything.
    let script = "cd /; nsenter --mount=/proc/self/ns/mnt ls /root /home | wc -l; ls / | wc -l";
    let again = lab.see(&["--privileged"], script);
    let lines: Vec<_> = again.lines().collect();
    assert!(lines[0] == "4" || lines[0] == "3", "{again}");
    let top = lab.see(&["--privileged"], "nsenter --mount=/proc/self/ns/mnt ls /; echo --; ls /");
    let (entered, own) = top.split_once("--\n").expect("two lists");
    assert_eq!(entered, own);
}

#[test]
fn users_of_the_machine_resolve_and_a_shell_is_there() {
    let lab = Lab::new();
    assert_eq!(lab.see(&[], "id -un; ls -ld /etc/passwd | cut -d' ' -f3"), "root\nroot\n");
    let script = fs::File::open({
        let path = lab.folder().join("script");
        fs::write(&path, "echo ${BASH:-other}\n").expect("a script");
        path
    });
    let seen = lab.run(&["-i", "host"]).stdin(script.expect("a script")).output().ok();
    assert_eq!(seen, if Path::new("/bin/bash").exists() { "/bin/bash\n" } else { "other\n" });
}

#[test]
fn folders_keep_their_mode() {
    let lab = Lab::new();
    let script = "stat -c '%n %a %u:%g' / /etc /usr /usr/bin /var /var/lib /opt /tmp";
    let inside = lab.see(&[], script);
    let outside = lab.program("sh").args(["-c", script]).output().ok();
    assert_eq!(inside, outside);
}

/// A machine with more file systems than one: here another `/var`, and another `/usr/local`.
fn with_more_file_systems(lab: &Lab, call: Call, more: &str) -> Call {
    let folder = lab.folder().join("disk");
    for path in ["var/log", "var/lib/own", "local"] {
        fs::create_dir_all(folder.join(path)).expect("a folder");
    }
    for path in ["var/log/secret", "var/lib/own/data", "local/program"] {
        fs::write(folder.join(path), "outside").expect("a file");
    }
    let script = format!(
        "mount --bind {0}/var /var && mount --bind {0}/local /usr/local && {more} \"$@\"",
        folder.display()
    );
    call.under(["unshare", "-m", "sh", "-c", &script, "sh"])
}

const LOOK: &str = "cat /usr/local/program /var/lib/own/data; ls -A /var/log; touch /usr/bin/x /usr/local/x /var/lib/x; \
                    echo; ls /usr/local /var/lib; [ -x /usr/bin/env ] && echo alive";

#[test]
fn other_file_systems_are_part_of_it() {
    let lab = Lab::new();
    let call = with_more_file_systems(&lab, lab.run(&["host", "sh", "-c", LOOK]), "exec");
    let output = call.output();
    assert_eq!(output.stderr, "");
    assert_eq!(output.stdout, "outsideoutside\n/usr/local:\nprogram\nx\n\n/var/lib:\nown\nx\nalive\n");
    assert!(!lab.folder().join("disk/local/x").exists());
}

#[test]
fn read_only_holds_for_all_file_systems_but_volumes() {
    let lab = Lab::new();
    let options = ["--read-only", "-v", "./data:/usr/local/data", "host", "sh", "-c"];
    let script = "touch /x /usr/x /usr/local/x /var/lib/x 2>&1; touch /usr/local/data/x && echo written";
    let call = lab.run(&options).arg(script).folder(lab.folder());
    let seen = with_more_file_systems(&lab, call, "exec").output().ok();
    assert_eq!(seen.matches("Read-only file system").count(), 4, "{seen}");
    assert!(seen.ends_with("written\n") && lab.folder().join("data/x").exists());
}

/// In a user namespace each folder with something mounted below is taken apart.
#[test]
fn other_file_systems_for_an_ordinary_user() {
    let lab = Lab::new();
    for_ordinary_user(&lab);
    let user = format!(
        "mount --bind /etc/hosts /etc/hosts && exec setpriv --reuid {ORDINARY_USER} --regid {ORDINARY_USER} --clear-groups"
    );
    let script = format!("grep -c . /etc/hosts >/dev/null && head -c 4 /etc/passwd; {LOOK}");
    let call = with_more_file_systems(&lab, lab.run(&["host", "sh", "-c", &script]), &user);
    let output = call.output();
    assert!(output.stdout.starts_with("rootoutsideoutside\n/usr/local:\nprogram\nx\n"), "{output:?}");
    // What is another's stays so: the kernel has no owner for a copy of it.
    assert!(output.stdout.ends_with("own\nalive\n"), "{output:?}");
    assert!(output.stderr.contains("cannot touch '/var/lib/x': Permission denied"), "{output:?}");
    let call =
        lab.run(&["--read-only", "host", "sh", "-c", "touch /x /usr/x /usr/bin/x /etc/x 2>&1; echo alive"]);
    let seen = with_more_file_systems(&lab, call, &user).output().ok();
    assert_eq!(seen.matches("Read-only file system").count(), 4, "{seen}");
}

#[test]
fn read_only_holds_for_it_too() {
    let lab = Lab::new();
    let seen = lab.see(&["--read-only"], "(echo x > /etc/x) 2>&1; (echo x > /tmp/x) 2>&1; echo alive");
    assert_eq!(seen.matches("Read-only file system").count(), 2, "{seen}");
    assert!(seen.ends_with("alive\n"));
}
