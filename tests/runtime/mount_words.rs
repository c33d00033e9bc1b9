//! Options of mounts that few have: `remount`, and crun's about symbolic links and ids.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use lab::{Container, Lab};
use serde_json::json;

const INFO: &str = "cat /proc/self/mountinfo";

/// The last mount on a place: its own options, and those of its file system.
#[track_caller]
fn options(table: &str, point: &str) -> (String, String) {
    let mut lines = table.lines().filter(|line| line.split(' ').nth(4) == Some(point));
    let line = lines.next_back().unwrap_or_else(|| panic!("nothing is mounted on {point}:\n{table}"));
    let words: Vec<_> = line.split(' ').collect();
    (words[5].to_string(), words[words.len() - 1].to_string())
}

#[test]
fn what_is_mounted_can_be_mounted_again() {
    let lab = Lab::new();
    let begin = || lab.container("web").mount("tmpfs", "tmpfs", "/data", "nosuid,size=1m");
    let (before, size) = options(&begin().see(INFO), "/data");
    assert!(before.starts_with("rw,nosuid") && size.contains("size=1024k"), "{before} {size}");

    let (after, size) =
        options(&begin().mount("tmpfs", "", "/data", "remount,size=2m,ro").see(INFO), "/data");
    assert!(after.starts_with("ro,nosuid") && size.contains("size=2048k"), "{after} {size}");
    // With `bind`, it is about this mount alone.
    let again = begin().mount("bind", "", "/data", "remount,bind,noexec,ro");
    let (after, size) = options(&again.see(INFO), "/data");
    assert!(after.starts_with("ro,nosuid,noexec") && size.contains("rw,size=1024k"), "{after} {size}");
    // The root, and what is there by itself.
    let (after, _) =
        options(&lab.container("web").mount("bind", "", "/", "remount,bind,nodev").see(INFO), "/");
    assert!(after.contains("nodev"), "{after}");
}

#[test]
fn what_is_not_mounted_cannot_be_mounted_again() {
    let lab = Lab::new();
    let refused = |kind: &str, at: &str, options: &str, words: &[&str]| {
        lab.container("web").mount(kind, "", at, options).sh("true").run().refused_naming(words);
    };
    refused("bind", "/work", "remount,bind,ro", &["/work", "nothing is mounted"]);
    refused("bind", "/work", "remount", &["/work", "nothing is mounted"]);
    refused("bind", "/nowhere", "remount,bind,ro", &["`mounts[", "destination", "no such file"]);
    refused("tmpfs", "/dev/shm", "remount,size=much", &["/dev/shm", "size"]);
    refused("bind", "/dev/shm", "remount,bind,size=1m", &["options", "`size=1m`"]);
}

/// A folder of the host with a file, and a link to it that leads nowhere in a container.
fn folder(lab: &Lab) -> PathBuf {
    let folder = lab.folder().join("data");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("file"), "from the host\n").expect("a file");
    let _ = fs::remove_file(folder.join("link"));
    symlink(folder.join("file"), folder.join("link")).expect("a link");
    folder
}

fn bound<'lab>(lab: &'lab Lab, source: &str, at: &str, options: &str) -> Container<'lab> {
    let source = folder(lab).join(source);
    lab.container("web").mount("bind", source.to_str().expect("a path of the lab"), at, options)
}

#[test]
fn a_link_is_copied_mounted_or_followed() {
    if !lab::is_nagaya() {
        return; // They are crun's.
    }
    for user in [false, true] {
        let lab = Lab::new();
        let text = folder(&lab).join("file").display().to_string();
        let see = |source: &str, options: &str, script: &str| {
            let web = bound(&lab, source, "/work/there", options);
            let _ = fs::remove_file(web.rootfs().join("work/there"));
            web.edit(|config| {
                if user {
                    config["linux"]["namespaces"]
                        .as_array_mut()
                        .expect("a list")
                        .push(json!({"type": "user"}));
                    let map = json!([{"containerID": 0, "hostID": 0, "size": 1000}]);
                    (config["linux"]["uidMappings"], config["linux"]["gidMappings"]) = (map.clone(), map);
                }
            })
            .see(script)
        };
        let look =
            "readlink /work/there || cat /work/there; grep -c ' /work/there ' /proc/self/mountinfo; true";
        assert_eq!(see("link", "bind,copy-symlink", look), format!("{text}\n0\n"));
        assert_eq!(see("link", "bind,src-nofollow", look), format!("{text}\n1\n"));
        // The controls: without them it is what it leads to, and what is no link is as ever.
        assert_eq!(see("link", "bind", look), "from the host\n1\n");
        assert_eq!(see("file", "bind,copy-symlink", look), "from the host\n1\n");
        assert_eq!(see("file", "bind,src-nofollow", look), "from the host\n1\n");
    }
}

