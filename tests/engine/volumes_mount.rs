//! `--mount` and `--tmpfs`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use lab::{Lab, Nagaya, fails};

use crate::volume_kit::WithVolumes;

/// Has a tmpfs of its own below a folder, in a mount namespace of its own; `shared` is how that is.
fn with_one_below<'a>(folder: &'a str, shared: &'a str) -> [&'a str; 9] {
    let script = "d=$1; p=$2; shift 2; mount --make-rprivate / && mount -t tmpfs top \"$d\" && mount --make-\"$p\" \"$d\" && \
                  mkdir \"$d/below\" && mount -t tmpfs inner \"$d/below\" && mount --make-\"$p\" \"$d/below\" && exec \"$@\"";
    ["unshare", "--mount", "sh", "-ec", script, "sh", folder, shared, "env"]
}

#[test]
fn a_missing_source_is_an_error_unless_it_is_to_be_made() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let missing = lab.folder().join("missing");
    let mount = format!("type=bind,src={},dst=/x", missing.display());
    let said = format!("bind source path does not exist: {}", missing.display());
    let never = lab.folder().join("never");
    let bind = format!("{}:/y", never.display());
    fails(lab.try_sh(&["-v", &bind, "--mount", &mount], "web", "true"), 125, &[&said]);
    assert!(!missing.exists() && !never.exists(), "something was made for what was refused");
    let explained = lab.nagaya(&["explain", "run", "--mount", &mount, "web", "true"]).output();
    fails(explained, 1, &[&said]);
    lab.sh(&["--mount", &(mount.clone() + ",bind-create-src")], "web", "echo x > /x/file");
    assert!(missing.join("file").exists());
    // The control: now that it is there.
    assert_eq!(
        lab.sh(&["--mount", &(mount + ",readonly")], "web", "cat /x/file; touch /x/y 2>/dev/null || echo no"),
        "x\nno\n"
    );
}

#[test]
fn what_is_below_is_as_it_was_asked_for() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let folder = lab.folder().join("top");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("a path");
    let script = "touch /x/a 2>/dev/null && echo top || echo -; touch /x/below/a 2>/dev/null && echo below || echo -; grep -c ' /x/below ' /proc/self/mountinfo; true";
    for (keys, seen) in [
        ("", "top below 1"),
        (",readonly", "- - 1"),
        (",readonly,bind-recursive=readonly", "- - 1"),
        (",readonly,bind-recursive=writable", "- below 1"),
        (",bind-recursive=disabled", "top below 0"),
        (",readonly,bind-recursive=disabled", "- - 0"),
    ] {
        let mount = format!("type=bind,src={folder},dst=/x{keys}");
        let call = lab.nagaya(&[
            "run",
            "--rm",
            "--name",
            &lab.named("once"),
            "--mount",
            &mount,
            "web",
            "sh",
            "-c",
            script,
        ]);
        let said = call.under(with_one_below(folder, "private")).output().ok();
        assert_eq!(said.split_whitespace().collect::<Vec<_>>().join(" "), seen, "{keys}");
    }
}

#[test]
fn how_later_mounts_are_shared() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let folder = lab.folder().join("top");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("a path");
    let script = "grep ' /x ' /proc/self/mountinfo | sed 's/ - .*//' | grep -o 'shared:\\|master:' | sort | tr -d '\\n'";
    for (option, seen) in [
        ("rprivate", ""),
        ("private", ""),
        ("rslave", "master:"),
        ("slave", "master:"),
        ("rshared", "shared:"),
        ("shared", "shared:"),
    ] {
        let mount = format!("type=bind,src={folder},dst=/x,bind-propagation={option}");
        let short = format!("{folder}:/x:{option}");
        for words in [["--mount", &mount], ["-v", &short]] {
            let call = lab
                .nagaya(&["run", "--rm", "--name", &lab.named("once")])
                .args(words)
                .args(["web", "sh", "-c", script]);
            assert_eq!(call.under(with_one_below(folder, "shared")).output().ok(), seen, "{words:?}");
        }
    }
}

#[test]
fn what_is_not_shared_cannot_be_shared_with_a_container() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let folder = lab.folder().join("top");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("a path");
    for (option, words) in [("rshared", "not a shared mount"), ("slave", "not a shared or slave mount")] {
        let bind = format!("{folder}:/x:{option}");
        let call = lab.nagaya(&["run", "--rm", "--name", &lab.named("once"), "-v", &bind, "web", "true"]);
        let said = format!("path {folder} is mounted on {folder} but it is {words}");
        fails(call.under(with_one_below(folder, "private")).output(), 125, &[&said]);
    }
}

#[test]
fn memory() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let script = "stat -c %a /x; grep ' /x ' /proc/self/mountinfo | cut -d' ' -f6,9-; touch /x/y 2>/dev/null || echo no; true";
    let long = "type=tmpfs,dst=/x,tmpfs-size=64k,tmpfs-mode=1770";
    let seen = lab.sh(&["--mount", long], "web", script);
    assert!(seen.starts_with("1770\nrw,nosuid,nodev,noexec") && seen.contains("size=64k"), "{seen}");
    let seen = lab.sh(&["--mount", &format!("{long},readonly")], "web", script);
    assert!(seen.ends_with("no\n"), "{seen}");
    let seen = lab.sh(&["--tmpfs", "/x:exec,size=1m,mode=700"], "web", script);
    assert!(seen.starts_with("700\nrw,nosuid,nodev,relatime") && seen.contains("size=1024k"), "{seen}");
    // As the folder that it covers.
    assert_eq!(lab.sh(&["--tmpfs", "/tmp"], "web", "stat -c %a /tmp"), "1777\n");
    let full = lab.sh(&["--mount", long], "web", "head -c 100000 /dev/zero > /x/big; true");
    assert_eq!(full, "");
}

