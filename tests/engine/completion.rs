//! Completion, in a real bash: commands, options, names.

use std::fs;
use std::os::unix::fs::symlink;

use lab::{Lab, Nagaya, engine};

/// Completes what is typed in `$line`, and prints what it may become.
const COMPLETE: &str = r#"
source <(nagaya completion bash)
COMP_LINE=$line COMP_POINT=${#line}
_nagaya nagaya
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A bash that finds nagaya, and knows its root folder.
fn bash(lab: &Lab, words: &[&str]) -> lab::Call {
    let programs = engine().parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").expect("a path"));
    let call = lab.program("/bin/bash").args(words).env("PATH", path);
    call.env("NAGAYA_ROOT", lab.engine_root()).folder(lab.folder())
}

#[track_caller]
fn becomes(lab: &Lab, line: &str, expected: &str) {
    let output = bash(lab, &["-c", COMPLETE]).env("line", line).output();
    let said: Vec<_> = output.stdout.split_whitespace().collect();
    assert_eq!((said.join(" ").as_str(), output.stderr.as_str()), (expected, ""), "{line}");
}

fn with_names() -> Lab {
    let lab = Lab::new();
    let web = lab.container_name();
    lab.nagaya(&["create", "--name", &web, "host", "true"]).output().ok();
    lab.nagaya(&["volume", "create", "data"]).output().ok();
    let box_ = lab.folder().join("box.tar");
    let tar = lab.program("/bin/tar").args(["-cf", &box_.display().to_string(), "-T", "/dev/null"]);
    tar.output().ok();
    lab.nagaya(&["import", &box_.display().to_string(), "box:2"]).output().ok();
    lab
}

#[test]
fn names_are_completed_where_they_are_asked_for() {
    let lab = with_names();
    let (web, most) = (lab.container_name(), &lab.container_name()[..3]);
    becomes(&lab, "nagaya stop ", &web);
    becomes(&lab, &format!("nagaya rm -f {most}"), &web);
    becomes(&lab, "nagaya stop nope", "");
    becomes(&lab, "nagaya run -it b", "box:2");
    // bash takes what is behind the colon for a word.
    becomes(&lab, "nagaya rmi box:", "2");
    becomes(&lab, "nagaya volume rm d", "data");
    becomes(&lab, "nagaya network rm h", "host");
    becomes(&lab, "nagaya run --network=b", "bridge");
    becomes(&lab, "nagaya ren", "rename");
    becomes(&lab, "nagaya run --memory-swap", "--memory-swap --memory-swappiness");
    let elsewhere = lab.folder().join("elsewhere");
    becomes(&lab, &format!("nagaya --root {} stop ", elsewhere.display()), "");
    assert!(!elsewhere.exists(), "to ask is to make nothing");
    lab.nagaya(&["rm", &web]).output().ok();
}

/// Somebody types, and presses the keys tab and enter.
#[test]
fn a_tab_completes_a_name() {
    let lab = with_names();
    let web = lab.container_name();
    let typed = lab.folder().join("typed");
    let begun = &web[..web.len() - 2];
    let line = format!(
        "source <(nagaya completion bash)\nnagaya inspect -f 'it is {{{{.Name}}}}' {begun}\t\nexit\n"
    );
    fs::write(&typed, line).expect("keys");
    let script = format!("script -qec 'bash --norc --noprofile -i' /dev/null <'{}'", typed.display());
    let said = bash(&lab, &["-c", &script]).env("TERM", "dumb").output().ok();
    assert!(said.contains(&format!("it is /{web}")), "{said}");
    lab.nagaya(&["rm", &web]).output().ok();
}

/// Names that were put there by hand are no programs, and not shown.
#[test]
fn nothing_of_a_name_is_executed() {
    let lab = with_names();
    let (web, names) = (lab.container_name(), lab.engine_root().join("names"));
    let bad = ["$(touch caught)", "`touch caught`", "a;touch caught", "a\ntouch caught", "-rf", "a b", "*"];
    for name in bad {
        symlink("x", names.join(name)).expect("a name");
    }
    symlink("x", names.join("harmless")).expect("a name");
    // The control: a name that is as it should be is shown, wherever it came from.
    becomes(&lab, "nagaya stop ", &format!("harmless {web}"));
    for typed in ["$(touch caught)", "`", "a;", "*", "'"] {
        becomes(&lab, &format!("nagaya stop {typed}"), "");
    }
    assert!(!lab.folder().join("caught").exists());
    lab.nagaya(&["rm", &web]).output().ok();
}