#[test]
fn a_link_is_not_copied_over_something_else() {
    if !lab::is_nagaya() {
        return; // It is crun's.
    }
    let lab = Lab::new();
    let text = folder(&lab).join("file");
    let there = |make: &dyn Fn(PathBuf)| {
        let web = bound(&lab, "link", "/work/there", "bind,copy-symlink").sh("readlink /work/there");
        let place = web.rootfs().join("work/there");
        let _ = fs::remove_file(&place);
        make(place);
        (web.nonce(), web.run())
    };
    let (_, other) = there(&|place| symlink("/etc/passwd", place).expect("a link"));
    other.refused(&["destination", "file exists"]);
    let (_, file) = there(&|place| fs::write(place, "").expect("a file"));
    file.refused(&["destination", "file exists"]);
    let (nonce, same) = there(&|place| symlink(&text, place).expect("a link"));
    assert_eq!(same.ok(), format!("{nonce}\n{}\n", text.display()));
}

#[test]
fn a_link_in_the_place_of_a_mount_is_covered_or_followed() {
    if !lab::is_nagaya() {
        return; // It is crun's.
    }
    let lab = Lab::new();
    let see = |options: &str| {
        let web = bound(&lab, "file", "/work/link", options);
        let work = web.rootfs().join("work");
        fs::write(work.join("target"), "from the root folder\n").expect("a file");
        let _ = fs::remove_file(work.join("link"));
        symlink("target", work.join("link")).expect("a link");
        web.see("cat /work/link /work/target")
    };
    assert_eq!(see("bind,dest-nofollow"), "from the host\nfrom the root folder\n");
    assert_eq!(see("bind"), "from the host\nfrom the host\n");
}

#[test]
fn ids_can_be_said_in_one_word() {
    if !lab::is_nagaya() {
        return; // It is crun's.
    }
    let lab = Lab::new();
    let see = |option: &str| {
        let web = bound(&lab, "", "/data", &format!("bind,{option}"));
        fs::create_dir_all(web.rootfs().join("data")).expect("a place to mount on");
        let web = web.edit(|config| {
            config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "user"}));
            let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65_536}]);
            (config["linux"]["uidMappings"], config["linux"]["gidMappings"]) = (map.clone(), map);
        });
        web.sh("stat -c %u:%g /data/file")
    };
    let seen = |option: &str| {
        let web = see(option);
        web.after_nonce(&web.run().ok())
    };
    assert_eq!(seen("idmap=uids=0-100003-1;gids=0-100004-1"), "3:4\n");
    assert_eq!(seen("ridmap=uids=@0-5-1#1-1-1;gids=@0-6-1"), "5:6\n");
    for wrong in ["idmap=uids=@0-65536-1;gids=@0-0-1", "idmap=uids=0-1", "idmap=uids=0-1-1"] {
        see(wrong).run().refused(&["options", "in `idmap="]);
    }
}

#[test]
fn features_names_them_all() {
    if !lab::is_nagaya() {
        return; // They are crun's.
    }
    let lab = Lab::new();
    let features: serde_json::Value =
        serde_json::from_str(&lab.runtime(["features"]).output().ok()).expect("features are JSON");
    for word in ["remount", "copy-symlink", "src-nofollow", "dest-nofollow", "idmap", "ridmap"] {
        assert!(features["mountOptions"].as_array().expect("a list").contains(&json!(word)), "{word}");
    }
}
