//! Whatever people type, and wherever they type it: a container, or one clear error and nothing left.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use lab::{Lab, Nagaya, fails};

const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Names that are none, wherever a name is taken.
#[test]
fn names() {
    let lab = Lab::new();
    let web = lab.container_name();
    lab.nagaya(&["create", "--name", &web, "host", "true"]).output().ok();
    let bad =
        [".", "..", "a/b", "../a", "a\nb", "a\u{1b}[31mb", "a%s b", "$(x)", "a\u{202e}b", "+a", "x", LONG];
    for name in bad {
        for words in [
            &["create", "--name", name, "host"][..],
            &["run", "--name", name, "host"],
            &["rename", &web, name],
        ] {
            let output = lab.nagaya(words).output();
            output.no_crash();
            assert!(output.code == 1 || output.code == 125, "{words:?}: {output:?}");
            assert_eq!(
                output.stderr.lines().filter(|line| line.starts_with("error: cannot ")).count(),
                1,
                "{output:?}"
            );
            assert!(output.stderr.contains("Invalid container name"), "{output:?}");
            assert!(output.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{output:?}");
        }
        // As the name of one that is to be found it is nobody's.
        for verb in ["start", "stop", "inspect", "rm", "logs", "exec"] {
            let more = if verb == "exec" { &["true"][..] } else { &[] };
            let output = lab.nagaya(&[verb, name]).args(more).output();
            output.no_crash();
            assert_eq!(output.code, 1, "{verb} {name:?}: {output:?}");
            assert!(output.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{output:?}");
        }
    }
    assert_eq!(lab.known(), [web.as_str()]);
    lab.nagaya(&["rm", &web]).output().ok();
}

/// What is no option, has no value, or contradicts itself.
#[test]
fn lines_that_are_crooked() {
    let lab = Lab::new();
    let name = lab.container_name();
    for (words, code, said) in [
        (&["run", "--nope", "host"][..], 125, "--nope"),
        (&["run", "--name"], 125, "--name"),
        (&["run", "--memory", "", "host"], 125, "--memory"),
        (&["run", "--memory", "-1m", "host"], 125, "--memory"),
        (&["run", "--memory", "9E", "host"], 125, "--memory"),
        (&["run", "--memory", "1e3", "host"], 125, "--memory"),
        (&["run", "--cpus", "NaN", "host"], 125, "--cpus"),
        (&["run", "--cpus", "1e9", "host"], 125, "--cpus"),
        (&["run", "--cpus", "-1", "host"], 125, "--cpus"),
        (&["run", "-e", "=x", "host"], 125, "=x"),
        (&["run", "--env-file", "/nowhere", "host"], 125, "/nowhere"),
        (&["run", "--env-file", "/", "host"], 125, "`/`"),
        (&["run", "--rm", "--restart", "always", "host"], 125, "--restart"),
        (&["run", "--restart", "never", "host"], 125, "never"),
        (&["stop", "--time", "soon", "x"], 125, "soon"),
        (&["kill", "--signal", "NOPE", &name], 1, "NOPE"),
        (&["ps", "--filter", "nope=1"], 1, "nope"),
        (&["ps", "--format", "{{.Nope"], 64, "template"),
        (&["rm"], 1, "CONTAINER"),
        (&["exec", &name], 1, "argument"),
        (&["cp", "a", "b"], 1, "container"),
        (&["nope"], 1, "nope"),
    ] {
        lab.nagaya(&["create", "--name", &name, "host", "true"]).output().ok();
        let output = lab.nagaya(words).output();
        output.no_crash();
        assert!(output.stderr.contains(said), "{words:?}: {output:?}");
        assert!([code, 1, 125].contains(&output.code) && output.code != 0, "{words:?}: {output:?}");
        lab.nagaya(&["rm", &name]).output().ok();
        assert_eq!(lab.known(), [""; 0], "{words:?}");
    }
    // Of an option that comes twice the later one counts; what is behind the image is the program's.
    let twice = ["-h", "one", "-h", "two", "host", "sh", "-c", "hostname; echo $0 $1", "--rm", "--nope"];
    assert_eq!(lab.run(&twice).output().ok(), "two\n--rm --nope\n");
    let many: Vec<_> = (0..50_000).map(|number| number.to_string()).collect();
    let counted = lab.run(&["host", "sh", "-c", "echo $#", "sh"]).args(&many).output().ok();
    assert_eq!(counted, "50000\n");
}

/// Who has typed something wrong is told what is like it, and where the command is described.
#[test]
fn the_way_to_help() {
    let lab = Lab::new();
    for (words, hint) in [
        (&["runn"][..], "a similar subcommand exists: 'run'; see `nagaya --help`"),
        (&["run", "--rmm", "host"], "a similar argument exists: '--rm'; see `nagaya run --help`"),
        (&["run", "--memory"], "see `nagaya run --help`"),
        (&["ps", "--filter", "x"], "see `nagaya ps --help`"),
        (&["system", "prune", "--nope"], "see `nagaya system prune --help`"),
        (&["network", "create"], "see `nagaya network create --help`"),
    ] {
        let said = lab.nagaya(words).output().stderr;
        assert_eq!(said.lines().last(), Some(format!("hint: {hint}").as_str()), "{words:?}: {said}");
    }
}

/// What a shell does before it becomes nagaya, and what the container's end is then.
#[test]
fn of_a_poor_caller() {
    let lab = Lab::new();
    for (before, works) in [
        ("umask 777", true),
        ("umask 000", true),
        ("export PATH=", true),
        ("unset HOME PATH TERM USER SHELL", true),
        ("export TMPDIR=/nowhere", true),
        ("export TERM=nonsense COLUMNS=0 LINES=0", true),
        ("cd /proc/self/fd", true),
        ("trap '' HUP INT PIPE TERM CHLD", true),
        ("export LANG=nonsense LANGUAGE=/dev/zero", true),
        ("ulimit -s 128", true),
        ("ulimit -c 0; ulimit -q 0; ulimit -l 0", true),
        ("exec <&-", true),
        ("ulimit -n 9", false),
        ("ulimit -f 0", false),
        ("ulimit -v 20000", true),
    ] {
        let script = format!("{{ {before}; \"$@\"; }} 2>&1 | cat; exit ${{PIPESTATUS[0]}}");
        let output = lab.run(&["host", "echo", "alive"]).under(["bash", "-c", &script, "bash"]).output();
        output.no_crash();
        if works || output.code == 0 {
            assert_eq!(output.ok(), "alive\n", "{before}");
        } else {
            assert!(output.code == 125 && output.stdout.contains("error: cannot "), "{before}: {output:?}");
        }
        let _ = lab.nagaya(&["rm", "-f", &lab.container_name()]).output();
        assert_eq!((lab.known(), lab.leftovers()), (vec![], vec![]), "{before}");
    }
}

/// What was said and could not be written is a failure.
#[test]
fn outputs_that_take_nothing() {
    let lab = Lab::new();
    let web = lab.container_name();
    lab.nagaya(&["create", "--name", &web, "host", "echo", "x"]).output().ok();
    let web = web.as_str();
    for words in [
        &["ps", "-a"][..],
        &["inspect", web],
        &["version"],
        &["info"],
        &["images"],
        &["system", "df"],
        &["events", "--until", "0s"],
    ] {
        if words[0] != "events" {
            fails(lab.nagaya(words).redirect(">/dev/full").output(), 1, &["stdout"]);
        }
        // What is closed leads nowhere, and what would have been said there is nobody's loss.
        for closed in [">&-", "<&- >&- 2>&-"] {
            lab.nagaya(words).redirect(closed).output().ok();
        }
        // The control: it has something to say.
        lab.nagaya(words).output().ok();
    }
    lab.nagaya(&["rm", web]).output().ok();
    // Files that it opens are not what the program writes to.
    let closed =
        lab.run(&["host", "sh", "-c", "echo out; echo err >&2; exit 3"]).redirect("<&- >&- 2>&-").output();
    assert_eq!(closed.code, 3, "{closed:?}");
    assert_eq!((lab.known(), lab.leftovers()), (vec![], vec![]));
}

/// Arguments of a container's program are bytes, but a config is text.
#[test]
fn arguments_that_are_no_text() {
    let lab = Lab::new();
    let bytes = OsStr::from_bytes(b"a\xff\xfeb");
    let output = lab.run(&["host", "echo"]).arg(bytes).output();
    output.no_crash();
    assert!(output.code == 125 || output.code == 1, "{output:?}");
    assert!(output.stderr.contains("UTF-8"), "{output:?}");
    assert_eq!(lab.known(), [""; 0]);
    assert_eq!(
        lab.run(&["host", "echo", "\u{e4}\u{1f600}"]).output().ok(),
        "\u{e4}\u{1f600}\n",
        "the control"
    );
}
