//! `volume ...`, and what other commands say of volumes.

use std::fs;

use lab::{Lab, Nagaya, fails};
use serde_json::Value;

use crate::volume_kit::WithVolumes;

#[test]
fn commands_say_what_docker_says() {
    let lab = Lab::new();
    lab.image("web", &[]);
    assert_eq!(lab.fine(&["volume", "create", "--label", "tier=back", "--label", "plain", "db"]), "db\n");
    assert_eq!(lab.fine(&["volume", "create", "db"]), "db\n", "once more is no error");
    let id = lab.fine(&["volume", "create"]);
    assert_eq!(id.trim().len(), 64);
    let format = "{{.Name}} {{.Driver}} {{.Labels}} {{.Scope}}";
    let named = lab.fine(&["volume", "ls", "--format", format, "-f", "name=db"]);
    assert!(named.lines().any(|line| line == "db local plain=,tier=back local"), "{named}");
    // A part of a name is enough, and an id may have it too.
    assert_eq!(named.lines().count(), 1 + usize::from(id.contains("db")), "{named}");
    assert_eq!(lab.fine(&["volume", "ls", "-qf", "label=tier=back"]), "db\n");
    assert!(lab.fine(&["volume", "ls"]).starts_with("DRIVER    VOLUME NAME\nlocal     "));
    let shown: Value = serde_json::from_str(&lab.fine(&["volume", "inspect", "db"])).expect("JSON");
    assert_eq!(shown[0]["Mountpoint"], lab.data("db").display().to_string());
    assert_eq!((&shown[0]["Labels"]["tier"], &shown[0]["Options"]), (&"back".into(), &Value::Null));
    assert_eq!(lab.fine(&["volume", "inspect", "-f", "{{.Name}}:{{.Driver}}", "db"]), "db:local\n");
    let missing = lab.nagaya(&["volume", "inspect", "nope"]).output();
    assert_eq!(missing.stdout, "[]\n");
    fails(missing, 1, &["get nope: no such volume"]);
    for (words, said) in [
        (&["a"][..], "volume name is too short"),
        (&["a/b"], "includes invalid characters for a local volume name"),
        (&["-d", "nope", "ab"], "error looking up volume plugin nope: plugin \"nope\" not found"),
        (&["-o", "nope=1", "ab"], "invalid option: \"nope\""),
        (&["-o", "type=tmpfs", "ab"], "missing required option: \"device\""),
    ] {
        fails(lab.nagaya(&["volume", "create"]).args(words).output(), 1, &[said]);
    }
    lab.sh(&["-v", "db:/x"], "web", "head -c 5000 /dev/zero > /x/big");
    let web = lab.named("web");
    lab.fine(&["create", "--name", &web, "-v", "db:/x", "web", "true"]);
    assert_eq!(lab.fine(&["volume", "ls", "-qf", "dangling=true"]), id);
    let df = lab.fine(&["system", "df"]);
    let line = df.lines().find(|line| line.starts_with("Local Volumes")).expect("a line").to_string();
    let cells: Vec<_> = line.split_whitespace().skip(2).collect();
    assert_eq!(cells[..2], ["2", "1"], "{line}");
    assert!(cells[2].ends_with("kB"), "{line}");
    assert!(lab.fine(&["system", "df", "-v"]).contains("VOLUME NAME"));
    // Those without a name only, unless all are meant.
    lab.fine(&["rm", &web]);
    assert_eq!(
        lab.fine(&["system", "prune", "-f", "--volumes"]).lines().take(2).collect::<Vec<_>>(),
        ["Deleted Volumes:", id.trim()]
    );
    assert_eq!(lab.in_volumes(), ["db"]);
    lab.fine(&["volume", "prune", "-f", "-a", "--filter", "label!=tier"]);
    assert_eq!(lab.in_volumes(), ["db"]);
    assert!(lab.fine(&["volume", "prune", "-f", "-a"]).starts_with("Deleted Volumes:\ndb\n"));
    assert_eq!(lab.in_volumes(), [""; 0]);
}

#[test]
fn the_local_driver_mounts_what_its_options_say() {
    let lab = Lab::new();
    lab.image("web", &[]);
    lab.fine(&[
        "volume",
        "create",
        "-o",
        "type=tmpfs",
        "-o",
        "device=tmpfs",
        "-o",
        "o=size=64k,uid=9,mode=700",
        "memory",
    ]);
    let seen = lab.sh(
        &["-v", "memory:/x"],
        "web",
        "stat -c '%u %a' /x; grep ' /x ' /proc/self/mountinfo | grep -o 'size=64k'; echo lost > /x/y",
    );
    assert_eq!(seen, "9 700\nsize=64k\n");
    assert!(fs::read_dir(lab.data("memory")).expect("a folder").next().is_none());
    let folder = lab.folder().join("folder");
    fs::create_dir(&folder).expect("a folder");
    let device = format!("device={}", folder.display());
    lab.fine(&["volume", "create", "-o", "type=none", "-o", &device, "-o", "o=bind", "bound"]);
    lab.sh(&["-v", "bound:/x"], "web", "echo kept > /x/file");
    assert_eq!(fs::read_to_string(folder.join("file")).expect("a file"), "kept\n");
    // What is gone when it is wanted is an error of the mount, by name.
    fs::remove_dir_all(&folder).expect("a folder");
    fails(lab.try_sh(&["-v", "bound:/x"], "web", "true"), 125, &["mounts[", "folder"]);
    let mount = "type=volume,src=made,dst=/x,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-label=a=b";
    lab.sh(&["--mount", mount], "web", "grep -q ' /x .* tmpfs ' /proc/self/mountinfo");
    assert_eq!(
        lab.fine(&["volume", "inspect", "-f", "{{.Options.type}} {{.Labels.a}}", "made"]),
        "tmpfs b\n"
    );
}
