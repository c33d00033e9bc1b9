//! The root folder, mounts, devices, and paths that are hidden or can only be read.

use std::fs;
use std::process::Command;

use lab::Lab;
use serde_json::json;

/// The line of `/proc/self/mountinfo` for a mount point: the last one counts.
#[track_caller]
fn line<'a>(table: &'a str, point: &str) -> &'a str {
    let mut lines = table.lines().filter(|line| line.split(' ').nth(4) == Some(point));
    lines.next_back().unwrap_or_else(|| panic!("nothing is mounted on {point}:\n{table}"))
}

/// Its own options, type, source, and its file system's options.
#[track_caller]
fn parts(table: &str, point: &str) -> (Vec<String>, String, Vec<String>) {
    let line = line(table, point);
    let (own, file_system) = line.split_once(" - ").expect("a separator");
    let list = |text: &str| text.split(',').map(String::from).collect::<Vec<_>>();
    let words: Vec<_> = file_system.split(' ').collect();
    (list(own.split(' ').nth(5).expect("options")), words[0].to_string(), list(words[2]))
}

fn table(lab: &Lab) -> String {
    lab.container("web").see("cat /proc/self/mountinfo")
}

#[track_caller]
fn has(list: &[String], wanted: &str) {
    for option in wanted.split(',') {
        assert!(list.iter().any(|have| have == option), "no {option} in {list:?}");
    }
}

#[test]
fn all_mounts_of_a_usual_config() {
    let lab = Lab::new();
    let table = table(&lab);
    let expected = [
        ("/proc", "proc", "rw"),
        ("/dev", "tmpfs", "rw,nosuid"),
        ("/dev/pts", "devpts", "rw,nosuid,noexec"),
        ("/dev/shm", "tmpfs", "rw,nosuid,nodev,noexec"),
        ("/dev/mqueue", "mqueue", "rw,nosuid,nodev,noexec"),
        ("/sys", "sysfs", "ro,nosuid,nodev,noexec"),
        // runc leaves this one writable; what is in it is not.
        (
            "/sys/fs/cgroup",
            "tmpfs",
            if lab::is_nagaya() { "ro,nosuid,nodev,noexec" } else { "nosuid,nodev,noexec" },
        ),
        ("/sys/fs/cgroup/memory", "cgroup", "ro,nosuid,nodev,noexec"),
    ];
    for (point, kind, options) in expected {
        let (own, is, _) = parts(&table, point);
        assert_eq!(is, kind, "{point}");
        has(&own, options);
    }
    let (_, _, pts) = parts(&table, "/dev/pts");
    has(&pts, "gid=5,mode=620,ptmxmode=666");
    let (_, _, dev) = parts(&table, "/dev");
    has(&dev, "size=65536k,mode=755");
}

/// On cgroup v1 a container sees its own cgroup as the root of each controller.
#[test]
fn the_containers_cgroup_is_what_is_mounted() {
    let lab = Lab::new();
    let web = lab.container("web");
    let id = web.id().to_string();
    let seen = web.see("cat /proc/self/mountinfo; echo $(cat /sys/fs/cgroup/pids/cgroup.procs) end");
    let source = line(&seen, "/sys/fs/cgroup/pids").split(' ').nth(3).unwrap().to_string();
    assert!(source.contains(&id) || source == "/", "{source}");
    assert!(seen.lines().last().unwrap().starts_with("1 "), "{seen}");
}

#[test]
fn the_root_is_private_and_read_only_when_asked() {
    let lab = Lab::new();
    let script = "cat /proc/self/mountinfo; touch /x 2>&1 || echo cannot";
    let seen = lab.container("ro").see(script);
    assert!(seen.contains("Read-only file system\ncannot"), "{seen}");
    has(&parts(&seen, "/").0, "ro");
    assert!(!line(&seen, "/").contains("shared:"), "{seen}");
    let seen = lab.container("rw").writable().see(script);
    assert!(!seen.contains("cannot"), "{seen}");
    has(&parts(&seen, "/").0, "rw");
}

#[test]
fn default_devices_and_links() {
    let lab = Lab::new();
    let script = "cd /dev; stat -c '%n %F %t:%T %a' null zero full random urandom tty
                  for link in fd stdin stdout stderr ptmx; do echo $link $(readlink $link); done";
    let expected = "null character special file 1:3 666
zero character special file 1:5 666
full character special file 1:7 666
random character special file 1:8 666
urandom character special file 1:9 666
tty character special file 5:0 666
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx
";
    assert_eq!(lab.container("web").see(script), expected);
}

