//! Names that change while a container is made: by another container with which it shares a volume.
//!
//! `strace` holds the runtime at each call that looks at a path, while the other swaps a folder and a link as fast as it
//! can. So what is found and what is used are as different as an attacker can wish, at each pair of calls.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use lab::{Canary, Container, Lab, Output, Running};
use rustix::process::Signal;
use serde_json::json;

use crate::kit::{Old, longer, text, with_probe};

/// Each of these waits for so many microseconds before it is done, and so does a move of a mount.
const HELD: [&str; 8] = [
    "strace",
    "-f",
    "-o",
    "/dev/null",
    "-e",
    "trace=none",
    "-e",
    "inject=openat2,mkdirat,openat,newfstatat,move_mount,mount,mknodat,symlinkat:delay_enter=1000",
];

/// A race that a control is to lose is lost within a few rounds; so many, that a busy machine does not matter.
const MANY: usize = 300;

/// A volume in which `a` is a folder, and `link` leads to the canary; and somebody who swaps the two.
struct Swapped<'lab> {
    volume: PathBuf,
    canary: Canary,
    attacker: Option<Running>,
    lab: &'lab Lab,
}

impl<'lab> Swapped<'lab> {
    fn new(lab: &'lab Lab) -> Swapped<'lab> {
        let canary = Canary::new(lab);
        let volume = lab.folder().join("volume");
        fs::create_dir_all(volume.join("a")).expect("the volume");
        symlink(canary.folder(), volume.join("link")).expect("a link");
        Swapped { volume, canary, attacker: None, lab }
    }

    /// From a container of its own, which has the volume too.
    fn begin(&mut self, one: &str, other: &str) {
        let web = with_probe(self.lab.container("attacker")).writable();
        let web = web.mount("bind", &text(&self.volume), "/volume", "bind");
        let web = web.args(&["/bin/probe", "exchange", one, other]);
        web.save();
        let limit = std::time::Duration::from_mins(10);
        let attacker = web.call("run", &[]).deadline(limit).start();
        lab::until("names are swapped", || attacker.stdout().contains("1000 swaps"));
        self.attacker = Some(attacker);
    }

    /// The number of swaps; more than none, or nothing was proven.
    fn end(&mut self) -> usize {
        let attacker = self.attacker.take().expect("it was begun");
        let said = attacker.stdout();
        attacker.signal(Signal::TERM);
        self.lab.delete_force(&format!("{}attacker", self.lab.name())).ok();
        let _ = attacker.finish();
        let last = said.lines().last().and_then(|line| line.split(' ').next()?.parse().ok());
        last.expect("a number of swaps")
    }
}

/// A container that has mounts below the folder that is swapped.
///
/// In each round they are other ones: what is there already has not to be made.
fn victim<'lab>(lab: &'lab Lab, volume: &str, kind: &str, round: usize) -> Container<'lab> {
    let web = lab.container("victim").writable().mount("bind", volume, "/work/v", "bind");
    let place = format!("/work/v/a/new-{kind}-{round}/below");
    let web = match kind {
        "tmpfs" => web.mount("tmpfs", "tmpfs", &place, "mode=755"),
        "file" => web.mount("bind", "/etc/hostname", &place, "bind"),
        _ => web.edit(|config| config["process"]["cwd"] = place.into()),
    };
    web.sh("true")
}

/// It ran, or says which mount could not be made where.
fn ran_or_named(web: &Container<'_>, output: Output) -> bool {
    output.no_crash();
    if output.code == 0 {
        web.after_nonce(&output.stdout);
        return true;
    }
    let words = ["/work/v/a/new-", "process.cwd", "`mounts["];
    assert!(words.iter().any(|word| output.stderr.contains(word)), "{output:?}");
    output.refused(&[]);
    false
}

/// CVE-2019-18837, CVE-2021-30465, CVE-2024-45310: mounts, folders and files made on the host.
#[test]
fn sec_cve_2021_30465_2024_45310_a_folder_on_the_way_is_swapped() {
    let lab = Lab::new();
    let mut swapped = Swapped::new(&lab);
    let volume = text(&swapped.volume);
    swapped.begin("/volume/a", "/volume/link");
    for kind in ["tmpfs", "file", "cwd"] {
        for round in 0..longer(6) {
            let web = victim(&lab, &volume, kind, round);
            web.save();
            let call = web.call("run", &[]);
            // The first rounds are held at each call; the others are as fast as they are.
            let output = if round % 3 == 0 { call.under(HELD).output() } else { call.output() };
            ran_or_named(&web, output);
            swapped.canary.unharmed();
        }
    }
    assert!(swapped.end() > 1000);
    swapped.canary.unharmed();
}

/// The control of the test above: there runc 1.1.5 makes its folder on the host.
#[test]
fn an_old_peer_follows_the_link() {
    let lab = Lab::new();
    let mut swapped = Swapped::new(&lab);
    let volume = text(&swapped.volume);
    swapped.begin("/volume/a", "/volume/link");
    let is_new = |round: usize| swapped.canary.folder().join(format!("new-tmpfs-{round}")).exists();
    let made = (0..MANY).any(|round| {
        let _ = Old::Runc.run(&victim(&lab, &volume, "tmpfs", round), &HELD);
        is_new(round)
    });
    swapped.end();
    assert!(made, "runc 1.1.5 was raced {MANY} times, and always won");
}

