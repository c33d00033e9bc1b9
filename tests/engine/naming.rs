//! How programs of a container resolve names: the three files, and the options that change them.

use std::fs;

use lab::{Lab, Nagaya, Output, engine, fails};

/// Lines that a resolver reads.
fn lines(text: &str) -> Vec<String> {
    let read = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    read.map(String::from).collect()
}

#[test]
fn hosts_has_what_was_asked_for() {
    let lab = Lab::new();
    let options = ["--hostname", "web", "--add-host", "db:192.0.2.7", "--add-host", "v6=[2001:db8::7]"];
    let seen = lab.see(&options, "cat /etc/hosts; cat /etc/hostname; grep -c localhost /etc/hosts");
    assert!(seen.starts_with("127.0.0.1\tlocalhost\n::1\tlocalhost "), "{seen}");
    assert!(seen.ends_with("192.0.2.7\tdb\n2001:db8::7\tv6\nweb\n2\n"), "{seen}");
}

#[test]
fn resolv_conf_has_what_was_asked_for() {
    let lab = Lab::new();
    let options = ["--dns", "192.0.2.53", "--dns", "2001:db8::53", "--dns-search", "a.example"];
    let options =
        [&options[..], &["--dns-search", "b.example", "--dns-opt", "ndots:2", "--dns-option", "rotate"]]
            .concat();
    let expected = [
        "nameserver 192.0.2.53",
        "nameserver 2001:db8::53",
        "search a.example b.example",
        "options ndots:2 rotate",
    ];
    assert_eq!(lines(&lab.see(&options, "cat /etc/resolv.conf")), expected);
    // With this machine's network, what was asked for counts as well.
    let options = [&options[..], &["--network", "host"]].concat();
    assert_eq!(lines(&lab.see(&options, "cat /etc/resolv.conf")), expected);
}

/// The files are the container's own: what is written there stays there until its next start, and none of it is this
/// machine's.
#[test]
fn the_files_are_its_own() {
    let lab = Lab::new();
    let own = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"].map(|path| fs::read(path).ok());
    for network in ["none", "host"] {
        let script = "for file in hosts resolv.conf hostname; do echo 6.6.6.6 evil >> /etc/$file; done; tail -n1 /etc/hosts";
        assert_eq!(lab.see(&["--network", network], script), "6.6.6.6 evil\n");
        let after = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"].map(|path| fs::read(path).ok());
        assert!(own == after, "a container has changed the files of this machine");
        // The control: nothing can be written where nothing is to be.
        let script = "(echo x >> /etc/hosts) 2>/dev/null || echo cannot";
        assert_eq!(lab.see(&["--read-only", "--network", network], script), "cannot\n");
    }
    let name = lab.container_name();
    let script = "grep -c evil /etc/hosts; echo 6.6.6.6 evil >> /etc/hosts; exec sleep 1000";
    lab.nagaya(&["run", "-d", "--name", &name, "host", "sh", "-c", script]).output().ok();
    let said = || lab.nagaya(&["logs", &name]).output().stdout.lines().count();
    lab::until("it has started", || said() == 1);
    lab.nagaya(&["restart", "-t", "0", &name]).output().ok();
    lab::until("it has started twice", || said() == 2);
    assert_eq!(lab.nagaya(&["logs", &name]).output().ok(), "0\n0\n");
    let inspect = lab.nagaya(&["inspect", "-f", "{{.HostsPath}}", &name]).output().ok();
    assert!(fs::read_to_string(inspect.trim()).expect("the file").contains("localhost"), "{inspect}");
    lab.nagaya(&["rm", "-f", &name]).output().ok();
    assert!(fs::metadata(inspect.trim()).is_err(), "it goes with the container");
}

#[test]
fn a_mount_of_ones_own_counts_more() {
    let lab = Lab::new();
    let file = lab.folder().join("hosts");
    fs::write(&file, "192.0.2.9 mine\n").expect("a file");
    let volume = format!("{}:/etc/hosts:ro", file.display());
    assert_eq!(lab.see(&["-v", &volume, "--add-host", "x:192.0.2.1"], "cat /etc/hosts"), "192.0.2.9 mine\n");
}

/// Nobody's folder gets files that were not there.
#[test]
fn a_folder_stays_as_it_is() {
    let lab = Lab::new();
    let root = lab.rootfs("root");
    let _ = fs::remove_file(root.join("etc/hosts"));
    fs::write(root.join("etc/resolv.conf"), "own\n").expect("a file");
    let call = lab.run(&["--rootfs"]).arg(&root);
    let seen = call
        .args(["sh", "-c", "ls /etc/hosts 2>/dev/null; grep -c nameserver /etc/resolv.conf"])
        .output()
        .ok();
    assert_ne!(seen, "0\n", "the file that is there is covered");
    assert!(!seen.contains("/etc/hosts"));
    assert!(!root.join("etc/hosts").exists());
    assert_eq!(fs::read_to_string(root.join("etc/resolv.conf")).expect("the file"), "own\n");
}

#[test]
fn what_cannot_be_is_refused_in_dockers_words() {
    let lab = Lab::new();
    let run = |options: &[&str]| -> Output { lab.run(options).args(["host", "true"]).output() };
    for (options, why) in [
        (["--dns", "x"], "IP address is not correctly formatted: x"),
        (["--dns-search", "a b"], "a b is not a valid domain"),
        (["--add-host", "x"], "bad format for add-host: \"x\""),
        (["--add-host", "x:y"], "invalid IP address in add-host: \"y\""),
        (["--add-host", "x:host-gateway"], "unable to derive the IP value for host-gateway"),
        (["--link", "a:b:c"], "bad format for links: a:b:c"),
        (["--link", "nobody:b"], "No such container: nobody"),
    ] {
        fails(run(&options), 125, &[why]);
    }
    assert!(engine().is_file());
}
