//! Whatever the caller's own surroundings are, and whatever it types: a container, or one clear error and nothing left.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use lab::Lab;

/// What a shell does before it becomes the runtime, and whether a container can come of it.
const SURROUNDINGS: [(&str, Option<&str>); 13] = [
    ("umask 777", None),
    ("ulimit -s 64", None),
    ("ulimit -v 20000", None),
    ("ulimit -l 0", None),
    ("ulimit -c 0; ulimit -q 0", None),
    ("export PATH=", None),
    ("unset HOME PATH TERM USER SHELL", None),
    ("export TMPDIR=/nowhere", None),
    ("cd /proc/self/fd", None),
    ("trap '' HUP INT PIPE TERM CHLD XFSZ", None),
    ("export LANG=nonsense LC_ALL=/dev/zero LD_PRELOAD=/nowhere", None),
    ("ulimit -n 8", Some("too many open files")),
    ("ulimit -f 0", Some("file too large")),
];

#[test]
fn of_a_poor_caller() {
    let lab = Lab::new();
    for (before, refused) in SURROUNDINGS {
        let web = lab.container("web").sh("umask; id -u").edit(|config| {
            // Who may open few files cannot give many.
            config["process"].as_object_mut().expect("an object").remove("rlimits");
        });
        // What is said goes through a pipe: a file could not be written to either.
        let script = format!("{{ {before}; \"$@\"; }} 2>&1 | cat; exit ${{PIPESTATUS[0]}}");
        // What is created holds the pipe open, so nobody waits for the end of it.
        for command in if refused.is_some() { &["run", "create"][..] } else { &["run"] } {
            let output = web.call(command, &[]).under(["bash", "-c", &script, "bash"]).output();
            output.no_crash();
            if let Some(words) = refused {
                assert!(output.code == 1 && output.stdout.contains(words), "{before}: {output:?}");
                assert!(output.stdout.starts_with("error: cannot "), "{before}: {output:?}");
            } else {
                assert_eq!(web.after_nonce(&output.ok()), "0022\n0\n", "{before}");
            }
            assert_eq!(lab.leftovers(), [""; 0], "{before}");
        }
    }
}

/// Signals that the caller ignores are not ignored in the container: a program there could not be stopped.
#[test]
fn what_the_caller_ignores_the_program_does_not_have_to() {
    let lab = Lab::new();
    let web = lab.container("web").sh("grep SigIgn /proc/self/status");
    let ignored = |before: &str| {
        let script = format!("{before}; exec \"$@\"");
        let said = web.call("run", &[]).under(["bash", "-c", &script, "bash"]).output().ok();
        web.after_nonce(&said)
    };
    let chld = 1_u64 << 16;
    let mask =
        |said: String| u64::from_str_radix(said.trim().trim_start_matches("SigIgn:\t"), 16).expect("a mask");
    assert_eq!(mask(ignored("trap '' CHLD")) & chld, 0);
    // The control: others are as the caller has them, as with any exec.
    assert_ne!(mask(ignored("trap '' HUP")) & 1, 0);
}

/// Options that are said twice, or without their value; an option of a command behind its arguments.
#[test]
fn lines_that_are_crooked() {
    if !lab::is_nagaya() {
        return;
    }
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    let bundle = web.bundle().display().to_string();
    let refused: [(&[&str], &str); 9] = [
        (&["run", "--bundle"], "--bundle"),
        (&["run", "--bundle", &bundle, "--pid-file"], "--pid-file"),
        (&["run", "--bundle", &bundle, "--preserve-fds", "many", web.id()], "--preserve-fds"),
        (&["run", "--bundle", &bundle, "--preserve-fds", "-1", web.id()], "--preserve-fds"),
        (&["run", "--bundle", &bundle, "--detached", web.id()], "--detached"),
        (&["run", "--bundle", &bundle, "--keep=maybe", web.id()], "--keep"),
        (&["run", "--bundle", &bundle, web.id(), "more"], "run [OPTIONS] ID"),
        (&["exec", web.id()], "exec [OPTIONS] ID COMMAND"),
        (&["lisst"], "lisst"),
    ];
    for (line, words) in refused {
        lab.runtime(line).output().refused(&[words]);
        assert_eq!(lab.leftovers(), [""; 0], "{line:?}");
    }
    // The later one counts, and options may stand behind the name, as callers put them.
    let output = lab.runtime(["run", "--bundle", "/nowhere", "--bundle", &bundle, web.id()]).output();
    web.after_nonce(&output.ok());
    let output = lab.runtime(["run", web.id(), "--bundle", &bundle]).output();
    web.after_nonce(&output.ok());
}

#[test]
fn names_that_mean_something_elsewhere() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    for name in ["-rf", "%s", "$(id)", "a\u{202e}b", "*", "~", "a\\b", "--", "x\u{1b}[31m"] {
        let output = lab.runtime(["run", "--bundle"]).arg(web.bundle()).arg(name).output();
        assert!(!output.stdout.contains("alive"), "{name:?}: {output:?}");
        output.refused(&[]);
    }
    // What is odd and a good name for a folder.
    for name in ["+x", "a..b", "_", "0"] {
        let name = format!("{}{name}", lab.name());
        let output = lab.runtime(["run", "--bundle"]).arg(web.bundle()).arg(&name).output();
        web.after_nonce(&output.ok());
    }
    assert_eq!(lab.leftovers(), [""; 0]);
}

/// Arguments of a program: what is no text is refused and not mended, and many are many.
#[test]
fn arguments_of_exec() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let bytes = OsStr::from_bytes(b"a\xff\xfeb");
    let exec = lab.runtime(["exec", web.id(), "/bin/printf", "%s"]).arg(bytes).output();
    // As JSON has no such text, a config could not say it either; what is refused was not changed on the way.
    exec.refused(&[r"a\xFF\xFEb"]);
    let many: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let count = lab.runtime(["exec", web.id(), "/bin/sh", "-c", "echo $#", "sh"]).args(&many);
    assert_eq!(count.deadline(Duration::from_mins(1)).output().ok(), "100000\n");
    web.delete_force().ok();
}

/// A machine that has run for a lifetime. (Dates are only shown: every wait goes by the monotonic clock, which can be set
/// for a namespace, and not by the one of the day.)
#[test]
fn a_clock_that_is_far_ahead() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping();
    let far = |call: lab::Call| {
        let wrapper = ["unshare", "--time", "--monotonic", "2000000000", "--boottime", "2000000000"];
        call.under(wrapper).output().ok()
    };
    far(web.call("create", &[]));
    for command in ["start", "state", "pause", "resume"] {
        far(lab.runtime([command, web.id()]));
    }
    assert_eq!(far(lab.runtime(["exec", web.id(), "/bin/echo", "far"])), "far\n");
    let uptime = far(lab.runtime(["exec", web.id(), "/bin/cat", "/proc/uptime"]));
    assert!(uptime.starts_with("20000"), "the clock was not moved: {uptime}");
    far(lab.runtime(["delete", "--force", web.id()]));
    assert_eq!(lab.leftovers(), [""; 0]);
}
