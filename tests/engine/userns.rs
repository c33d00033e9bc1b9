//! `--userns`, `--uidmap`, `--gidmap`: root of the container is nobody on this machine, and no file was given to anybody else
//! for that.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use lab::{Canary, Lab, Nagaya, engine, fails};

use crate::volume_kit::WithVolumes;

/// Ids of users in a lab, by the links that stand for them.
fn given(lab: &Lab) -> Vec<String> {
    let all = fs::read_dir(lab.engine_root().join("ids")).into_iter().flatten().flatten();
    all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Both ways to keep layers.
const WAYS: [&str; 2] = ["", "folders"];

#[test]
fn files_belong_to_whom_the_image_says() {
    for way in WAYS {
        let lab = Lab::new();
        lab.image("web", &[]);
        let (name, script) = (
            lab.named("one"),
            "id -u; id -g; stat -c '%u:%g %a' /data /data/file; touch /made; chown 123:456 /made; stat -c %u:%g /made; rm /data/file; \
             echo '192.0.2.1 x' >> /etc/hosts; mkdir /work/d; cat /proc/self/uid_map",
        );
        let call = lab.nagaya(&["run", "--name", &name, "--userns", "auto", "web", "sh", "-c", script]);
        let seen = call.env("NAGAYA_LAYERS", way).output().ok();
        let plain = lab.sh(&[], "web", "stat -c '%u:%g %a' /data /data/file");
        let lines: Vec<_> = seen.lines().collect();
        // The control: the same is seen where root is root.
        assert_eq!(lines[2..4].join("\n") + "\n", plain, "{way}");
        assert_eq!((&lines[..2], lines[4]), (&["0", "0"][..], "123:456"), "{way}: {seen}");
        let outside: u32 = lines[5].split_whitespace().nth(1).expect("an id").parse().expect("a number");
        assert!(outside >= 0x7000_0000 && given(&lab) == [outside.to_string()], "{way}: {seen}");
        // On disk they belong to whom they belong to inside.
        let changes =
            fs::read_dir(lab.engine_root().join("containers")).expect("it").flatten().next().expect("one");
        let upper = changes.path().join("changes/upper");
        let owner =
            |path: &str| fs::metadata(upper.join(path)).map(|meta| (meta.uid(), meta.gid())).expect(path);
        assert_eq!((owner("made"), owner("work/d")), ((123, 456), (0, 0)), "{way}");
        assert_eq!(
            lab.fine(&["diff", &name]),
            "C /data\nD /data/file\nA /made\nC /work\nA /work/d\n",
            "{way}"
        );
        // What was made can be kept, and is an image like others.
        lab.fine(&["commit", &name, "kept"]);
        assert_eq!(
            lab.sh(&[], "kept", "stat -c %u:%g /made; ls /data/file 2>&1 | wc -l"),
            "123:456\n1\n",
            "{way}"
        );
        assert_eq!(lab.sh(&["--userns", "auto"], "kept", "stat -c %u:%g /made"), "123:456\n", "{way}");
        lab.fine(&["rm", &name]);
        assert_eq!(given(&lab), [""; 0], "{way}");
    }
}

/// Whoever gets out is nobody: what is root's alone stays so. The control is root without a user namespace.
#[test]
fn outside_its_root_is_nobody() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let canary = Canary::new(&lab);
    let secret = lab.folder().join("secret");
    fs::write(&secret, "SECRET").expect("a file");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its mode");
    let mount = format!("{}:/host", lab.folder().display());
    let script = "cat /host/secret 2>&1; echo x 2>&1 >> /host/secret; touch /host/made 2>&1; stat -c %u /host/secret; true";
    let seen = lab.sh(&["--userns", "auto", "-v", &mount], "web", script);
    assert!(!seen.contains("SECRET") && seen.matches("ermission denied").count() >= 2, "{seen}");
    assert!(seen.ends_with("65534\n") && !lab.folder().join("made").exists(), "{seen}");
    assert_eq!(fs::read_to_string(&secret).expect("it"), "SECRET");
    let control = lab.sh(&["-v", &mount], "web", script);
    assert!(control.starts_with("SECRET") && lab.folder().join("made").exists(), "{control}");
    canary.unharmed();
    // The process, as the machine sees it.
    let name = lab.named("one");
    lab.fine(&[
        "run",
        "-d",
        "--name",
        &name,
        "--userns",
        "auto",
        "--stop-timeout",
        "0",
        "web",
        "sleep",
        "1000",
    ]);
    let pid = lab.fine(&["inspect", "-f", "{{.State.Pid}}", &name]);
    let owner = fs::metadata(format!("/proc/{}", pid.trim())).expect("its process").uid();
    assert!(owner >= 0x7000_0000, "{owner}");
    assert_ne!(lab::namespace_of(pid.trim(), "user"), lab::namespace_of("self", "user"));
    assert_eq!(lab.fine(&["inspect", "-f", "{{.HostConfig.UsernsMode}}", &name]), "auto\n");
    lab.fine(&["rm", "-f", &name]);
}

