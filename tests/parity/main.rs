//! The same command lines, played to Docker and to us: what they print and their exit codes are the same, but for what is
//! different on purpose, with the reason beside it.

mod answer;
mod line;
mod lines;
mod networks;
mod views;

use std::path::Path;
use std::thread;

use lab::{Lab, Nagaya};
use peers::Docker;

use answer::Answer;
use line::{Line, Meant};

/// Somebody who understands such command lines.
trait Engine {
    fn call(&self, words: &[&str]) -> Answer;
}

impl Engine for Docker {
    fn call(&self, words: &[&str]) -> Answer {
        let said = self.docker(words);
        Answer { stdout: said.stdout, stderr: said.stderr, code: said.code }
    }
}

impl Engine for Lab {
    fn call(&self, words: &[&str]) -> Answer {
        let output = self.nagaya(words).output();
        output.no_crash();
        Answer { stdout: output.stdout, stderr: output.stderr, code: output.code }
    }
}

/// Plays all lines, in their order.
fn play(engine: &impl Engine, lines: &[Line], words: impl Fn(&Line) -> Vec<String>) -> Vec<Answer> {
    let play_one = |line: &Line| {
        let words = words(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut answer = engine.call(&words);
        if let Meant::Until(text) = line.meant {
            let has = |answer: &Answer| answer.stdout.contains(text) || answer.stderr.contains(text);
            lab::until(&format!("`{}` says `{text}`", line.text), || {
                answer = engine.call(&words);
                has(&answer)
            });
        }
        answer
    };
    lines.iter().map(play_one).collect()
}

#[test]
fn the_same_lines_have_the_same_answers() {
    let (lab, docker) = (Lab::new(), Docker::start());
    load(&lab, &docker);
    let lines = line::parse(lines::ALL);
    assert!(lines.len() >= 100, "{} lines", lines.len());
    let (ours, theirs) = thread::scope(|scope| {
        let theirs = scope.spawn(|| play(&docker, &lines, Line::words));
        (play(&lab, &lines, Line::words), theirs.join().expect("docker's answers"))
    });
    end(&lab);
    end(&docker);
    let different: Vec<_> = lines
        .iter()
        .zip(ours.iter().zip(&theirs))
        .filter_map(|(line, (ours, theirs))| line.judge(ours, theirs))
        .collect();
    assert!(different.is_empty(), "{} of {}:\n\n{}", different.len(), lines.len(), different.join("\n\n"));
    docker.stop();
}

/// Docker's image, in both.
fn load(lab: &Lab, docker: &Docker) {
    let archive = lab.folder().join("box.tar");
    let path = |path: &Path| path.display().to_string();
    docker.fine(&["save", "-o", &path(&archive), "box"]);
    lab.nagaya(&["load", "-i", &path(&archive)]).output().ok();
}

/// Nothing stays.
fn end(engine: &impl Engine) {
    let all = engine.call(&["ps", "-aq"]).stdout;
    for id in all.split_whitespace() {
        let _ = engine.call(&["rm", "-f", "-v", id]);
    }
    assert_eq!(engine.call(&["ps", "-aq"]).stdout, "");
}
