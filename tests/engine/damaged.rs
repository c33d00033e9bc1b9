//! Files of containers that are damaged, or were written by somebody else: it is said which they are and what to try, and
//! all other containers work.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use lab::{Lab, Nagaya, fails};

use crate::world::World;

/// What becomes of a file, in words, and by what.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 10] = [
    ("cut short", |path| {
        let bytes = fs::read(path).expect("what was there");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("half of it");
    }),
    ("empty", |path| fs::write(path, "").expect("nothing")),
    ("zeroes, as after a power cut", |path| fs::write(path, [0; 4096]).expect("zeroes")),
    ("nonsense", |path| fs::write(path, "\u{1b}[31mnonsense").expect("nonsense")),
    ("another thing", |path| fs::write(path, "[1, 2]").expect("a list")),
    ("two things", |path| {
        let text = fs::read_to_string(path).expect("what was there");
        fs::write(path, format!("{text}{text}")).expect("twice");
    }),
    ("of another version", |path| {
        let text = fs::read_to_string(path).expect("what was there");
        let newer = text.replace("\"phase\":\"", "\"phase\":\"hyper").replace("\"name\":\"", "\"named\":\"");
        assert_ne!(text, newer);
        fs::write(path, newer).expect("what a newer one may write");
    }),
    ("a folder", |path| {
        fs::remove_file(path).expect("what was there");
        fs::create_dir(path).expect("a folder");
    }),
    ("a pipe", |path| {
        fs::remove_file(path).expect("what was there");
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe");
    }),
    ("a link to what never ends", |path| {
        fs::remove_file(path).expect("what was there");
        symlink("/dev/zero", path).expect("a link");
    }),
];

/// The other container, which works whatever is wrong with the first.
fn neighbour(lab: &Lab) -> String {
    let name = format!("{}other", lab.name());
    lab.nagaya(&["run", "-d", "--name", &name, "box", "sleep", "1000"]).output().ok();
    name
}

fn each(file: &str, runs: bool) {
    let world = World::new();
    let lab = &world.lab;
    let other = neighbour(lab);
    for (what, damage) in DAMAGES {
        if runs {
            world.run();
        } else {
            world.create();
        }
        if !runs && file == "state.json" {
            world.command(&["start"]).ok();
            world.command(&["kill"]).ok();
            world.command(&["wait"]).ok();
        }
        let path = world.folder().join(file);
        damage(&path);
        let named = path.display().to_string();
        let words = [named.as_str(), "hint: ", "nagaya rm -f"];
        for verb in [&["stop"][..], &["start"], &["logs"], &["container", "inspect"], &["wait"], &["rm"]] {
            fails(world.command(verb), 1, &words);
        }
        fails(lab.nagaya(&["rename", &world.name, "other"]).output(), 1, &words);
        // All others are listed, and it is said which one is not.
        let listed = lab.nagaya(&["ps", "-a", "--format", "{{.Names}}"]).output();
        assert!(words.iter().all(|word| listed.stderr.contains(word)), "{what}: {listed:?}");
        assert_eq!(listed.ok(), format!("{other}\n"), "{what}");
        lab.nagaya(&["exec", &other, "true"]).output().ok();
        let checked = lab.nagaya(&["system", "check"]).output();
        assert!(
            checked.code == 1 && checked.stdout.contains(&named) && !checked.stdout.contains('\u{1b}'),
            "{checked:?}"
        );
        if file == "container.json" {
            // It may be about any volume.
            fails(lab.nagaya(&["volume", "prune", "-af"]).output(), 1, &[&named]);
        }
        // The file may be made to speak of anything; what it says is not believed by what removes it.
        let removed = world.command(&["rm", "-f"]);
        assert!(removed.stderr.contains(&named), "{what}: {removed:?}");
        assert_eq!(removed.ok(), format!("{}\n", world.name));
        assert!(!world.lives(), "{what}");
        assert_eq!(lab.known(), [other.as_str()], "{what}");
        let left = fs::read_dir(lab.engine_root().join("containers")).expect("containers").count();
        assert_eq!(left, 1, "{what}");
    }
    // The control: what is not damaged is not complained about.
    lab.nagaya(&["system", "check"]).output().ok();
    assert_eq!(lab.nagaya(&["ps", "-a"]).output().stderr, "");
    lab.nagaya(&["rm", "-f", &other]).output().ok();
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn the_record_of_one_that_does_not_run() {
    each("container.json", false);
}

#[test]
fn the_record_of_one_that_runs() {
    each("container.json", true);
}

#[test]
fn the_state_of_one_that_does_not_run() {
    each("state.json", false);
}

#[test]
fn the_state_of_one_that_runs() {
    each("state.json", true);
}

/// How its program is can be asked of the kernel.
#[test]
fn a_state_is_written_anew() {
    let world = World::new();
    world.create();
    world.command(&["start"]).ok();
    world.command(&["stop"]).ok();
    fs::write(world.folder().join("state.json"), "nonsense").expect("nonsense");
    let repaired = world.lab.nagaya(&["system", "check", "--repair"]).output().ok();
    assert!(repaired.contains("1 problems, 1 mended"), "{repaired}");
    let state = world.state().expect("its state");
    assert!(state["Status"] == "exited" && state["ExitCode"] == 255 && state["Error"] != "", "{state}");
    assert_eq!(
        fs::read_to_string(world.folder().join("state.json.damaged")).expect("what was there"),
        "nonsense"
    );
    world.command(&["start"]).ok();
    assert_eq!((world.contradiction(), world.status()), (None, "running".to_string()));
    // One that has a monitor is written by that.
    fs::write(world.folder().join("state.json"), "nonsense").expect("nonsense");
    fails(world.lab.nagaya(&["system", "check", "--repair"]).output(), 1, &["mend 1 of 1 problems"]);
}

/// What nobody has finished or removed is found, and goes.
#[test]
fn what_was_left_is_swept() {
    let world = World::new();
    let root = world.lab.engine_root();
    let id = |digit: char| digit.to_string().repeat(64);
    fs::create_dir_all(root.join("containers").join(id('a'))).expect("one that was never finished");
    fs::create_dir_all(root.join("containers").join(id('b') + ".gone/changes/full"))
        .expect("one that was half removed");
    fs::create_dir_all(root.join("names")).expect("names");
    symlink(id('c'), root.join("names/nobody")).expect("a name of nobody's");
    world.create();
    let all = || -> Vec<String> {
        let in_folder = |name: &str| fs::read_dir(root.join(name)).expect("a folder").flatten();
        let all = in_folder("containers").chain(in_folder("names"));
        all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(all().len(), 5);
    fails(world.lab.nagaya(&["system", "check"]).output(), 1, &["problems"]);
    let repaired = world.lab.nagaya(&["system", "check", "--repair"]).output().ok();
    assert!(repaired.contains("3 problems, 3 mended"), "{repaired}");
    assert_eq!(all().len(), 2, "its own are there");
    assert_eq!(world.contradiction(), None);
}