#[test]
fn a_life_of_one() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let name = lab.named("one");
    let options = ["--userns", "auto", "-v", "db:/data", "--tmpfs", "/t", "--memory", "64m", "--init"];
    let run = [&["run", "-d", "--name", &name][..], &options, &["web", "sleep", "1000"]].concat();
    lab.fine(&run);
    let exec = |words: &[&str]| {
        lab.fine(
            &[&["exec"][..], words, &[&name, "sh", "-c"]]
                .concat()
                .iter()
                .copied()
                .chain(["id -u; touch /data/$(id -u) 2>&1; stat -c %u:%g /data/file /t"])
                .collect::<Vec<_>>(),
        )
    };
    // A volume begins with what the image has, and belongs to the same.
    let plain = lab.sh(&[], "web", "stat -c %u:%g /data/file");
    assert_eq!(exec(&[]), format!("0\n{plain}0:0\n"));
    assert!(exec(&["-u", "123"]).starts_with("123\n"));
    assert_eq!(fs::metadata(lab.data("db").join("0")).expect("it").uid(), 0);
    lab.fine(&["exec", &name, "sh", "-c", "echo kept > /work/file; chown 5:6 /work/file"]);
    // Into it and out of it, while it runs and while it does not.
    let (here, out) = (lab.folder().join("here"), lab.folder().join("out"));
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("private"), "of root").expect("a file");
    fs::set_permissions(here.join("private"), fs::Permissions::from_mode(0o600)).expect("its mode");
    let copy = |from: &str, to: &str| lab.fine(&["cp", from, to]);
    let path = |path: &std::path::Path| path.display().to_string();
    copy(&path(&here), &format!("{name}:/work/"));
    assert_eq!(lab.fine(&["exec", &name, "stat", "-c", "%u:%g %a", "/work/here/private"]), "0:0 600\n");
    copy(&format!("{name}:/work/here"), &path(&out));
    assert_eq!(fs::read_to_string(out.join("private")).expect("it"), "of root");
    lab.fine(&["cp", "-a", &format!("{name}:/work/file"), &path(&out)]);
    assert_eq!(fs::metadata(out.join("file")).expect("it").uid(), 5);
    let nowhere = lab.nagaya(&["cp", &format!("{name}:/nowhere"), &path(&out)]).output();
    fails(nowhere, 1, &["Could not find the file /nowhere"]);
    fails(
        lab.nagaya(&["cp", &path(&here), &format!("{name}:/no/where/")]).output(),
        1,
        &["copy into container"],
    );
    lab.fine(&["stop", "-t", "0", &name]);
    copy(&path(&here.join("private")), &format!("{name}:/work/stopped"));
    lab.fine(&["start", &name]);
    assert_eq!(lab.fine(&["exec", &name, "stat", "-c", "%u:%g", "/work/stopped"]), "0:0\n");
    assert_eq!(lab.fine(&["exec", &name, "stat", "-c", "%u:%g", "/work/file"]), "5:6\n");
    // A device under another name.
    let device = ["--userns", "auto", "--device", "/dev/zero:/dev/other:r"];
    assert_eq!(lab.sh(&device, "web", "head -c 3 /dev/other | od -An -tx1"), " 00 00 00\n");
    // Another one has other ids, and the same volume.
    let other = lab.sh(
        &["--userns", "auto", "-v", "db:/data"],
        "web",
        "stat -c %u:%g /data/file; cat /proc/self/uid_map",
    );
    let own = lab.fine(&["exec", &name, "cat", "/proc/self/uid_map"]);
    assert!(other.starts_with(&plain) && !other.ends_with(&own), "{other} {own}");
    // A tar of it has the owners inside.
    let export = format!(
        "{} --root {} export {name} | tar -tvn --numeric-owner | grep work/file",
        engine().display(),
        lab.engine_root().display()
    );
    assert!(lab.program("sh").args(["-c", &export]).output().ok().contains(" 5/6 "), "export");
    lab.fine(&["rm", "-f", &name]);
    lab.fine(&["volume", "rm", "db"]);
    assert_eq!(given(&lab), [""; 0]);
}

#[test]
fn ids_that_somebody_says() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let map = "cat /proc/self/uid_map /proc/self/gid_map | sed 's/  */ /g'";
    let options = ["--uidmap", "0:200000:500", "--uidmap", "500:300000:10", "--gidmap", "0:400000:600"];
    let seen = lab.sh(&options, "web", map);
    assert_eq!(seen, " 0 200000 500\n 500 300000 10\n 0 400000 600\n");
    assert_eq!(lab.sh(&["--uidmap", "0:200000:600"], "web", map), " 0 200000 600\n 0 200000 600\n");
    let refused = |options: &[&str], words: &[&str]| {
        let call = lab.nagaya(&["run", "--rm", "--name", &lab.named("once")]);
        fails(call.args(options).args(["web", "true"]).output(), 125, words);
    };
    refused(&["--uidmap", "0:200000:100", "-u", "123"], &["has no user 123"]);
}

#[test]
fn what_cannot_be_both() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let refused = |options: &[&str], image: &str, words: &[&str]| {
        let call = lab.nagaya(&["run", "--rm", "--name", &lab.named("once"), "--userns", "auto"]);
        fails(call.args(options).args([image, "true"]).output(), 125, words);
        assert_eq!(given(&lab), [""; 0], "{options:?}");
    };
    refused(&["--privileged"], "web", &["privileged mode is incompatible with user namespaces"]);
    refused(&["--network", "host"], "web", &["cannot share the host's network namespace"]);
    refused(&["--pid", "host"], "web", &["cannot share the host PID namespace"]);
    refused(&["--uidmap", "0:1:2"], "web", &["contradict each other"]);
    refused(&["--mount", "type=image,source=web,target=/x"], "web", &["type=image"]);
    refused(&[], "host", &["it takes an image"]);
}