#[test]
fn default_devices_work_and_others_do_not() {
    let lab = Lab::new();
    let web = lab.container("web").capabilities(&["CAP_MKNOD"]).writable();
    let seen = web.see(
        "echo x > /dev/null && head -c 3 /dev/zero | od -An -tx1; head -c 1 /dev/urandom | wc -c
         (echo x > /dev/full) 2>&1 || echo full
         mknod /work/mem c 1 1 && (head -c 1 /work/mem) 2>&1 || echo no memory
         mknod /work/disk b 254 0 && (head -c 1 /work/disk) 2>&1 || echo no disk",
    );
    assert!(seen.contains(" 00 00 00\n1\n"), "{seen}");
    for word in ["full", "no memory", "no disk", "Operation not permitted"] {
        assert!(seen.contains(word), "no `{word}` in {seen}");
    }
}

#[test]
fn devices_of_the_config() {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| {
        config["linux"]["devices"] = json!([
            {"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 7, "gid": 8},
            {"type": "p", "path": "/dev/deep/pipe", "fileMode": 0o600},
        ]);
    });
    let seen = web.see("stat -c '%F %t:%T %a %u:%g' /dev/fuse /dev/deep/pipe");
    assert_eq!(seen, "character special file a:e5 640 7:8\nfifo 0:0 600 0:0\n");
}

#[test]
fn masked_paths_are_empty() {
    let lab = Lab::new();
    fs::write(lab.folder().join("note"), "").unwrap();
    let web = lab.container("web").edit(|config| {
        config["linux"]["maskedPaths"] =
            json!(["/proc/cpuinfo", "/proc/keys", "/sys/firmware", "/etc/group", "/nowhere"]);
    });
    let seen = web.see(
        "cat /proc/keys /etc/group | wc -c; stat -c '%F %t:%T' /proc/cpuinfo /etc/group; ls -a /sys/firmware
         touch /sys/firmware/x 2>&1 || echo cannot",
    );
    let expected = "0
character special file 1:3
character special file 1:3
.
..
touch: /sys/firmware/x: Read-only file system
cannot
";
    assert_eq!(seen, expected);
}

#[test]
fn what_is_not_masked_is_there() {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| config["linux"]["maskedPaths"] = json!([]));
    let seen = web.see("stat -c %F /proc/cpuinfo /etc/group; wc -c < /etc/group");
    assert!(!seen.contains("special") && !seen.ends_with("\n0\n"), "{seen}");
}

#[test]
fn read_only_paths_can_only_be_read() {
    let lab = Lab::new();
    let web = lab.container("web").writable().edit(|config| {
        config["linux"]["readonlyPaths"] = json!(["/proc/sys", "/etc", "/nowhere"]);
    });
    let seen = web
        .see("touch /etc/x 2>&1; echo 1 2>&1 > /proc/sys/kernel/msgmax; touch /work/fine; cat /etc/passwd");
    assert_eq!(seen.matches("Read-only file system").count(), 2, "{seen}");
    assert!(seen.contains("root:x:0"), "{seen}");
    let web = lab.container("web").edit(|config| config["linux"]["readonlyPaths"] = json!(["/proc/sys"]));
    let table = web.see("cat /proc/self/mountinfo");
    has(&parts(&table, "/proc/sys").0, "ro");
}

#[test]
fn options_of_a_tmpfs() {
    let lab = Lab::new();
    let web =
        lab.container("web").mount("tmpfs", "mine", "/work", "nosuid,nodev,noexec,size=1m,mode=0711,uid=5");
    let web = web.capabilities(&["CAP_DAC_OVERRIDE"]);
    let seen = web.see(
        "cat /proc/self/mountinfo; stat -c '%a %u' /work; dd if=/dev/zero of=/work/big bs=1M count=2 2>&1
         echo 'echo ran' > /work/program; chmod 755 /work/program; /work/program 2>&1 || true",
    );
    let (own, kind, super_options) = parts(&seen, "/work");
    assert_eq!(kind, "tmpfs");
    has(&own, "rw,nosuid,nodev,noexec");
    has(&super_options, "size=1024k,mode=711,uid=5");
    // runc gives it the mode of the folder below.
    assert!(seen.contains("\n711 5\n") || !lab::is_nagaya(), "{seen}");
    assert!(seen.contains("No space left on device"), "{seen}");
    assert!(!seen.contains("ran"), "{seen}");
}

