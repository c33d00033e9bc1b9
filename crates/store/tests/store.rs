//! What the store promises, on a real disk.

mod kit;

use std::fs;
use std::io::Write;

use kit::{Place, digest, reference};
use oci::image::Digest;
use store::{Folder, Problem, Store};

#[test]
fn a_blob_is_there_when_it_is_whole_and_what_was_asked_for() {
    let place = Place::new();
    let store = &place.store;
    let hello = digest(b"hello");
    let mut good = store.ingest(&hello, 5).unwrap();
    good.write_all(b"hel").unwrap();
    good.write_all(b"lo").unwrap();
    assert!(!store.has_blob(&hello), "seen before it was whole");
    good.commit().unwrap();
    assert_eq!(store.document(&hello).unwrap(), b"hello");

    for (bytes, size, expected) in [
        (&b"hallo"[..], 5, "its digest is"),
        (b"hell", 5, "it is 4 bytes long, expected 5"),
        (b"hello!", 5, "longer than the 5 bytes that were announced"),
    ] {
        let other = digest(b"other");
        let mut bad = store.ingest(&other, size).unwrap();
        let said = match bad.write_all(bytes) {
            Ok(()) => bad.commit().unwrap_err().sentence(),
            Err(err) => err.to_string(),
        };
        assert!(said.contains(expected), "{said}");
        assert!(!store.has_blob(&other));
    }
    assert_eq!(place.staged(), 0, "something was left in staging");
}

#[test]
fn sha512_is_as_good() {
    let place = Place::new();
    let long: Digest = "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043".parse().unwrap();
    place.store.put(&long, b"hello").unwrap();
    assert_eq!(place.store.document(&long).unwrap(), b"hello");
    assert!(place.store.put(&long.clone(), b"hello").is_ok(), "twice is once");
}

#[test]
fn images_are_found_by_name_and_by_the_beginning_of_their_id() {
    let place = Place::new();
    let one = place.image("one", &["docker.io/library/web:latest", "localhost:5000/a/b:c"]);
    let two = place.image("two", &["docker.io/library/web:2"]);
    let store = &place.store;
    for text in
        ["web", "web:latest", "docker.io/library/web", "localhost:5000/a/b:c", one.as_str(), one.short()]
    {
        assert_eq!(store.find(text).unwrap().id, one, "{text}");
    }
    assert_eq!(store.find("web:2").unwrap().id, two);
    for (text, said) in [
        ("nope", "No such image: nope:latest"),
        ("web:3", "No such image: web:3"),
        ("ffffffffffff", "No such image: ffffffffffff:latest"),
        ("localhost:5000/a/b", "No such image: localhost:5000/a/b:latest"),
    ] {
        assert!(
            store.find(text).unwrap_err().sentence().ends_with(said),
            "{}",
            store.find(text).unwrap_err()
        );
    }
    // One more until two ids begin alike.
    let mut ids = vec![one, two];
    let twins = loop {
        ids.push(place.image(&format!("more {}", ids.len()), &[]));
        let (last, others) = ids.split_last().unwrap();
        if others.iter().any(|id| id.hex()[..1] == last.hex()[..1]) {
            break last.hex()[..1].to_string();
        }
    };
    let said = store.find(&twins).unwrap_err().sentence();
    assert!(said.ends_with(&format!("multiple IDs found with provided prefix: {twins}")), "{said}");
}

#[test]
fn names_come_and_go_and_leave_no_folders() {
    let place = Place::new();
    let names = ["h.io/a/b:c", "h.io/a/b/c:d", "h.io/a/b:e"];
    let id = place.image("one", &names);
    let seen: Vec<_> = place.store.names().unwrap().into_iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(seen, ["h.io/a/b/c:d", "h.io/a/b:c", "h.io/a/b:e"]);
    let lock = place.store.exclusive().unwrap();
    for name in names {
        assert_eq!(place.store.name(&reference(name)).unwrap().unwrap().image, id);
        place.store.remove_name(&reference(name), &lock).unwrap();
        place.store.remove_name(&reference(name), &lock).unwrap();
        assert_eq!(place.store.name(&reference(name)).unwrap(), None);
    }
    assert_eq!(fs::read_dir(place.root().join("references")).unwrap().count(), 0);
}

