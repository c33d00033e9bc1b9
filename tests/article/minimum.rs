//! `examples/minimum_container.rs`: the article's container, by the library's first user.

use lab::{Lab, runtime};

#[test]
fn the_example_runs_a_command_in_a_world_of_its_own() {
    let lab = Lab::new();
    let example = runtime().parent().expect("a folder").join("examples/minimum_container");
    let root = lab.rootfs("minimum");
    let hosts = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let output = lab
        .program(&example)
        .arg(&root)
        .args(["/bin/sh", "-c", "hostname; ps -o pid,args; ls /; echo from-inside > /written; exit 7"])
        .output();
    assert_eq!(output.code, 7, "{output:?}");
    assert!(output.stdout.starts_with("container\n"), "{output:?}");
    assert!(output.stdout.contains("    1 /bin/sh -c"), "its processes are not from 1: {output:?}");
    assert!(!output.stdout.contains("minimum_container"), "it sees the host's processes: {output:?}");
    assert_eq!(std::fs::read_to_string(root.join("written")).unwrap(), "from-inside\n");
    assert_eq!(std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap(), hosts);
    // The control: without a root there is no container, and the example says so.
    let output = lab.program(&example).args(["/nowhere", "/bin/sh"]).output();
    assert!(output.code == 1 && output.stderr.contains("cannot find `/nowhere`"), "{output:?}");
}
