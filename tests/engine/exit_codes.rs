//! Exit codes with Docker's meaning.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lab::{Lab, Nagaya, engine, fails};

#[test]
fn the_programs_own() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["host", "true"]).output().code, 0);
    assert_eq!(lab.run(&["host", "sh", "-c", "exit 7"]).output().code, 7);
    assert_eq!(lab.run(&["--rm", "host", "sh", "-c", "exit 255"]).output().code, 255);
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn by_a_signal() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["host", "sh", "-c", "sh -c 'kill -KILL $$'"]).output().code, 137);
    let sleeper = lab.run(&["host", "sh", "-c", "echo ready; exec sleep 60"]).start();
    lab::until("it is ready", || sleeper.stdout().contains("ready"));
    lab.nagaya(&["rm", "-f", &lab.container_name()]).output().ok();
    assert_eq!(sleeper.finish().code, 137);
}

#[test]
fn a_program_that_is_not_there() {
    let lab = Lab::new();
    fails(lab.run(&["host", "nope"]).output(), 127, &["\"nope\"", "executable file not found", "hint:"]);
    fails(lab.run(&["host", "/nope"]).output(), 127, &["/nope", "no such file or directory"]);
    fails(lab.run(&["host", "/etc/passwd/x"]).output(), 127, &["/etc/passwd/x"]);
}

#[test]
fn a_program_that_cannot_be_executed() {
    let lab = Lab::new();
    fails(lab.run(&["host", "/etc/passwd"]).output(), 126, &["/etc/passwd", "permission denied"]);
    fails(lab.run(&["host", "/etc"]).output(), 126, &["/etc", "is a directory"]);
    let root = lab.rootfs("root");
    let file = root.join("bin/text");
    fs::write(&file, "no program").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("executable");
    let root = root.to_str().expect("a path of ours");
    fails(lab.run(&["--rootfs", root, "text"]).output(), 126, &["text", "exec format error"]);
    fs::write(&file, "#!/nope\n").expect("a file");
    fails(lab.run(&["--rootfs", root, "text"]).output(), 127, &["text", "`/nope` is not in the container"]);
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn ours() {
    let lab = Lab::new();
    for (words, said) in [
        (&["--pull=never", "nginx"][..], &["`nginx`", "No such image: nginx:latest"][..]),
        (&["--rootfs", "/nope/root", "sh"], &["/nope/root", "no such file or directory"]),
        (&["--rootfs", "/etc/passwd", "sh"], &["/etc/passwd", "not a directory"]),
        (&["--nope", "host"], &["--nope"]),
        (&["--memory", "x", "host"], &["--memory", "`x`"]),
        (&["--memory", "1m", "host"], &["Minimum memory limit allowed is 6MB"]),
        (&["--cpus", "0", "host"], &["--cpus"]),
        (&["--cpus", "9999", "host"], &["9999"]),
        (&["--pids-limit", "many", "host"], &["many"]),
        (&["--network", "nowhere", "host"], &["network nowhere not found", "network ls"]),
        (&["--cap-add", "NOPE", "host"], &["NOPE"]),
        (&["--user", "nobody-at-all", "host"], &["nobody-at-all", "/etc/passwd"]),
        (&["--workdir", "here", "host"], &["absolute"]),
        (&["--env", "=x", "host"], &["=x"]),
        (&["--volume", "d/ta:/data", "host"], &["includes invalid characters for a local volume name"]),
        (&["--volume", "/tmp:data", "host"], &["absolute"]),
        (&["--hostname", "", "--name", "a/b", "host"], &["a/b"]),
    ] {
        let call = if words.contains(&"--name") { lab.nagaya(&["run"]).args(words) } else { lab.run(words) };
        fails(call.output(), 125, said);
    }
    assert_eq!(lab.known(), [""; 0]);
}

#[test]
fn other_commands_have_one() {
    let lab = Lab::new();
    fails(lab.nagaya(&["rm", "nobody"]).output(), 1, &["No such container: nobody"]);
    let forced = lab.nagaya(&["rm", "-f", "nobody"]).output();
    assert!(forced.stderr.contains("No such container: nobody"), "{}", forced.stderr);
    assert_eq!(forced.ok(), "");
    fails(lab.nagaya(&["nope"]).output(), 1, &["nope"]);
    // As in docker, which has understood that a container is wanted, and nothing else.
    fails(lab.run(&[]).output(), 1, &["requires at least 1 argument"]);
    assert!(lab.nagaya(&["run", "--help"]).output().ok().contains("--cap-drop"));
    assert!(lab.nagaya(&["version"]).output().ok().starts_with("nagaya "));
    assert!(lab.nagaya(&["--version"]).output().ok().starts_with("nagaya "));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let lab = Lab::new();
    let (nagaya, name) = (engine().display().to_string(), lab.container_name());
    // More than a pipe holds.
    lab.nagaya(&["run", "--name", &name, "host", "seq", "20000"]).output().ok();
    let in_bash = |script: &str| {
        let call = lab.program("/bin/bash").args(["-c", script, &nagaya, &name]);
        call.env("NAGAYA_ROOT", lab.engine_root()).output()
    };
    let output = in_bash(r#"set -o pipefail; "$0" logs "$1" | head -n 1; echo "code $?""#);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("1\ncode 141\n", ""));
    // The control: a disk that is full is one.
    let full = in_bash(r#""$0" logs "$1" > /dev/full"#);
    assert_eq!(full.code, 1);
    assert!(full.stderr.contains("cannot write to stdout: no space left"), "{full:?}");
    lab.nagaya(&["rm", &name]).output().ok();
}

#[test]
fn who_is_killed_has_ended() {
    let lab = Lab::new();
    let name = lab.container_name();
    lab.nagaya(&["run", "-d", "--name", &name, "host", "sleep", "1000"]).output().ok();
    lab.nagaya(&["kill", &name]).output().ok();
    lab.nagaya(&["rm", &name]).output().ok();
    assert_eq!(lab.known(), [""; 0]);
}
