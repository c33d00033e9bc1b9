//! Our own program, and the values that it carries from a config to a container.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use lab::{Container, Lab};
use serde_json::json;

use crate::kit::{longer, numbers, text, with_probe};

/// All there is to know about a file.
fn file(path: &Path) -> (u64, u64, i64, i64, Vec<u8>) {
    let meta = fs::metadata(path).expect("our program");
    (meta.dev(), meta.ino(), meta.mtime(), meta.ctime(), fs::read(path).expect("our program"))
}

/// A copy of our program: one that nobody else runs at the same time, and that could be written to.
fn copy(lab: &Lab, from: &Path, name: &str) -> std::path::PathBuf {
    let to = lab.folder().join(name);
    // By another process: a descriptor for writing could be in a child that another test makes right now.
    lab.program("cp").arg(from).arg(&to).output().ok();
    to
}

/// Inside, looks at each process that is not its own, and opens its program for writing; again and again.
const SPY: &str = "while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || [ $p = /proc/$$ ] || \
    /bin/probe writable $p/exe; done; echo 1 0; done >> /tmp/seen";

/// Where the program of a container is the runtime itself, by a name that the kernel gives to it.
fn attacks(web: &Container<'_>) -> Vec<String> {
    let bin = web.rootfs().join("bin");
    let script = bin.join("script");
    fs::write(&script, "#!/proc/self/exe\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    symlink("/proc/self/exe", bin.join("link")).expect("a link");
    ["/bin/script", "/bin/link", "/proc/self/exe"].map(String::from).to_vec()
}

/// CVE-2019-5736, through `exec`, `run` and `create`: while a container looks for the runtime's program, and when the
/// runtime is what it is asked to run, the program stays what it is.
#[test]
fn sec_cve_2019_5736_through_exec_and_run() {
    let lab = Lab::new();
    let runtime = copy(&lab, lab::runtime(), "nagaya-runtime");
    let before = file(&runtime);
    let call = |args: &[&str]| lab.program(&runtime).arg("--root").arg(lab.state_folder()).args(args);
    let web = with_probe(lab.container("web")).capabilities(&["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]);
    let web = web.mount("tmpfs", "tmpfs", "/tmp", "").sh(SPY);
    let programs = attacks(&web);
    web.save();
    call(&["create", "--bundle", &text(web.bundle()), web.id()]).output().ok();
    call(&["start", web.id()]).output().ok();
    for round in 0..longer(100) {
        let ran = call(&["exec", web.id(), "/bin/true"]).output();
        assert_eq!(ran.code, 0, "{ran:?}");
        let program = &programs[round % programs.len()];
        // It is our program, with words that are none of ours; or it is not executed at all.
        let attack = call(&["exec", web.id(), program]).output();
        attack.no_crash();
        assert!(attack.code != 0 || attack.stdout.contains("Usage"), "{program}: {attack:?}");
    }
    let seen = call(&["exec", web.id(), "/bin/cat", "/tmp/seen"]).output().ok();
    let seen = numbers(&seen);
    let looks: Vec<_> = seen.iter().filter(|(path, _)| path.ends_with("/exe")).collect();
    assert!(looks.len() > 20, "it saw {} programs only", looks.len());
    // Those of BusyBox are open, once nobody runs them; ours is read-only, busy, or none of theirs.
    assert!(looks.iter().all(|(_, errno)| [26, 30, 13, 2, 3, 1].contains(errno)), "{looks:?}");
    call(&["delete", "--force", web.id()]).output().ok();
    for program in &programs {
        let web = lab.container("attack").args(&[program]);
        attacks_again(&web);
        web.save();
        let output = call(&["run", "--bundle", &text(web.bundle()), web.id()]).output();
        output.no_crash();
        assert!(output.code != 0 || output.stdout.contains("Usage"), "{program}: {output:?}");
    }
    assert!(file(&runtime) == before, "our program was changed");
    // The control: a container that is given the file may change it.
    let web = lab.container("given").mount("bind", &text(&runtime), "/work/given", "bind");
    web.see("echo x >> /work/given");
    assert!(file(&runtime) != before, "the look at a file sees nothing");
}

fn attacks_again(web: &Container<'_>) {
    if !web.rootfs().join("bin/script").exists() {
        attacks(web);
    }
}

/// CVE-2021-43784: a value that is too long for a field of a message gets into the fields behind it. Between our two
/// processes no config is sent at all: both have the memory in which it was read. So values arrive as they are,
/// however long, or are refused by their name.
#[test]
fn sec_cve_2021_43784_long_values_arrive_as_they_are() {
    let lab = Lab::new();
    for length in [65_534, 65_535, 65_536, 65_537, 131_000] {
        let value = "v".repeat(length);
        let web = lab.container("web").edit(|config| {
            config["process"]["env"] = json!(["PATH=/bin", format!("LONG={value}"), "NEXT=next"]);
            config["annotations"] = json!({"long": value});
            config["hostname"] = "own".into();
        });
        let script = "echo ${#LONG} $NEXT $(hostname); echo \"$LONG\" | tr -d v; id -u; cat /proc/self/uid_map | tr -s ' '";
        assert_eq!(web.see(script), format!("{length} next own\n\n0\n 0 0 4294967295\n"));
        let web = lab.container("exec").sleeping().launch();
        let long = format!("LONG={value}");
        let exec =
            ["exec", "-e", &long, "-e", "NEXT=next", web.id(), "/bin/sh", "-c", "echo ${#LONG} $NEXT; id -u"];
        assert_eq!(lab.runtime(exec).output().ok(), format!("{length} next\n0\n"));
        web.delete_force().ok();
    }
    // The kernel's own end: 128 KiB for one value. Then it is named, and not cut short.
    let web = lab.container("web").sh("true").edit(|config| {
        config["process"]["env"] = json!(["PATH=/bin", format!("LONG={}", "v".repeat(131_072))]);
    });
    web.run().refused(&["rgument list too long"]);
    // As many mappings as the kernel takes, all in their places; and one more.
    let maps = |count: u32, first: u32| {
        (0..count).map(move |at| json!({"containerID": at * 2, "hostID": first + at * 3, "size": 2}))
    };
    let mapped = |count: u32, first: u32| {
        lab.container("mapped").edit(|config| {
            lab::namespace(config, "user", None);
            config["linux"]["uidMappings"] = maps(count, first).collect();
            config["linux"]["gidMappings"] = maps(count, first).collect();
        })
    };
    let said = mapped(340, 1000).see("tr -s ' ' < /proc/self/uid_map");
    let lines: Vec<_> = said.lines().map(str::trim).map(String::from).collect();
    let expected: Vec<_> = (0..340_u32).map(|at| format!("{} {} 2", at * 2, 1000 + at * 3)).collect();
    assert_eq!(lines, expected);
    mapped(341, 1000).sh("true").run().refused_naming(&["linux.uidMappings[340]"]);
    // Fewer, but of longer numbers: the kernel takes them all in one page, or none.
    mapped(340, 1_000_000).sh("true").run().refused_naming(&["linux.uidMappings", "4096"]);
}
