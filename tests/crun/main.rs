//! crun's own tests, from Debian's source package, on our runtime. `differences` lists those that do not pass here, each
//! with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::Lab;
use rustix::process::{Pid, Signal, kill_process};

/// Tests that pass. Fewer means that some were not found.
const PASS: usize = 82;

/// What becomes of a test: `ok`, or as `differences` says.
type Verdicts = BTreeMap<String, String>;

/// Lines of `VERDICT MODULE/NAME: REASON`.
fn differences() -> Verdicts {
    let line = |line: &str| {
        let (verdict, rest) = line.split_once(' ')?;
        let (name, reason) = rest.trim().split_once(": ")?;
        (!reason.is_empty()).then(|| (name.to_string(), verdict.to_string()))
    };
    let lines = include_str!("differences").lines().filter(|line| !line.starts_with('#'));
    lines.map(|text| line(text).unwrap_or_else(|| panic!("not a difference: {text}"))).collect()
}

#[test]
fn what_passes_under_crun_passes_under_ours() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crun");
    let fetched = Command::new(here.join("fetch")).output().expect("tests/crun/fetch");
    let tests = String::from_utf8_lossy(&fetched.stdout).trim().to_string();
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));

    let lab = Lab::new();
    let work = lab.folder().join("crun");
    fs::create_dir_all(work.join("tests")).expect("a folder of the lab");
    // Some name it by this path, whatever `INIT` says.
    fs::copy(Path::new(&tests).join("init"), work.join("tests/init")).expect("the program that they run");
    let results = work.join("results");
    let expected = differences();
    let not_run = expected.iter().filter(|(_, verdict)| *verdict == "not-run").map(|(name, _)| name);
    let said = lab
        .program("python3")
        .args([here.join("run.py"), tests.into(), results.clone()])
        .args(not_run)
        .folder(&work)
        .env("OCI_RUNTIME", lab::runtime())
        .env("TMPDIR", &work)
        .env("PYTHONPATH", &here)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .deadline(Duration::from_mins(5))
        .output();
    end_what_crun_forgets(&work);
    let text = fs::read_to_string(&results).unwrap_or_else(|_| panic!("nothing ran: {said:?}"));
    let verdict = |line: &str| line.split_once(' ').map(|(verdict, name)| (name.into(), verdict.into()));
    let found: Verdicts = text.lines().filter_map(verdict).collect();
    let wrong = wrong(&expected, &found, &said.stdout);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let passed = found.values().filter(|verdict| *verdict == "ok").count();
    assert!(passed >= PASS, "{passed} passed, and {PASS} did before");
}

/// A child of crun's own test for idmapped mounts asks to end with its parent; where that was faster, it waits for ever.
fn end_what_crun_forgets(work: &Path) {
    let mark = work.display().to_string();
    for entry in fs::read_dir("/proc").expect("processes").flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command);
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| command.contains("check-feature") && command.contains(&mark)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What is not as `differences` has it: one that passes after all, one that fails, one that is no more.
fn wrong(expected: &Verdicts, found: &Verdicts, said: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, verdict) in found {
        let wanted = expected.get(name).map_or("ok", String::as_str);
        if verdict != wanted {
            let words = said.split("== ").find(|part| part.lines().next() == Some(name)).unwrap_or_default();
            wrong.push(format!("{name}: {verdict}, and `differences` has {wanted}\n{words}"));
        }
    }
    let ran = |name: &&String| found.contains_key(*name) || expected[*name] == "not-run";
    wrong.extend(expected.keys().filter(|name| !ran(name)).map(|name| format!("{name}: did not run")));
    wrong
}

#[test]
fn whatever_is_not_as_expected_is_wrong() {
    let verdicts = |text: &str| {
        let one = |line: &str| line.split_once(' ').map(|(verdict, name)| (name.into(), verdict.into()));
        text.lines().filter_map(one).collect::<Verdicts>()
    };
    let expected = verdicts("fail a/known\nskip a/other\nnot-run a/dangerous");
    let wrong = |found: &str| wrong(&expected, &verdicts(found), "== a/new\nits words\n").join("\n");
    assert_eq!(wrong("fail a/known\nskip a/other\nok a/fine"), "");
    assert!(wrong("fail a/known\nskip a/other\nfail a/new").contains("its words"));
    assert!(wrong("ok a/known\nskip a/other").contains("a/known: ok"));
    assert!(wrong("fail a/known").contains("a/other: did not run"));
}
