//! Many processes do everything with the same images at once, for a while.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lab::{Disk, Lab, Nagaya, Output, apart};

use crate::kit::Images;
use crate::trial::Sources;

const PROCESSES: usize = 32;

/// Seconds; the variable says others.
const SECONDS: u64 = 15;
const VARIABLE: &str = "NAGAYA_BUSY_SECONDS";

/// Of a loaded machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// How often each command has worked, and how often it was refused for what another one had done.
#[derive(Debug, Default)]
struct Counts(BTreeMap<&'static str, (usize, usize)>);

/// What one of the processes does next, and words of refusals that somebody else is the cause of.
struct Errand {
    verb: &'static str,
    words: Vec<String>,
    may_say: &'static [&'static str],
}

const GONE: &[&str] = &["No such image"];
const GONE_OR_USED: &[&str] = &["No such image", "conflict: "];

/// By turns, so that none is left out; `number` is nobody else's.
fn errand(lab: &Lab, archive: &str, images: &[String], number: usize) -> Errand {
    let image = &images[number / 3 % images.len()];
    let tag = format!("tag-{}:1", number / 7 % 3);
    let name = format!("{}{number}", lab.name());
    let (verb, words, may_say): (_, Vec<&str>, _) = match number % 13 {
        0 | 1 => ("pull", vec!["pull", image], &[][..]),
        2 | 3 => ("tag", vec!["tag", image, &tag], GONE),
        4 | 5 => ("run", vec!["run", "--rm", "--name", &name, image, "echo", "alive"], &[][..]),
        6 => (
            "run a tag",
            vec!["run", "--rm", "--name", &name, "--pull", "never", &tag, "echo", "alive"],
            GONE,
        ),
        7 => ("rmi", vec!["rmi", image], GONE_OR_USED),
        8 => ("rmi a tag", vec!["rmi", "-f", &tag], GONE_OR_USED),
        9 => ("prune", vec!["image", "prune", if number.is_multiple_of(2) { "-f" } else { "-af" }], &[][..]),
        10 => ("load", vec!["load", "-i", archive], &[][..]),
        11 => ("check", vec!["system", "check"], &[][..]),
        _ => ("images", vec!["images", "--digests"], &[][..]),
    };
    Errand { verb, words: words.into_iter().map(str::to_string).collect(), may_say }
}

/// Whether it worked; a refusal must have one of the causes that it may have.
fn worked(errand: &Errand, output: &Output) -> Result<bool, String> {
    let alive = !errand.verb.starts_with("run") || output.stdout == "alive\n";
    match output.code {
        0 if alive => Ok(true),
        0 => Err(format!("{:?} did nothing: {output:?}", errand.words)),
        _ if errand.may_say.iter().any(|words| output.stderr.contains(words)) => Ok(false),
        _ => Err(format!("{:?}: {output:?}", errand.words)),
    }
}

#[test]
fn everything_at_once() {
    let seconds = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    apart(|| {
        let lab = Lab::new();
        let from = Sources::new(&lab);
        let _disk = Disk::new(&lab, 256);
        let images = [from.name("new:1"), from.name("old:1")];
        let (counts, failures) = (Mutex::new(Counts::default()), Mutex::new(Vec::new()));
        let end = Instant::now() + Duration::from_secs(seconds);
        std::thread::scope(|scope| {
            for process in 0..PROCESSES {
                let (lab, archive, images, counts, failures) =
                    (&lab, from.archive(), &images, &counts, &failures);
                scope.spawn(move || {
                    for number in (process..).step_by(PROCESSES).take_while(|_| Instant::now() < end) {
                        let errand = errand(lab, archive, images, number);
                        let words: Vec<_> = errand.words.iter().map(String::as_str).collect();
                        let output = lab.nagaya(&words).deadline(PATIENCE).output();
                        match worked(&errand, &output) {
                            Ok(worked) => counts.lock().expect("counts").note(errand.verb, worked),
                            Err(why) => failures.lock().expect("failures").push(why),
                        }
                    }
                });
            }
        });
        let (counts, failures) =
            (counts.into_inner().expect("counts"), failures.into_inner().expect("failures"));
        assert!(
            std::io::Write::write_all(&mut std::io::stderr(), format!("{counts:?}\n").as_bytes()).is_ok()
        );
        assert!(
            failures.is_empty(),
            "{} failures of {counts:?}: {:#?}",
            failures.len(),
            &failures[..failures.len().min(8)]
        );
        assert_eq!(counts.0.len(), 10, "something was never done: {counts:?}");
        assert!(counts.0.values().all(|(worked, _)| *worked > 0), "something has never worked: {counts:?}");
        nothing_is_wrong(&lab, &images);
    });
}

fn nothing_is_wrong(lab: &Lab, images: &[String]) {
    assert!(lab.fine(&["system", "check"]).contains("everything is as it was"));
    lab.is_clean();
    assert_eq!(lab.known(), [""; 0], "containers that are left");
    for image in images {
        lab.fine(&["pull", image]);
        assert_eq!(lab.run(&["--rm", image, "echo", "alive"]).output().ok(), "alive\n");
    }
    lab.fine(&["image", "prune", "-af"]);
    let empty = [
        "blobs/sha256",
        "../references",
        "../kept/sha256",
        "../layers/sha256",
        "../roots/sha256",
        "../trees/sha256",
    ];
    for folder in empty.map(|folder| lab.engine_root().join("images").join(folder)) {
        let left: Vec<_> = std::fs::read_dir(&folder).expect("a folder").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl Counts {
    fn note(&mut self, verb: &'static str, worked: bool) {
        let (works, refused) = self.0.entry(verb).or_default();
        *if worked { works } else { refused } += 1;
    }
}
