//! What the image `host` does not show, row by row of the table.

use std::fmt::Write as _;

use lab::{Lab, Nagaya};
use plan::Hidden;

/// Each row is looked for outside and inside, by the same shell pattern.
#[test]
fn each_row_of_the_table() {
    let lab = Lab::new();
    let mut script = String::from("export LC_ALL=C\n");
    for secret in container::secrets() {
        let path = secret.path;
        let look = match secret.hidden {
            Hidden::Gone => format!("ls -d {path} 2>/dev/null"),
            Hidden::Empty(_) => format!("ls -A {path}/ 2>/dev/null"),
        };
        let _ = writeln!(script, "echo '== {path}'; {look}");
    }
    script.push_str("echo '== end'; true");
    let outside = lab.program("sh").args(["-c", &script]).output().ok();
    let inside = lab.see(&[], &script);
    let filled = outside.lines().zip(outside.lines().skip(1));
    let filled: Vec<_> =
        filled.filter(|(row, next)| row.starts_with("==") && !next.starts_with("==")).collect();
    assert!(filled.len() >= 5, "this machine has hardly anything to hide: {filled:?}");
    let seen: Vec<_> = inside.lines().filter(|line| !line.starts_with("==")).collect();
    assert_eq!(seen, [""; 0], "{inside}");
    assert_eq!(inside.lines().count(), container::secrets().len() + 1);
}

#[test]
fn a_file_of_the_owners_is_not_there() {
    let lab = Lab::new();
    // The lab's folder is in /tmp; the machine's own folders are looked at only.
    let secret = lab.folder().join("secret");
    std::fs::write(&secret, "secret").expect("a file");
    let script = format!(
        "cat {} 2>&1; ls -A /tmp; ls -A /root; ls -A /home; ls -A /run; echo alive",
        secret.display()
    );
    let seen = lab.see(&[], &script);
    assert!(
        seen.contains("No such file") && seen.lines().count() == 2 && seen.ends_with("alive\n"),
        "{seen}"
    );
    let shown = lab.see(&["-v", &format!("{0}:{0}", secret.display())], &format!("cat {}", secret.display()));
    assert_eq!(shown, "secret");
}

#[test]
fn what_is_no_part_of_a_system_is_not_there() {
    let lab = Lab::new();
    let inside = lab.see(&[], "ls -a /");
    let known = ["bin", "etc", "usr", "lib", "opt", "var"];
    assert!(known.iter().all(|name| inside.lines().any(|line| line == *name)), "{inside}");
    for name in std::fs::read_dir("/").expect("the root").flatten().map(|entry| entry.file_name()) {
        let name = name.to_string_lossy().into_owned();
        let system = "bin sbin lib lib32 lib64 libx32 usr etc opt var nix gnu dev proc sys home root run tmp srv mnt media boot";
        let shown = inside.lines().any(|line| line == name);
        assert_eq!(shown, system.split(' ').any(|known| known == name), "{name}");
    }
}
