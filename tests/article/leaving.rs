//! Leaving nothing behind. Every lab checks it at its end; here are the proofs that the check can see.

use lab::Lab;

#[test]
fn a_running_container_is_seen_and_a_deleted_one_is_gone() {
    let lab = Lab::new();
    assert_eq!(lab.on_the_machine(), [""; 0]);
    let web = lab.container("web").sleeping().launch();
    let there = lab.on_the_machine();
    for kind in ["process ", "cgroup ", "state "] {
        assert!(there.iter().any(|thing| thing.starts_with(kind)), "cannot see its {kind}: {there:#?}");
    }
    web.delete_force().ok();
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_run_to_the_end_leaves_nothing() {
    let lab = Lab::new();
    lab.container("web").see("true");
    assert_eq!(lab.leftovers(), [""; 0]);
}

#[test]
fn a_mount_on_the_host_is_seen() {
    let lab = Lab::new();
    let folder = lab.rootfs("mounted");
    lab.program("mount").args(["-t", "tmpfs", "none"]).arg(&folder).output().ok();
    let there = lab.on_the_machine();
    lab.program("umount").arg(&folder).output().ok();
    assert!(there.len() == 1 && there[0].starts_with("mount "), "{there:#?}");
    assert_eq!(lab.leftovers(), [""; 0]);
}