#[test]
fn a_mount_over_another_hides_it() {
    let lab = Lab::new();
    let web =
        lab.container("web").mount("tmpfs", "one", "/work", "").mount("tmpfs", "two", "/work/in/there", "ro");
    let seen = web.see("cat /proc/self/mountinfo; touch /work/x && touch /work/in/there/x 2>&1 || true");
    has(&parts(&seen, "/work/in/there").0, "ro");
    assert!(seen.contains("Read-only file system"), "{seen}");
}

#[test]
fn a_folder_of_the_host() {
    let lab = Lab::new();
    let shared = lab.folder().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("from-outside"), "hello\n").unwrap();
    let source = shared.to_str().unwrap();
    let seen = lab
        .container("rw")
        .mount("bind", source, "/work/new/folder", "bind")
        .writable()
        .see("cat /work/new/folder/from-outside; echo inside > /work/new/folder/from-inside");
    assert_eq!(seen, "hello\n");
    assert_eq!(fs::read_to_string(shared.join("from-inside")).unwrap(), "inside\n");
    let seen = lab
        .container("ro")
        .mount("none", source, "/work", "rbind,ro,nosuid")
        .see("cat /work/from-outside; touch /work/x 2>&1 || echo cannot; cat /proc/self/mountinfo");
    assert!(seen.starts_with("hello\ntouch: /work/x: Read-only file system\ncannot\n"), "{seen}");
    has(&parts(&seen, "/work").0, "ro,nosuid");
}