#[test]
fn files_belong_to_who_ran_the_command() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let folder = lab.folder().join("mine");
    fs::create_dir(&folder).expect("a folder");
    std::os::unix::fs::chown(&folder, Some(4321), Some(8765)).expect("an owner");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a mode");
    let run = |name: &str, keys: &str, user: &str| {
        let mount = format!("type=bind,src={},dst=/x{keys}", folder.display());
        let script = format!("stat -c '%u %g' /x; echo hello > /x/{name} && stat -c '%u %g' /x/{name}");
        let call = lab.nagaya(&[
            "run",
            "--rm",
            "--name",
            &lab.named("once"),
            "-u",
            user,
            "--mount",
            &mount,
            "web",
            "sh",
            "-c",
        ]);
        let output = call.arg(script).env("SUDO_UID", "4321").env("SUDO_GID", "8765").output();
        let made = fs::metadata(folder.join(name)).map(|made| (made.uid(), made.gid())).ok();
        (output, made)
    };
    // Inside it is the container's user, outside the person.
    for user in ["0", "1000"] {
        let (output, made) = run(&format!("as{user}"), ",idmap=match-user", user);
        let group = if user == "0" { 0 } else { 1000 };
        assert_eq!(output.ok(), format!("{user} {group}\n{user} {group}\n"));
        assert_eq!(made, Some((4321, 8765)), "as {user}");
    }
    // The control: without it they are root's, and somebody else may not write there at all.
    assert_eq!(run("plain", "", "0").1, Some((0, 0)));
    let (output, made) = run("other", "", "1000");
    assert!(output.code != 0 && made.is_none(), "{output:?}");
}

/// What an ordinary user's container makes as root is that user's already.
#[test]
fn an_ordinary_user_needs_no_other_ids() {
    let lab = Lab::new();
    lab::for_ordinary_user(&lab);
    let root = lab.rootfs("root");
    let mine = lab.folder().join("mine");
    fs::create_dir(&mine).expect("a folder");
    for path in [&root, &mine] {
        std::os::unix::fs::chown(path, Some(lab::ORDINARY_USER), Some(lab::ORDINARY_USER)).expect("an owner");
    }
    let mount = format!("type=bind,src={},dst=/tmp,idmap=match-user", mine.display());
    let call = lab.nagaya(&[
        "run",
        "--rm",
        "--name",
        &lab.named("once"),
        "--mount",
        &mount,
        "-v",
        "db:/run",
        "--rootfs",
    ]);
    let call = call.arg(&root).args(["sh", "-c", "echo x > /tmp/file; echo y > /run/file; id -u"]);
    assert_eq!(call.user(lab::ORDINARY_USER).output().ok(), "0\n");
    assert_eq!(fs::metadata(mine.join("file")).expect("a file").uid(), lab::ORDINARY_USER);
    assert_eq!(fs::read_to_string(lab.data("db").join("file")).expect("a file"), "y\n");
    lab.nagaya(&["volume", "rm", "db"]).user(lab::ORDINARY_USER).output().ok();
    assert_eq!(lab.in_volumes(), [""; 0]);
}

#[test]
fn what_is_refused_is_refused_by_name() {
    let lab = Lab::new();
    lab.image("web", &[]);
    for (words, said) in [
        (["-v", "/a:/b:U"], "`U`"),
        (["-v", "/a:/b:O"], "`O`"),
        (["-v", "/b:ro"], "invalid volume specification: '/b:ro'"),
        (["--mount", "type=bind,src=/a"], "field Target must not be empty"),
        (
            ["--mount", "type=bind,src=/a,dst=/b,volume-nocopy"],
            "cannot mix 'volume-*' options with mount type 'bind'",
        ),
        (["--mount", "type=cluster,src=a,dst=/b"], "cluster"),
        (["--tmpfs", "/x:nope"], "Invalid tmpfs option"),
        (["--volume-driver", "nope"], "plugin \"nope\" not found"),
    ] {
        fails(lab.try_sh(&words, "web", "true"), 125, &[said]);
    }
    // Without SELinux, labels are nothing to be done.
    if !std::path::Path::new("/sys/fs/selinux/enforce").exists() {
        assert_eq!(lab.sh(&["-v", "db:/x:z"], "web", "echo fine"), "fine\n");
    }
    assert_eq!(lab.sh(&["-v", "db:/x"], "web", "echo fine"), "fine\n");
    fails(lab.try_sh(&["-v", "db:/x", "--tmpfs", "/x"], "web", "true"), 125, &["Duplicate mount point: /x"]);
}

#[test]
fn the_steps_say_what_becomes_of_a_volume() {
    let lab = Lab::new();
    lab.image("web", &[]);
    let steps = lab.fine(&["explain", "run", "-v", "db:/data", "web", "true"]);
    assert!(steps.contains("copy what `/data` holds to `") && steps.contains("if that is empty"), "{steps}");
    assert_eq!(lab.in_volumes(), [""; 0], "explain makes nothing");
    let traced = lab
        .nagaya(&["run", "--rm", "--name", &lab.named("once"), "--trace", "-v", "db:/data", "web", "true"])
        .output();
    assert!(traced.stderr.contains("copy what `/data` holds"), "{traced:?}");
}
