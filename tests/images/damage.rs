//! The control of `killed`, `power` and `full`: what they look for would be seen.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use lab::{Disk, Lab, Nagaya, apart};

use crate::trial::{Sources, Trial};

type Damage = fn(&Path);

#[test]
fn damage_would_be_seen() {
    apart(|| {
        let lab = Lab::new();
        let from = Sources::new(&lab);
        let disk = Disk::new(&lab, 64);
        let trial = Trial::new(&lab, &disk, &from, "pull", "index");
        let sound = trial.unsound(false, true);
        assert!(sound.is_none(), "before anything was done: {sound:?}");
        trial.begin();

        let root = lab.engine_root();
        let biggest = |kind: &str| biggest(&root.join(kind));
        let damages: [(&str, PathBuf, Damage, &str); 9] = [
            ("a bit of a blob", biggest("images/blobs"), flip, "damaged"),
            ("a blob that is empty", biggest("images/blobs"), empty, "damaged"),
            ("a blob that is lost", biggest("images/blobs"), remove, "missing"),
            ("a layer that is empty", biggest("layers"), empty, "damaged"),
            ("a root that is lost", biggest("roots"), remove, "damaged"),
            ("a name that is lost", biggest("references/docker.io"), remove, "does not list"),
            ("a record that is empty", biggest("kept"), empty, "damaged"),
            ("an index that says nothing", root.join("images/index.json"), empty, "does not list"),
            ("a file that is left", biggest("kept"), leave, "too much"),
        ];
        for (what, path, damage, word) in damages {
            trial.begin();
            damage(&path);
            let unsound = trial.unsound(false, false);
            assert!(unsound.as_ref().is_some_and(|why| why.contains(word)), "{what}: {unsound:?}");
        }
    });
}

fn flip(path: &Path) {
    let file = fs::File::options().read(true).write(true).open(path).expect("a file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, 100).expect("a byte");
    file.write_all_at(&[!byte[0]], 100).expect("another byte");
}

fn empty(path: &Path) {
    fs::write(path, "").expect("an empty file");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("a file");
}

fn leave(path: &Path) {
    fs::write(path.with_extension("new"), "").expect("one more file");
}

fn biggest(folder: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let meta = entry.metadata().expect("a file");
            if meta.is_dir() {
                todo.push(entry.path());
            } else {
                files.push((meta.len(), entry.path()));
            }
        }
    }
    files.into_iter().max().expect("a file").1
}
