//! What somebody has begun and does not finish: he was killed, or somebody else was faster.

mod kit;

use std::fs;

use store::{Problem, Store};

use kit::{Place, digest, reference};

fn problems(store: &Store) -> Vec<Problem> {
    let lock = store.exclusive().expect("the lock");
    store.check(&lock, &mut |_| ()).expect("a check").problems
}

#[test]
fn an_index_that_was_not_written_any_more_is_written() {
    let place = Place::new();
    let store = &place.store;
    let id = place.image("web", &["web:1"]);
    let lock = store.exclusive().unwrap();
    store.remove_name(&reference("web:1"), &lock).unwrap();
    store.forget(&id, &lock).unwrap();
    drop(lock);
    let index = store.layout().join("index.json");
    assert!(fs::read_to_string(&index).unwrap().contains("web:1"), "it is stale");
    assert_eq!(problems(store), []);
    assert!(!fs::read_to_string(&index).unwrap().contains("web:1"));
    // The control: stale for another reason, it is a problem, and stays as it is.
    fs::write(&index, "{}").unwrap();
    assert_eq!(problems(store), [Problem::StaleIndex]);
    assert_eq!(fs::read_to_string(&index).unwrap(), "{}");
}

#[test]
fn claims_and_folders_of_the_dead_go() {
    let place = Place::new();
    let (root, store) = (place.root(), &place.store);
    fs::write(root.join("claims/dead"), "").unwrap();
    fs::create_dir_all(root.join("references/h.io/never/named")).unwrap();
    place.image("web", &["h.io/web:1"]);
    let alive = store.claim("alive").unwrap();
    let lock = store.exclusive().unwrap();
    store.collect(&lock).unwrap();
    let claims: Vec<_> =
        fs::read_dir(root.join("claims")).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(claims, ["alive"]);
    assert!(!root.join("references/h.io/never").exists() && root.join("references/h.io/web/:1").exists());
    assert_eq!(place.staged(), 0);
    drop(alive);
}

/// Whatever is mounted below the store's folders is no garbage.
#[test]
fn what_is_mounted_in_what_is_left_stays() {
    lab::apart(|| {
        let place = Place::new();
        let (root, store) = (place.root(), &place.store);
        let (canary, dead) = (root.join("canary"), root.join("staging/dead"));
        for folder in [&canary, &dead.join("deep/point")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(canary.join("file"), "kept").unwrap();
        fs::create_dir(root.join("staging/also")).unwrap();
        let point = dead.join("deep/point");
        rustix::mount::mount_bind(&canary, &point).unwrap();
        let collect = || store.collect(&store.exclusive().unwrap()).unwrap();
        collect();
        assert_eq!(fs::read(canary.join("file")).unwrap(), b"kept");
        assert!(point.join("file").exists() && !root.join("staging/also").exists());
        // So does what a layer's folder has.
        let layer = place.layer(b"nobody's");
        let inside = layer.join("point");
        fs::create_dir(&inside).unwrap();
        rustix::mount::mount_bind(&canary, &inside).unwrap();
        let fault = store.collect(&store.exclusive().unwrap()).unwrap_err();
        assert!(fault.sentence().contains("something is mounted in it"), "{fault}");
        assert_eq!(fs::read(canary.join("file")).unwrap(), b"kept");
        assert!(!layer.exists(), "nobody finds half of it");
        // The control: what does not look for mounts removes it.
        assert!(fs::remove_dir_all(&dead).is_err() && !canary.join("file").exists());
        rustix::mount::unmount(&point, rustix::mount::UnmountFlags::DETACH).unwrap();
        for entry in fs::read_dir(root.join("staging")).unwrap().flatten() {
            let _ = rustix::mount::unmount(entry.path().join("point"), rustix::mount::UnmountFlags::DETACH);
        }
        collect();
        assert_eq!(place.staged(), 0);
    });
}

#[test]
fn a_store_that_somebody_else_has_made_keeps_what_is_in_it() {
    let place = Place::new();
    place.image("web", &["web:1"]);
    // As it is when somebody has looked before the other one had made it.
    fs::remove_file(place.store.layout().join("oci-layout")).unwrap();
    let again = Store::open(place.root()).unwrap();
    assert!(again.layout().join("oci-layout").exists());
    assert_eq!(problems(&again), []);
}

#[test]
fn an_image_in_use_stays_whole_after_its_removal() {
    let place = Place::new();
    let store = &place.store;
    let id = place.image("web", &["web:1"]);
    place.layer(b"layer of web");
    let (image, lease) = store.lease_image(&id).unwrap();
    let lock = store.exclusive().unwrap();
    store.remove_name(&reference("web:1"), &lock).unwrap();
    store.forget(&id, &lock).unwrap();
    let collected = store.collect(&lock).unwrap();
    assert_eq!((collected.blobs, collected.layers), (vec![], vec![]), "somebody uses it");
    assert!(image.blobs().all(|blob| store.has_blob(blob)));
    assert!(store.lease_image(&id).unwrap_err().sentence().contains("No such image"));
    drop(lock);
    store.begin_use("container", &id, true).unwrap();
    drop(lease);
    assert!(store.begin_use("another", &id, true).is_err(), "nobody holds it any more");
    let lock = store.exclusive().unwrap();
    assert_eq!(store.collect(&lock).unwrap(), store::Collected::default(), "a container uses it");
    store.end_use("container").unwrap();
    let collected = store.collect(&lock).unwrap();
    assert_eq!((collected.blobs.len(), collected.layers), (3, vec![digest(b"layer of web")]));
}
