//! A host name of its own, and that everything is in place before the command starts.

use std::fs;

use lab::Lab;

fn name_of_the_host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").expect("the host's name")
}

#[test]
fn a_hostname_changed_inside_stays_inside() {
    let lab = Lab::new();
    let before = name_of_the_host();
    let seen = lab
        .container("web")
        .capabilities(&["CAP_SYS_ADMIN"])
        .edit(|config| config["hostname"] = "from-config".into())
        .see("hostname; hostname changed-inside; hostname");
    assert_eq!(seen, "from-config\nchanged-inside\n");
    assert_eq!(name_of_the_host(), before);
}

/// The command is the very first process, so nothing could have waited for `/proc` and the name.
#[test]
fn proc_and_hostname_are_set_before_the_command() {
    let lab = Lab::new();
    let files = ["/proc/sys/kernel/hostname", "/proc/1/comm", "/proc/self/status"];
    let web = lab.container("web").args(&[&["/bin/cat"], &files[..]].concat());
    let seen = web.run().ok();
    assert!(seen.starts_with("lab\ncat\nName:\tcat\n"), "{seen}");
    assert!(seen.contains("\nPid:\t1\n"), "{seen}");
}

#[test]
fn without_a_hostname_in_the_config_it_has_the_hosts() {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| {
        config.as_object_mut().unwrap().remove("hostname");
    });
    assert_eq!(web.see("cat /proc/sys/kernel/hostname"), name_of_the_host());
}

#[test]
fn a_domain_name_is_set() {
    if !lab::is_nagaya() {
        return; // Older than the specification's 1.1.
    }
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| config["domainname"] = "example".into());
    assert_eq!(web.see("cat /proc/sys/kernel/domainname"), "example\n");
}