#[test]
fn a_file_of_the_host() {
    let lab = Lab::new();
    let file = lab.folder().join("resolv.conf");
    fs::write(&file, "nameserver 10.0.0.1\n").unwrap();
    let web =
        lab.container("web").writable().mount("bind", file.to_str().unwrap(), "/etc/resolv.conf", "bind,ro");
    let seen = web.see("cat /etc/resolv.conf; (echo x > /etc/resolv.conf) 2>&1 || echo cannot");
    assert!(seen.starts_with("nameserver 10.0.0.1\n") && seen.ends_with("cannot\n"), "{seen}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "nameserver 10.0.0.1\n");
}

/// `ro` is for the mount alone, `rro` for all below it. The tree lives in a mount namespace of its own.
#[test]
fn a_tree_of_the_host_read_only_to_the_bottom() {
    let lab = Lab::new();
    let tree = lab.folder().join("tree");
    fs::create_dir_all(tree.join("below")).unwrap();
    let prepare = "mount -t tmpfs none \"$0/below\" && exec \"$@\"";
    for (option, writable_below) in [("ro", true), ("rro", false)] {
        if option == "rro" && !lab::is_nagaya() {
            continue; // runc learned it in 1.2.
        }
        let web = lab
            .container("web")
            .mount("bind", tree.to_str().unwrap(), "/work", &format!("rbind,{option}"))
            .sh("touch /work/x 2>/dev/null || echo top ro
                 touch /work/below/x 2>/dev/null && echo below rw; grep below /proc/mounts");
        let wrapper =
            ["unshare", "-m", "--propagation", "private", "sh", "-c", prepare, tree.to_str().unwrap()];
        let seen = web.after_nonce(&web.call("run", &[]).under(wrapper).output().ok());
        assert!(seen.contains("top ro") && seen.contains("/work/below tmpfs"), "{seen}");
        assert_eq!(seen.contains("below rw"), writable_below, "{option}: {seen}");
    }
}

#[test]
fn a_bind_alone_leaves_out_what_is_mounted_below() {
    let lab = Lab::new();
    let tree = lab.folder().join("tree");
    fs::create_dir_all(tree.join("below")).unwrap();
    let prepare = "mount -t tmpfs none \"$0/below\" && touch \"$0/below/there\" && exec \"$@\"";
    for (option, there) in [("bind", false), ("rbind", true)] {
        let web =
            lab.container("web").mount("bind", tree.to_str().unwrap(), "/work", option).sh("ls /work/below");
        let wrapper =
            ["unshare", "-m", "--propagation", "private", "sh", "-c", prepare, tree.to_str().unwrap()];
        let seen = web.after_nonce(&web.call("run", &[]).under(wrapper).output().ok());
        assert_eq!(seen.contains("there"), there, "{option}: {seen}");
    }
}

#[test]
fn a_mount_that_cannot_be_is_refused_by_name() {
    let lab = Lab::new();
    let cases = [
        ("bind", "/nowhere/at/all", "/work", "bind", "/nowhere/at/all"),
        ("no-such-type", "none", "/work", "", "/work"),
        ("tmpfs", "none", "/work", "size=nonsense", "/work"),
        ("tmpfs", "none", "/etc/passwd", "", "/etc/passwd"),
    ];
    for (kind, source, destination, options, word) in cases {
        let web = lab.container("web").sh("true").mount(kind, source, destination, options);
        let output = web.run();
        assert!(!output.stdout.contains("alive"), "{kind} {source}: {output:?}");
        output.refused(&[word]);
    }
    lab.container("web").mount("tmpfs", "none", "/work", "size=1m").see("true");
}

/// A thousand mounts, and all of them are gone.
#[test]
fn many_mounts() {
    let lab = Lab::new();
    let web = (0..200).fold(lab.container("web"), |web, number| {
        web.mount("tmpfs", "none", &format!("/dev/many/{number}"), "size=4k")
    });
    assert_eq!(web.see("grep -c /dev/many/ /proc/mounts"), "200\n");
}

#[test]
fn propagation_of_the_root() {
    let lab = Lab::new();
    let with =
        |asked: &str| lab.container("web").edit(|config| config["linux"]["rootfsPropagation"] = asked.into());
    for asked in ["private", "rprivate", "slave", "rslave", ""] {
        let seen = with(asked).see("cat /proc/self/mountinfo");
        assert!(!line(&seen, "/").contains("shared:"), "{asked}: {seen}");
    }
    for asked in ["shared", "rshared"] {
        let before = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let seen = with(asked).see("cat /proc/self/mountinfo");
        assert!(line(&seen, "/").contains("shared:"), "{asked}: {seen}");
        // Other tests mount too, but never over what was there.
        let after = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert_eq!(line(&after, "/"), line(&before, "/"), "the machine's own root was touched");
    }
    with("nonsense").run().refused_naming(&["linux.rootfsPropagation"]);
}

#[test]
fn a_tmpfs_begins_with_what_it_covers() {
    let lab = Lab::new();
    let script =
        "cd /data; stat -c '%n %a %u %g %Y' . file sub sub/run; readlink link; cat file sub/run; ls -A";
    let see = |options: &str| {
        let web = lab.container("web").mount("tmpfs", "tmpfs", "/data", options);
        let data = web.rootfs().join("data");
        let make = "mkdir -p data/sub; cd data; echo one > file; echo two > sub/run; chmod 640 file
            chown 5:6 sub/run; chmod 4755 sub/run; ln -s /etc/shadow link; touch -d @1000 file sub/run sub; chmod 1777 .";
        let _ = fs::remove_dir_all(&data);
        let made = Command::new("sh").args(["-ec", make]).current_dir(web.rootfs()).status();
        assert!(made.is_ok_and(|status| status.success()));
        let said = web.sh(&format!("{script}; touch /data/new 2>&1")).run();
        assert!(fs::read(data.join("new")).is_err(), "it wrote to the folder below");
        said.stdout
    };
    let said = see("tmpcopyup,nosuid");
    for line in [
        ". 1777 0 0",
        "file 640 0 0 1000",
        "sub 755 0 0 1000",
        "sub/run 4755 5 6 1000",
        "/etc/shadow",
        "one",
        "two",
    ] {
        assert!(said.contains(line), "no `{line}` in {said}");
    }
    let readonly = see("tmpcopyup,ro");
    assert!(readonly.contains("one\n") && readonly.contains("Read-only file system"), "{readonly}");
    // The control: without the word it is empty; and in both cases it has the folder's mode.
    let empty = see("nosuid");
    assert!(empty.contains(". 1777") && !empty.contains("one"), "{empty}");
    assert!(see("nosuid,mode=700").contains(". 700"));
    let bind = lab.container("web").mount("bind", "/etc", "/data", "bind,tmpcopyup");
    bind.sh("true").run().refused_naming(&["mounts", "tmpcopyup"]);
}

/// The link stays what it is, and what it leads to is made in the root folder.
#[test]
fn a_mount_on_a_link_to_nothing_is_where_the_link_leads() {
    let lab = Lab::new();
    let given = lab.folder().join("given");
    fs::write(&given, "from the host\n").unwrap();
    let web = lab.container("web").mount("bind", given.to_str().unwrap(), "/etc/link", "bind");
    std::os::unix::fs::symlink("../../../nowhere/at/all", web.rootfs().join("etc/link")).unwrap();
    assert_eq!(web.see("cat /etc/link /nowhere/at/all"), "from the host\nfrom the host\n");
    let outside = std::path::Path::new("/nowhere");
    assert!(!outside.exists(), "it was made outside");
}
