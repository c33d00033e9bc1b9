//! What a program finds around it by default: under docker and runc, and under us.

use std::collections::BTreeSet;

use lab::{Lab, Nagaya};
use peers::Docker;

/// A line for each fact: `KIND WHAT`.
const LOOK: &str = r#"
grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr '\t' ' ' | sed 's/^/status /'
while read -r a b c d at how rest; do
    fs=${rest##* - }; echo "mount $at ${how%,relatime} ${fs%% *}"
done < /proc/self/mountinfo
find /dev ! -type d | sort | while read -r f; do echo "device $f $(stat -c '%F %a %t:%T %u:%g' $f)"; done
sed 1d /proc/self/limits | sed 's/  */ /g; s/^/limit /'
env | sort | sed 's/^HOSTNAME=.*/HOSTNAME=/; s/^/env /'
echo "umask $(umask)"; echo "id $(id)"; echo "folder $(pwd)"; echo "name $(hostname | wc -c)"
for ns in /proc/self/ns/*; do [ $(readlink $ns) = $(readlink /proc/1/ns/${ns##*/}) ] && echo "namespace ${ns##*/}"; done
for f in $(find /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range); do echo "setting $f $(cat $f | tr '\t' ' ')"; done
"#;

/// Where we differ from docker 20.10, by how the fact begins, and why. Newer versions of docker do as we do, or nobody can
/// rely on it.
const MEANT: [(&str, &str); 6] = [
    ("mount /etc/", "names, hosts and resolvers are files of the network, which comes with it"),
    ("mount /proc/", "what newer versions of docker mask as well, each for an attack: see `protected.rs`"),
    ("mount /sys/", "the same; and cgroups are the container's own part, in a namespace of its own"),
    ("limit Max", "dockerd raises its own limits, and containers inherit them: ours are the caller's"),
    (
        "mount / ",
        "docker's overlay is mounted by a daemon, ours by the container itself, with what that needs",
    ),
    ("setting /proc/sys/net/", "docker 20.10 lets everybody use low ports and ping"),
];

fn facts(text: &str) -> BTreeSet<String> {
    text.lines().map(str::trim_end).map(String::from).collect()
}

/// What only one of them has, without what is meant.
fn differences(docker: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<String> {
    let meant = |fact: &String| MEANT.iter().any(|(start, _)| fact.starts_with(start));
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, who: &str| {
        one.difference(other)
            .filter(|fact| !meant(fact))
            .map(|fact| format!("{who}: {fact}"))
            .collect::<Vec<_>>()
    };
    [only(docker, ours, "docker"), only(ours, docker, "ours")].concat()
}

#[test]
fn as_under_docker() {
    let (docker, lab) = (Docker::start(), Lab::new());
    let archive = lab.folder().join("box.tar");
    docker.fine(&["save", "-o", &archive.display().to_string(), "box"]);
    lab.nagaya(&["load", "-i", &archive.display().to_string()]).output().ok();
    let look = |options: &[&str]| {
        let theirs = [&["run", "--rm", "--runtime", "peer", "--network", "none"], options].concat();
        let theirs = docker.fine(&[&theirs[..], &["box", "sh", "-c", LOOK]].concat());
        let ours = lab.run(options).args(["box", "sh", "-c", LOOK]).output().ok();
        (facts(&theirs), facts(&ours))
    };
    for options in [&[][..], &["--user", "5:6"], &["--cap-drop", "ALL", "--read-only"]] {
        let (theirs, ours) = look(options);
        for kind in ["status CapBnd", "mount /proc ", "device /dev/null", "limit Max", "env PATH", "umask"] {
            assert!(theirs.iter().any(|fact| fact.starts_with(kind)), "docker says no {kind}: {theirs:?}");
        }
        assert_eq!(differences(&theirs, &ours), [""; 0], "{options:?}");
    }
    // The control: one more capability is seen.
    let (theirs, _) = look(&[]);
    let (_, other) = look(&["--cap-add", "NET_ADMIN"]);
    assert!(differences(&theirs, &other).iter().any(|fact| fact.contains("CapBnd")));
    docker.docker(&["run", "--rm", "--runtime", "nagaya", "--network", "none", "box", "true"]);
    docker.finish();
}