#[test]
fn only_what_nothing_names_is_garbage() {
    let place = Place::new();
    let store = &place.store;
    let kept = place.image("kept", &["kept"]);
    let used = place.image("used", &[]);
    let leased = place.image("leased", &[]);
    let gone = place.image("gone", &[]);
    place.layer(b"layer of kept");
    place.layer(b"layer of gone");
    store.begin_use("web", &used, true).unwrap();
    let lease = store.lease(&store.image(&leased).unwrap().blobs().cloned().collect::<Vec<_>>()).unwrap();
    let lock = store.exclusive().unwrap();
    for id in [&used, &leased, &gone] {
        store.forget(id, &lock).unwrap();
    }
    let collected = store.collect(&lock).unwrap();
    assert_eq!(collected.layers, [digest(b"layer of gone")]);
    assert_eq!(collected.blobs.len(), 3, "the manifest, config and layer of `gone`: {collected:?}");
    assert!(collected.bytes > 0);
    assert!([&kept, &used, &leased].iter().all(|id| store.has_blob(id)) && !store.has_blob(&gone));

    // The controls: what kept them goes, and so do they.
    drop(lease);
    store.end_use("web").unwrap();
    assert_eq!(store.collect(&lock).unwrap().blobs.len(), 6);
    assert!(store.has_blob(&kept) && !store.has_blob(&used) && !store.has_blob(&leased));
    assert_eq!(store.collect(&lock).unwrap(), store::Collected::default());
}

#[test]
fn who_is_killed_leaves_nothing_that_stays() {
    let place = Place::new();
    let store = &place.store;
    // As a process leaves them that is killed: the locks go, the files stay.
    fs::write(place.root().join("staging/dead"), "x").unwrap();
    fs::create_dir_all(place.root().join("staging/dead-too/a/b")).unwrap();
    let blob = digest(b"leased by the dead");
    store.put(&blob, b"leased by the dead").unwrap();
    fs::write(place.root().join("leases/dead"), format!("{blob}\n")).unwrap();
    let alive = store.stage_folder().unwrap();
    let lock = store.exclusive().unwrap();
    store.collect(&lock).unwrap();
    assert!(alive.path().is_dir(), "what is being made was taken for left");
    assert_eq!((place.staged(), store.has_blob(&blob)), (1, false));
    assert!(!place.root().join("leases/dead").exists());
}

#[test]
fn damage_is_found_and_mended() {
    let place = Place::new();
    let store = &place.store;
    let id = place.image("web", &["web", "h.io/web:1"]);
    let layer = place.layer(b"layer of web");
    let check = || {
        let lock = store.exclusive().unwrap();
        store.check(&lock, &mut |_| ()).unwrap()
    };
    assert_eq!(check().problems, [], "a store that is well");
    assert_eq!(check().blobs, 3);

    let blob = store.image(&id).unwrap().manifest.layers[0].digest.clone();
    fs::write(store.blob_path(&blob), "rotten").unwrap();
    fs::write(layer.join("tar"), "rotten").unwrap();
    fs::write(place.root().join("references/h.io/web/:1"), "{\"image\":").unwrap();
    fs::write(
        place.root().join("references/h.io/web/:2"),
        fs::read(place.root().join("references/docker.io/library/web/:latest")).unwrap(),
    )
    .unwrap();
    let found = check();
    assert!(
        matches!(
            &found.problems[..],
            [
                Problem::WrongRecord { .. },
                Problem::WrongBlob { .. },
                Problem::MissingBlob { .. },
                Problem::WrongFolder { .. },
                Problem::StaleIndex,
            ]
        ),
        "{:#?}",
        found.problems
    );

    let lock = store.exclusive().unwrap();
    let mended: Vec<_> = found.problems.iter().map(|problem| store.mend(problem, &lock).unwrap()).collect();
    drop(lock);
    assert_eq!(mended, [true, true, false, true, true]);
    assert!(matches!(&check().problems[..], [Problem::MissingBlob { .. }]), "{:#?}", check().problems);
    // Somebody fetches it again.
    store.put(&blob, b"layer of web").unwrap();
    assert_eq!(check().problems, []);
}

