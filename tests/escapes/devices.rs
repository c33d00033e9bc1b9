//! Devices: which of the machine's can be opened, by whoever may make nodes of all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lab::{Container, Lab};
use serde_json::json;

use crate::kit::{numbers, with_probe};

/// All devices of this machine: `c 1 3`.
fn all() -> Vec<String> {
    let of = |kind: &str| {
        let folder = fs::read_dir(format!("/sys/dev/{}", if kind == "c" { "char" } else { "block" }));
        let names = folder.expect("the machine's devices").flatten().map(|entry| entry.file_name());
        names.map(|name| format!("{kind} {}", name.to_string_lossy().replace(':', " "))).collect::<Vec<_>>()
    };
    [of("c"), of("b")].concat()
}

/// Makes each node, and opens it for reading. Those that could be opened.
fn opened(web: Container<'_>, devices: &[String]) -> BTreeSet<String> {
    let web = with_probe(web).mount("tmpfs", "tmpfs", "/tmp", "");
    let lines: String = devices.iter().fold(String::new(), |text, device| text + device + "\n");
    let list = web.rootfs().join("work/list");
    fs::write(&list, lines).expect("a list of devices");
    let script = "while read -r kind major minor; do node=/tmp/$kind-$major-$minor
        mknod $node $kind $major $minor && /bin/probe readable $node && rm $node; done < /work/list";
    let said = web.see(script);
    let seen = numbers(&said);
    assert_eq!(seen.len(), devices.len(), "some could not be made: {said}");
    let name = |path: String| path.trim_start_matches("/tmp/").replace('-', " ");
    seen.into_iter().filter(|(_, errno)| *errno == 0).map(|(path, _)| name(path)).collect()
}

fn maker<'lab>(lab: &'lab Lab, name: &str) -> Container<'lab> {
    lab.container(name).capabilities(&["CAP_MKNOD"])
}

/// Null, zero, full, random, urandom, console, ptmx: what every container has, as runc and docker have it too. A
/// terminal of one's own needs one.
#[test]
fn of_all_devices_of_the_machine_only_the_harmless_ones_open() {
    let lab = Lab::new();
    let devices = all();
    assert!(devices.len() > 50, "{devices:?}");
    let harmless = ["c 1 3", "c 1 5", "c 1 7", "c 1 8", "c 1 9", "c 5 1", "c 5 2"].map(String::from);
    let seen = opened(maker(&lab, "web"), &devices);
    assert!(seen.is_subset(&harmless.clone().into()), "{seen:?}");
    assert!(seen.contains("c 1 3"), "not even the null device: {seen:?}");
    // The control: with a rule that allows it, the disk that this machine runs from can be read.
    let disk: Vec<String> = devices.iter().filter(|name| name.starts_with("b ")).take(1).cloned().collect();
    let open = maker(&lab, "open").edit(|config| {
        config["linux"]["resources"]["devices"] = json!([{"allow": true, "access": "rwm"}]);
    });
    assert_eq!(opened(open, &disk).len(), 1, "{disk:?}");
}

/// runc#2366: while limits are changed, there was a moment in which all devices were denied, or allowed.
#[test]
fn rules_for_devices_are_the_same_all_the_time() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    let folder = Path::new("/sys/fs/cgroup/devices").join(web.id());
    let list = || fs::read_to_string(folder.join("devices.list")).expect("the rules");
    let before = list();
    let over = AtomicBool::new(false);
    let (seen, samples) = thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let (mut seen, mut samples) = (BTreeSet::new(), 0_u32);
            while !over.load(Ordering::Relaxed) {
                seen.insert(list());
                samples += 1;
            }
            (seen, samples)
        });
        for round in 0..40 {
            let memory = format!("{}m", 64 + round);
            lab.runtime(["update", "--memory", &memory, "--pids-limit", "100", web.id()]).output().ok();
        }
        over.store(true, Ordering::Relaxed);
        sampler.join().expect("the sampler")
    });
    assert!(samples > 1000, "looked {samples} times only");
    assert_eq!(seen, BTreeSet::from([before]));
    // The control: a change would have been seen.
    fs::write(folder.join("devices.deny"), "c 1:5 rwm").expect("a rule");
    assert!(!seen.contains(&list()));
    web.delete_force().ok();
}