/// The same without anybody who slows it down: many starts, short and random.
#[test]
fn sec_cve_2021_30465_many_starts() {
    let lab = Lab::new();
    let mut swapped = Swapped::new(&lab);
    let volume = text(&swapped.volume);
    swapped.begin("/volume/a", "/volume/link");
    let mut ran = 0;
    for round in 0..longer(150) {
        let web = victim(&lab, &volume, "tmpfs", round);
        ran += usize::from(ran_or_named(&web, web.run()));
    }
    let swaps = swapped.end();
    swapped.canary.unharmed();
    assert!(ran > 0 && swaps > 1000, "{ran} containers ran, {swaps} swaps");
}

/// CVE-2025-31133, as a race: `/dev/null` is the device when it is looked at, and a link when it is used.
#[test]
fn sec_cve_2025_31133_the_null_device_is_swapped() {
    let lab = Lab::new();
    let mut swapped = Swapped::new(&lab);
    let null = |name: &str| {
        let mode = rustix::fs::Mode::from_raw_mode(0o666);
        let kind = rustix::fs::FileType::CharacterDevice;
        let path = swapped.volume.join(name);
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, rustix::fs::makedev(1, 3)).expect("a node");
    };
    null("null");
    symlink("/work/secret", swapped.volume.join("link to it")).expect("a link");
    swapped.begin("/volume/null", "/volume/link to it");
    let volume = text(&swapped.volume);
    let (mut ran, rounds) = (0, longer(30));
    for round in 0..rounds {
        let script = "cat /proc/keys; (echo x >> /proc/keys) 2>&-; cat /work/secret; echo end";
        let web = lab.container("victim").writable().sh(script).edit(|config| {
            let binds =
                [lab::mount("proc", "proc", "/proc", ""), lab::mount("bind", &volume, "/dev", "bind")];
            config["mounts"] = json!(binds);
            config["linux"]["maskedPaths"] = json!(["/proc/keys"]);
        });
        fs::write(web.rootfs().join("work/secret"), "SECRET\n").expect("a secret");
        let call = web.call("run", &[]);
        let output = if round % 6 == 0 { call.under(HELD).output() } else { call.output() };
        output.no_crash();
        if output.code == 0 {
            ran += 1;
            // Not by way of the mask; it is read as itself, and is what it was.
            assert_eq!(web.after_nonce(&output.stdout), "SECRET\nend\n");
        } else {
            output.refused_naming(&["/dev/null"]);
        }
    }
    let swaps = swapped.end();
    assert!(ran > 0 && ran < rounds && swaps > 1000, "{ran} of {rounds} ran, {swaps} swaps");
}

/// CVE-2025-52881: while a container is made, others put mounts over its proc; settings of the host stay what they are.
#[test]
fn sec_cve_2025_52881_mounts_come_and_go_over_proc() {
    let lab = Lab::new();
    let sinks = ["net/ipv4/ip_forward", "kernel/core_pattern", "kernel/hostname"];
    let host = || sinks.map(|sink| fs::read_to_string(format!("/proc/sys/{sink}")).expect("a setting"));
    let before = host();
    let forward = if before[0].trim() == "1" { "0" } else { "1" };
    let web = lab.container("web").sh("cat /proc/sys/net/ipv4/ip_forward");
    let web = web.edit(|config| config["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": forward}));
    web.save();
    let fake = lab.folder().join("fake");
    fs::create_dir_all(fake.join("sys/net/ipv4")).expect("a fake proc");
    symlink("/proc/sys/kernel/core_pattern", fake.join("sys/net/ipv4/ip_forward")).expect("a link");
    // What is mounted on a shared root folder reaches the container while it is made.
    let script =
        "mount --bind \"$1\" \"$1\" && mount --make-shared \"$1\" || exit 9; root=$1; fake=$2; shift 2
        while :; do mount --bind \"$fake\" \"$root/proc\"; umount \"$root/proc\"; done 2> /dev/null & racer=$!
        i=0; while [ $i -lt $ROUNDS ]; do i=$((i + 1)); \"$@\"-$i; done; kill $racer; echo all $i";
    let rounds = longer(40);
    let call = web.call("run", &[]).env("ROUNDS", rounds.to_string());
    let (root, fake) = (text(&web.rootfs()), text(&fake));
    let call = call.under(["sh", "-c", script, "sh", &root, &fake]);
    let call = call.under(["unshare", "--mount", "--propagation", "private"]);
    let output = call.deadline(std::time::Duration::from_mins(10)).output();
    let said = output.ok();
    assert_eq!(host(), before);
    assert!(said.contains(&format!("all {rounds}")), "{said}");
    let ran = said.matches(&web.nonce()).count();
    let set = said.lines().filter(|line| *line == forward).count();
    assert!(ran > 0 && set == ran, "{ran} ran, {set} had the setting: {said}");
}
