//! The commands of README.md do what it says they do.
//!
//! A `console` block is a session: `$ ` begins a command, the lines below are what it prints, on both streams.
//! `...` stands for anything.

mod tables;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use lab::Lab;

struct Step {
    command: String,
    expected: String,
}

/// All sessions of a text, one after the other: what one makes, the next one uses.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => inside = line == "```console",
            Some(command) if inside => steps.push(Step { command: command.into(), expected: String::new() }),
            None if inside => {
                let step = steps.last_mut().expect("a command before its output");
                step.expected += line;
                step.expected.push('\n');
            }
            _ => {}
        }
    }
    steps
}

/// `expected`, in which `...` stands for anything, is what `said` is.
fn fits(said: &str, expected: &str) -> bool {
    let mut parts = expected.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        open = part.trim().is_empty();
        let Some(at) = rest.find(part) else { return open };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || open
}

#[test]
fn every_command_prints_what_the_readme_says() {
    assert!(session("README.md") >= 12, "the readme has lost commands");
}

#[test]
fn every_command_prints_what_the_chapter_on_images_says() {
    assert!(session("docs/images.md") >= 11, "the chapter has lost commands");
}

#[test]
fn every_command_prints_what_the_chapter_on_containers_says() {
    assert!(session("docs/containers.md") >= 30, "the chapter has lost commands");
}

#[test]
fn every_command_prints_what_the_chapter_on_what_happens_says() {
    assert!(session("docs/inside.md") >= 9, "the chapter has lost commands");
}

#[test]
fn what_is_installed_is_there() {
    let lab = Lab::new();
    let folder = lab.folder().join("installed");
    // `-o all`: it is built already.
    let output = Command::new("make")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "-s", "-o", "all", "install", "PREFIX=/usr"])
        .arg(format!("DESTDIR={}", folder.display()))
        .output()
        .expect("make");
    assert!(output.status.success(), "{output:?}");
    let text = |path: &str| fs::read_to_string(folder.join("usr").join(path)).expect(path);
    assert!(text("share/man/man1/nagaya-run.1").contains(".TH nagaya-run 1"));
    assert!(text("share/man/man1/nagaya-volume-create.1").contains(".TH"));
    for (shell, path) in [
        ("bash", "share/bash-completion/completions/nagaya"),
        ("zsh", "share/zsh/site-functions/_nagaya"),
        ("fish", "share/fish/vendor_completions.d/nagaya.fish"),
    ] {
        assert!(text(path).contains("nagaya --complete"), "{shell}");
    }
    for program in ["nagaya", "nagaya-runtime"] {
        let said =
            Command::new(folder.join("usr/bin").join(program)).arg("--version").output().expect(program);
        assert!(said.status.success() && !said.stdout.is_empty(), "{said:?}");
    }
}

/// Runs all sessions of a text, and tells how many commands there were.
fn session(text: &str) -> usize {
    let lab = Lab::new();
    let programs = lab::runtime().parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").expect("it works"));
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(text)).expect("a text");
    let (mut folder, mut ran) = (lab.folder().join("readme"), 0);
    fs::create_dir(&folder).expect("it works");
    for Step { command, expected } in steps(&readme) {
        // The shell tells where it ended up: a `cd` counts for the next command.
        let script = format!("exec 2>&1\n{command}\npwd > {}", lab.folder().join("pwd").display());
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&folder)
            .env("PATH", &path)
            .env("NAGAYA_ROOT", lab.folder().join("nagaya"))
            // Nothing is connected to the machine's own network.
            .env("NAGAYA_NETWORK", "none")
            .stdin(Stdio::null())
            .output()
            .expect("it works");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(fits(&said, &expected), "$ {command}\nexpected:\n{expected}\nsaid:\n{said}");
        folder = fs::read_to_string(lab.folder().join("pwd")).expect("it works").trim().into();
        ran += 1;
    }
    ran
}

#[test]
fn what_does_not_fit_is_seen() {
    assert!(fits("a b c\n", "a ... c\n") && fits("a\nb\n", "a\n...\n") && fits("", ""));
    assert!(!fits("a b d\n", "a ... c\n") && !fits("x\n", "") && !fits("", "x\n"));
}
