//! Bind mounts whose files are shown under other ids, and those that are shared with the host.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use lab::{Container, Lab};
use serde_json::{Value, json};

/// A folder of the host with a file of root's in it, that everybody may write to.
fn folder(lab: &Lab) -> PathBuf {
    let folder = lab.folder().join("data");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("file"), "hello\n").expect("a file");
    folder
}

fn mapping(container: u32, host: u32, size: u32) -> Value {
    json!([{ "containerID": container, "hostID": host, "size": size }])
}

/// A bind of the folder on `/data`, with more fields.
fn bound<'a>(lab: &'a Lab, options: &[&str], fields: &[(&str, Value)]) -> Container<'a> {
    let source = lab.folder().join("data");
    let mut mount = json!({ "destination": "/data", "type": "bind", "source": source, "options": options });
    for (name, value) in fields {
        mount[*name] = value.clone();
    }
    lab.container("web").edit(|config| config["mounts"].as_array_mut().expect("a list").push(mount))
}

const LOOK: &str = "stat -c %u:%g /data/file; cat /data/file";

#[test]
fn files_are_shown_under_the_ids_that_were_asked_for() {
    let lab = Lab::new();
    let data = folder(&lab);
    let maps = [("uidMappings", mapping(0, 1000, 1)), ("gidMappings", mapping(0, 2000, 1))];
    for options in [&["bind"][..], &["bind", "idmap"], &["rbind", "ridmap"]] {
        assert_eq!(bound(&lab, options, &maps).see(LOOK), "1000:2000\nhello\n", "{options:?}");
    }
    // The control: without mappings they are as they are.
    assert_eq!(bound(&lab, &["bind"], &[]).see(LOOK), "0:0\nhello\n");
    // And back: what the shown user makes belongs to the one on disk.
    let as_user = bound(&lab, &["bind", "idmap"], &maps).edit(|config| {
        config["process"]["user"] = json!({ "uid": 1000, "gid": 2000 });
    });
    assert_eq!(as_user.see("echo new > /data/new && stat -c %u:%g /data/new"), "1000:2000\n");
    let made = fs::metadata(data.join("new")).expect("the file that was made");
    assert_eq!((made.uid(), made.gid()), (0, 0));
}

#[test]
fn mounts_of_one_container_may_show_different_ids() {
    let lab = Lab::new();
    folder(&lab);
    let web =
        [("a", 1000), ("b", 1000), ("c", 2000)].into_iter().fold(lab.container("web"), |web, (name, id)| {
            let source = lab.folder().join("data");
            web.edit(|config| {
                let mount = json!({
                    "destination": format!("/{name}"), "type": "bind", "source": source, "options": ["bind"],
                    "uidMappings": mapping(0, id, 1), "gidMappings": mapping(0, id, 1),
                });
                config["mounts"].as_array_mut().expect("a list").push(mount);
            })
        });
    assert_eq!(web.see("stat -c %u /a/file /b/file /c/file"), "1000\n1000\n2000\n");
}

#[test]
fn without_mappings_the_ids_are_those_of_the_container() {
    let lab = Lab::new();
    folder(&lab);
    let remapped = |options: &[&str]| {
        let web = bound(&lab, options, &[]);
        // The container's root is nobody to the root folder, and could not make it.
        fs::create_dir_all(web.rootfs().join("data")).expect("a place to mount on");
        web.edit(|config| {
            config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({ "type": "user" }));
            config["linux"]["uidMappings"] = mapping(0, 100_000, 65_536);
            config["linux"]["gidMappings"] = mapping(0, 100_000, 65_536);
        })
    };
    assert_eq!(remapped(&["bind", "idmap"]).see(LOOK), "0:0\nhello\n");
    assert_eq!(remapped(&["bind"]).see(LOOK), "65534:65534\nhello\n", "the control");
}

#[test]
fn mappings_that_make_no_sense_are_refused_by_name() {
    let lab = Lab::new();
    folder(&lab);
    let uids = ("uidMappings", mapping(0, 1000, 1));
    let gids = ("gidMappings", mapping(0, 1000, 1));
    let cases = [
        (bound(&lab, &["bind", "idmap"], &[]), ["options", "`idmap` needs mappings"]),
        (bound(&lab, &["bind"], std::slice::from_ref(&uids)), ["gidMappings", "mapped together"]),
        (bound(&lab, &["bind"], std::slice::from_ref(&gids)), ["uidMappings", "mapped together"]),
        (
            bound(&lab, &["bind"], &[("uidMappings", mapping(0, 5, 0)), gids.clone()]),
            ["map the ids", "invalid"],
        ),
        (
            bound(&lab, &["idmap"], &[("type", json!("tmpfs")), uids.clone(), gids.clone()]),
            ["options", "only a bind mount"],
        ),
        (
            bound(&lab, &["rbind", "idmap"], &[("source", json!("/proc")), uids, gids]),
            ["show `/proc`", "cannot"],
        ),
    ];
    for (web, words) in cases {
        let output = web.run();
        output.refused_naming(&words);
        assert!(lab.on_the_machine().is_empty(), "{:?}", lab.on_the_machine());
    }
}

/// The machine's own mounts are never touched: all of it happens in a mount namespace of the test's.
fn mounts_of_the_host_after(lab: &Lab, propagation: &str) -> String {
    let data = lab.folder().join("data");
    let web = bound(lab, &["rbind", propagation], &[])
        .edit(|config| config["linux"]["rootfsPropagation"] = "rshared".into())
        .capabilities(&["CAP_SYS_ADMIN"])
        .sh("mkdir -p /data/in && mount -t tmpfs from-inside /data/in && echo mounted");
    web.save();
    let script = format!(
        "mount -t tmpfs shared {data} && mount --make-rshared {data} && {runtime} --root {state} run --bundle {bundle} {id} &&
         cat /proc/self/mountinfo",
        data = data.display(),
        runtime = lab::runtime().display(),
        state = lab.state_folder().display(),
        bundle = web.bundle().display(),
        id = web.id(),
    );
    let output =
        lab.program("unshare").args(["--mount", "--propagation", "private", "sh", "-ec", &script]).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("mounted\n"), "{output:?}");
    output.stdout
}

#[test]
fn what_is_mounted_in_a_shared_folder_appears_on_the_host() {
    let lab = Lab::new();
    folder(&lab);
    assert!(mounts_of_the_host_after(&lab, "rshared").contains("from-inside"));
    // The control: a slave hears, and does not speak.
    assert!(!mounts_of_the_host_after(&lab, "rslave").contains("from-inside"));
}