#[test]
fn a_folder_is_published_whole_and_once() {
    let place = Place::new();
    let first = place.layer(b"the same");
    let second = place.layer(b"the same");
    assert_eq!(first, second);
    assert_eq!(place.staged(), 0);
    let diff_id = digest(b"the same");
    assert_eq!(place.store.folder(Folder::Layer(&diff_id)), Some(first));
    assert_eq!(place.store.folder(Folder::Root(&diff_id)), None);
    assert!(place.store.remove_folder(Folder::Layer(&diff_id)).unwrap() > 0);
    assert_eq!(place.store.remove_folder(Folder::Layer(&diff_id)).unwrap(), 0);
}

#[test]
fn one_at_a_time_makes_a_thing() {
    let place = Place::new();
    let made = std::sync::atomic::AtomicUsize::new(0);
    let at_work = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    use std::sync::atomic::Ordering::SeqCst;
                    let _claim = place.store.claim("thing").unwrap();
                    assert_eq!(at_work.fetch_add(1, SeqCst), 0, "two at once");
                    made.fetch_add(1, SeqCst);
                    assert_eq!(at_work.fetch_sub(1, SeqCst), 1);
                }
            });
        }
    });
    assert_eq!(made.into_inner(), 320);
    assert_eq!(fs::read_dir(place.root().join("claims")).unwrap().count(), 0);
}

#[test]
fn many_at_once_lose_nothing_and_see_nothing_half() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let root = place.root();
            scope.spawn(move || {
                let store = Store::open(root).unwrap();
                for round in 0..25 {
                    let name = format!("w{worker}:{}", round % 3);
                    let id = kit::image(&store, &format!("{worker} {round}"), &[&name]);
                    assert_eq!(store.find(&name).unwrap().id, id);
                    assert_eq!(store.image(&id).unwrap().id, id);
                    let lock = store.exclusive().unwrap();
                    store.collect(&lock).unwrap();
                    if round % 5 == 0 {
                        store.remove_name(&reference(&name), &lock).unwrap();
                        store.forget(&id, &lock).unwrap();
                        store.write_index(&lock).unwrap();
                    }
                }
            });
        }
    });
    let lock = place.store.exclusive().unwrap();
    place.store.collect(&lock).unwrap();
    assert_eq!(place.store.check(&lock, &mut |_| ()).unwrap().problems, []);
    assert_eq!(place.staged(), 0);
}

#[test]
fn other_tools_read_the_layout() {
    let place = Place::new();
    let id = place.image("web", &["docker.io/library/web:1"]);
    let layout = format!("oci:{}:docker.io/library/web:1", place.store.layout().display());
    let skopeo = std::process::Command::new("skopeo").args(["inspect", "--raw", &layout]).output().unwrap();
    assert!(skopeo.status.success(), "{}", String::from_utf8_lossy(&skopeo.stderr));
    let manifest = place.store.image(&id).unwrap().kept.manifest.digest;
    assert_eq!(digest(&skopeo.stdout), manifest);
}

#[test]
fn nobody_else_may_look() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    for folder in ["images", "references", "staging", "leases"] {
        let mode = fs::metadata(place.root().join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{folder} has mode {mode:o}");
    }
}

#[test]
fn a_claim_is_had_at_once_or_not_at_all() {
    let place = Place::new();
    let claim = place.store.claim("thing").unwrap();
    assert!(place.store.claim_now("thing").unwrap().is_none());
    assert!(place.store.claim_now("another").unwrap().is_some());
    drop(claim);
    assert!(place.store.claim_now("thing").unwrap().is_some(), "the control: nobody has it any more");
}
