//! `network doctor`: a packet is followed, and told where it ends.

use crate::world::{HERE, World};

#[test]
fn a_packet_is_followed_to_the_container() {
    let world = World::new();
    world.fine(&["network", "create", "--ipv6", "one"]);
    world.serve("web", &["--network", "one", "-p", "8080:80", "-p", "8081:81", "-p", "8080:80/udp"]);
    let web = world.named("web");
    let doctor = || world.nagaya(&["network", "doctor", "--to", HERE[0], &web]).output();
    let kernel = world.kernel();
    let said = doctor();
    // Port 81 is published, and nobody listens there.
    assert_eq!((said.code, said.stderr.as_str()), (1, ""), "{}", said.stdout);
    let part = |title: &str| {
        let rest = said.stdout.split(&format!("port {title}")).nth(1).unwrap_or_default();
        rest.split("\nport ").next().unwrap_or_default().to_string()
    };
    for (title, word) in [
        ("80/tcp at 0.0.0.0:8080", "ok  it is answered"),
        ("80/tcp at [::]:8080", "ok  it is answered"),
        ("80/udp at 0.0.0.0:8080", "it is answered"),
        ("81/tcp at 0.0.0.0:8081", "no  it gets there, and nobody listens"),
    ] {
        let part = part(title);
        assert!(part.contains(word), "{title}: {}", said.stdout);
        assert!(part.contains("inet nagaya prerouting") && part.contains("jump publish"), "{title}: {part}");
    }
    // Somebody else's rule, by its number.
    let rule = "nft add table ip other; nft add chain ip other gate '{ type filter hook forward priority 10; }'; \
                nft add rule ip other gate tcp dport 80 drop; nft -a list chain ip other gate | grep -o 'handle [0-9]*$' | tail -1";
    let number = world.sh(&world.here, rule).ok().trim().replace("handle ", "rule ");
    let said = doctor();
    assert!(
        said.stdout.contains("other tables, which may drop what ours lets through: ip other"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains(&format!("no  it is dropped by {number} of `ip other gate`")),
        "{}",
        said.stdout
    );
    world.sh(&world.here, "nft delete table ip other").ok();
    // And a policy.
    world.sh(&world.here, "nft add table ip other; nft add chain ip other gate '{ type filter hook forward priority 10; policy drop; }'").ok();
    assert!(doctor().stdout.contains("no  it is dropped by policy of `ip other gate`"));
    world.sh(&world.here, "nft delete table ip other").ok();
    // Nothing of it stays.
    assert_eq!(world.kernel(), kernel);
    assert!(!world.sh(&world.here, "nft list tables").ok().contains("probe"));
}

#[test]
fn what_leads_nowhere_is_said() {
    let world = World::new();
    let name = world.named("a");
    world.fine(&["run", "-d", "--name", &name, "--network", "none", "host", "sleep", "1000"]);
    let said = world.nagaya(&["network", "doctor", &name]).output();
    assert!(said.code == 1 && said.stdout.contains("no  its network is none"), "{said:?}");
    world.fine(&["network", "create", "one"]);
    let other = world.named("b");
    world.fine(&[
        "run",
        "-d",
        "--name",
        &other,
        "--network",
        "one",
        "-p",
        "127.0.0.1:8080:80",
        "host",
        "sleep",
        "1000",
    ]);
    let said = world.nagaya(&["network", "doctor", &other]).output();
    assert!(said.code == 0 && said.stdout.contains("it is for this machine alone"), "{said:?}");
    world.sh(&world.here, "nft flush ruleset").ok();
    let said = world.nagaya(&["network", "doctor", &other]).output();
    assert!(said.code == 1 && said.stdout.contains("`inet nagaya` of nftables is gone"), "{said:?}");
    world.fine(&["stop", "-t", "0", &other]);
    let said = world.nagaya(&["network", "doctor", &other]).output();
    assert!(said.code == 1 && said.stdout.contains("it is exited"), "{said:?}");
}
