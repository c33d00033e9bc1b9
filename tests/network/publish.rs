//! Ports of a host that lead to a container's: from outside, from the host itself, from other containers.

use lab::fails;

use crate::world::{HERE, OUTSIDE, World};

fn to(protocol: &str, address: &str, port: &str) -> String {
    format!("{protocol}/{address}/{port}")
}

#[track_caller]
fn asked(answers: &[String], expected: &[String]) {
    assert_eq!(answers, expected);
}

#[test]
fn from_everywhere_and_the_container_sees_who_asks() {
    let world = World::new();
    world.fine(&["network", "create", "one", "--ipv6"]);
    world.fine(&["network", "create", "two", "--ipv6"]);
    world.serve("web", &["--network", "one", "-p", "8080:80", "-p", "8080:80/udp"]);
    world.serve("beside", &["--network", "one"]);
    world.serve("far", &["--network", "two"]);
    let targets = |addresses: [&str; 2]| {
        addresses
            .iter()
            .flat_map(|address| ["tcp", "udp"].map(|protocol| to(protocol, address, "8080")))
            .collect::<Vec<_>>()
    };
    let here = targets(HERE);
    let here: Vec<_> = here.iter().map(String::as_str).collect();
    let twice = |addresses: [&str; 2]| {
        addresses
            .iter()
            .flat_map(|address| [format!("web {address}"), format!("web {address}")])
            .collect::<Vec<_>>()
    };
    asked(&world.ask_from(&world.outside, &here), &twice(OUTSIDE));
    asked(&world.ask_from(&world.here, &here), &twice(HERE));
    let far = world.addresses("far", "two");
    asked(&world.ask("far", &here), &twice([&far[0], &far[1]]));
    // One beside it gets its answer by way of this host, which stands for it.
    let gateway = |at| {
        world.fine(&[
            "network",
            "inspect",
            "-f",
            &format!("{{{{(index .IPAM.Config {at}).Gateway}}}}"),
            "one",
        ])
    };
    let (v4, v6) = (gateway(0), gateway(1));
    let beside = world.addresses("beside", "one");
    let bridged =
        |on: u8| format!("for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do echo {on} > $f; done");
    world.sh(&world.here, &bridged(0)).ok();
    asked(&world.ask("beside", &here), &twice([v4.trim(), v6.trim()]));
    // Where the filters see what stays on a bridge, it need not.
    world.sh(&world.here, &bridged(1)).ok();
    asked(&world.ask("beside", &here), &twice([&beside[0], &beside[1]]));
    // By the loopback, where the container's monitor carries it over.
    let loopback = targets(["127.0.0.1", "::1"]);
    let loopback: Vec<_> = loopback.iter().map(String::as_str).collect();
    asked(&world.ask_from(&world.here, &loopback), &twice([v4.trim(), v6.trim()]));
    // Nothing of it is open any more once it is gone.
    world.fine(&["rm", "-f", &world.named("web")]);
    asked(
        &world.ask_from(&world.outside, &here),
        &["nobody".to_string(), "nobody".to_string(), "nobody".to_string(), "nobody".to_string()],
    );
    asked(&world.ask_from(&world.here, &loopback[..1]), &["nobody".to_string()]);
}

#[test]
fn at_one_address_of_this_host_it_is_at_no_other() {
    let world = World::new();
    world.serve("own", &["--network", "bridge", "-p", "127.0.0.1:8080:80"]);
    world.serve("one", &["--network", "bridge", "-p", &format!("{}:8081:80", HERE[0])]);
    let ask = |host, targets: &[String]| {
        let targets: Vec<_> = targets.iter().map(String::as_str).collect();
        let first = |answer: String| answer.split(' ').next().unwrap_or_default().to_string();
        world.ask_from(host, &targets).into_iter().map(first).collect::<Vec<_>>()
    };
    let targets = [
        to("tcp", "127.0.0.1", "8080"),
        to("tcp", HERE[0], "8080"),
        to("tcp", HERE[0], "8081"),
        to("tcp", "127.0.0.1", "8081"),
    ];
    assert_eq!(ask(&world.here, &targets), ["own", "nobody", "one", "nobody"]);
    assert_eq!(ask(&world.outside, &targets), ["nobody", "nobody", "one", "nobody"]);
    // Also for who sends packets for 127.0.0.1 here; without the kernel's own rule for those they would arrive.
    let send = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr flush dev lo; ip route add 127.0.0.1 via 192.0.2.1";
    world.sh(&world.outside, send).ok();
    assert_eq!(ask(&world.outside, &targets[..1]), ["nobody"]);
    world.sh(&world.here, "echo 1 > /proc/sys/net/ipv4/conf/up0/route_localnet").ok();
    assert_eq!(ask(&world.outside, &targets[..1]), ["own"]);
}

#[test]
fn ports_that_are_chosen() {
    let world = World::new();
    world.serve(
        "web",
        &["--network", "bridge", "-P", "--expose", "80", "--expose", "90-91/udp", "-p", "7000-7005:81"],
    );
    let name = world.named("web");
    let listed = world.fine(&["port", &name]);
    let lines: Vec<_> = listed.lines().collect();
    // Each at all addresses of IPv4 and of IPv6, under the same number.
    assert_eq!(lines.len(), 8, "{listed}");
    let port = |exposed: &str| {
        let shown = world.fine(&["port", &name, exposed]);
        let ports: Vec<_> =
            shown.lines().map(|line| line.rsplit(':').next().unwrap_or_default().to_string()).collect();
        assert_eq!((ports.len(), &ports[0]), (2, &ports[1]), "{exposed}: {shown}");
        ports[0].clone()
    };
    assert_eq!(port("81"), "7000");
    let chosen = port("80/tcp");
    assert_eq!(
        world.ask_from(&world.outside, &[&to("tcp", HERE[0], &chosen)]),
        [format!("web {}", OUTSIDE[0])]
    );
    let shown = world.fine(&["ps", "--format", "{{.Ports}}"]);
    assert!(shown.contains(&format!("0.0.0.0:{chosen}->80/tcp")) && shown.contains("->91/udp"), "{shown}");
    // The next one of the range is the next one's.
    world.serve("other", &["--network", "bridge", "-p", "7000-7005:80"]);
    assert_eq!(world.fine(&["port", &world.named("other"), "80"]).lines().next(), Some("0.0.0.0:7001"));
    for (filter, expected) in [("publish=7001", "other"), ("publish=7000", "web"), ("expose=90/udp", "web")] {
        let found = world.fine(&["ps", "-f", filter, "--format", "{{.Names}}"]);
        assert_eq!(found.trim(), world.named(expected), "{filter}");
    }
}

#[test]
fn a_port_that_somebody_has() {
    let world = World::new();
    world.fine(&["network", "create", "one"]);
    world.serve("web", &["--network", "bridge", "-p", "8080:80"]);
    let _process = world.serve_on(&world.here, "process", "9090");
    let before = (world.kernel(), world.connections(), world.elements());
    let run = |name: &str, ports: &str| {
        let call = world.nagaya(&[
            "run",
            "-d",
            "--name",
            &world.named(name),
            "--network",
            "one",
            "-p",
            ports,
            "host",
        ]);
        call.args(["sleep", "1000"]).output()
    };
    let web = world.fine(&["inspect", "-f", "{{.Id}}", &world.named("web")]);
    let container = format!("hint: container {} has it", &web[..12]);
    for (ports, word, hint) in [
        ("8080:80", "Bind for 0.0.0.0:8080 failed: port is already allocated", container.as_str()),
        ("192.0.2.1:8080:80", "Bind for 192.0.2.1:8080 failed: port is already allocated", &container),
        ("9090:80", "Bind for 0.0.0.0:9090 failed: port is already allocated", "hint: process "),
        ("198.51.100.7:8080:80", "publish port 80/tcp", ""),
    ] {
        let said = fails(run("other", ports), 125, &[word, hint]);
        assert!(said.contains("endpoint") || ports.starts_with("198"), "{said}");
        // It is there, as in docker, and can be started once the port is free; of networks nothing is left.
        world.fine(&["rm", &world.named("other")]);
        assert_eq!((world.kernel(), world.connections(), world.elements()), before, "{ports}");
    }
    // A port of another protocol is another port.
    let output = run("other", "8080:80/udp");
    output.ok();
    world.fine(&["rm", "-f", &world.named("web")]);
    run("third", "8080:80").ok();
}

/// Nothing leads into an internal network, whatever was asked for.
#[test]
fn an_internal_network_publishes_nothing() {
    let world = World::new();
    world.fine(&["network", "create", "--internal", "inner"]);
    world.serve("web", &["--network", "inner", "-p", "8080:80"]);
    assert_eq!(world.ask_from(&world.outside, &[&to("tcp", HERE[0], "8080")]), ["nobody"]);
    assert_eq!(world.fine(&["port", &world.named("web")]), "");
}

/// What nobody else can: ports come and go while the program runs, and connections that there are go on.
#[test]
fn ports_of_a_container_that_runs() {
    let world = World::new();
    world.fine(&["network", "create", "--ipv6", "one"]);
    world.fine(&["network", "create", "two"]);
    world.serve("web", &["--network", "one", "-p", "8080:80"]);
    let web = world.named("web");
    let pid = world.fine(&["inspect", "-f", "{{.State.Pid}}", &web]);
    let from_outside = |port: &str| {
        let targets = HERE.map(|address| to("tcp", address, port));
        world.ask_from(&world.outside, &[&targets[0], &targets[1]])
    };
    let from_here =
        |port: &str| world.ask_from(&world.here, &[&to("tcp", "127.0.0.1", port), &to("tcp", "::1", port)]);
    let answers = |answers: &[String]| answers.iter().all(|answer| answer.starts_with("web "));
    let nobody = vec!["nobody".to_string(); 2];
    assert_eq!(from_outside("8081"), nobody);
    world.fine(&["update", "-p", "8081:80", &web]);
    for port in ["8080", "8081"] {
        assert!(answers(&from_outside(port)) && answers(&from_here(port)), "{port}");
    }
    assert!(world.fine(&["port", &web]).contains("0.0.0.0:8081"));
    world.fine(&["update", "--publish-rm", "8080:80", &web]);
    assert_eq!((from_outside("8080"), from_here("8080")), (nobody.clone(), nobody.clone()));
    assert!(answers(&from_outside("8081")));
    // One that somebody has: nothing is changed.
    world.serve("other", &["--network", "two", "-p", "9090:80"]);
    let taken = world.nagaya(&["update", "-p", "8082:80", "-p", "9090:80", &web]).output();
    fails(taken, 1, &["port is already allocated"]);
    assert_eq!(from_outside("8082"), nobody);
    assert!(world.ask_from(&world.outside, &[&to("tcp", HERE[0], "9090")])[0].starts_with("other "));
    fails(
        world.nagaya(&["update", "--publish-rm", "7777:80", &web]).output(),
        1,
        &["no port is published as 7777:80"],
    );
    // It goes on by another network, and after another start; and no program was started again for any of it but that.
    world.fine(&["network", "connect", "two", &web]);
    world.fine(&["network", "disconnect", "one", &web]);
    assert!(world.ask_from(&world.outside, &[&to("tcp", HERE[0], "8081")])[0].starts_with("web "));
    assert_eq!(world.fine(&["inspect", "-f", "{{.State.Pid}}", &web]), pid);
    world.fine(&["restart", "-t", "0", &web]);
    world.until_ready("web");
    assert!(world.ask_from(&world.outside, &[&to("tcp", HERE[0], "8081")])[0].starts_with("web "));
    assert_eq!(from_outside("8080"), nobody);
}

/// A container that asks for a port that it has published itself, and those that are kept apart, whatever the filters see.
#[test]
fn by_the_bridge_that_it_is_on() {
    let world = World::new();
    world.fine(&["network", "create", "one", "--ipv6"]);
    world.fine(&["network", "create", "apart", "-o", "com.docker.network.bridge.enable_icc=false"]);
    let own = ["--network", "one", "-p", "8080:80", "-p", "8080:80/udp", "-p", "8081:80"];
    world.serve("web", &own);
    world.serve("kept", &["--network", "apart", "-p", "8082:80"]);
    world.serve("beside", &["--network", "apart"]);
    let first = |answers: Vec<String>| -> Vec<String> {
        answers.iter().map(|answer| answer.split(' ').next().unwrap_or_default().to_string()).collect()
    };
    for on in [0, 1] {
        let filters =
            format!("for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do echo {on} > $f; done");
        world.sh(&world.here, &filters).ok();
        let of_web = HERE.map(|here| to("tcp", here, "8080"));
        let mut of_web: Vec<_> = of_web.iter().map(String::as_str).collect();
        let datagram = to("udp", HERE[0], "8080");
        // Those come back only if this machine passes them on itself.
        of_web.extend((on == 0).then_some(datagram.as_str()));
        assert_eq!(first(world.ask("web", &of_web)), vec!["web"; of_web.len()], "{on}");
        let of_kept = to("tcp", HERE[0], "8082");
        assert_eq!(first(world.ask("beside", &[&of_kept])), ["kept"], "{on}");
        assert_eq!(first(world.ask("kept", &[&of_kept, of_web[0]])), ["kept", "web"], "{on}");
        // The control: kept apart they are.
        let direct = to("tcp", &world.addresses("kept", "apart")[0], "80");
        assert_eq!(world.ask("beside", &[&direct]), ["nobody"], "{on}");
    }
    let own = |elements: &str| elements.lines().filter(|line| line.starts_with("\"own")).count();
    assert_eq!(own(&world.elements()), 5);
    world.fine(&["update", "--publish-rm", "8081:80", &world.named("web")]);
    assert_eq!(own(&world.elements()), 3);
    world.fine(&["rm", "-f", &world.named("web"), &world.named("kept")]);
    assert_eq!(own(&world.elements()), 0);
}

/// By its first two packets: most kernels have no SCTP of their own, and pass it on all the same.
#[test]
fn ports_of_sctp() {
    let world = World::new();
    let script = world.lab.folder().join("sctp.py");
    std::fs::write(&script, include_str!("sctp.py")).expect("a script");
    let (name, mount) = (world.named("web"), format!("{}:/sctp.py:ro", script.display()));
    let run =
        ["run", "-d", "--name", &name, "--network", "bridge", "-p", "9000:80/sctp", "-v", &mount, "host"];
    world.fine(&[&run[..], &["/usr/bin/python3", "/sctp.py", "serve", "80"]].concat());
    lab::until("it listens", || world.fine(&["logs", &name]).contains("ready"));
    let ask = |port: &str| {
        let call = world.lab.program("/usr/bin/python3").arg(&script).args(["ask", HERE[0], port]);
        world.outside.on(call).output().ok()
    };
    assert_eq!(ask("9000"), format!("{}:9000 {}\n", HERE[0], OUTSIDE[0]));
    assert_eq!(ask("9001"), "nobody\n");
    assert!(world.fine(&["port", &name]).starts_with("80/sctp -> 0.0.0.0:9000\n"));
    world.fine(&["update", "--publish-rm", "9000:80/sctp", &name]);
    assert_eq!(ask("9000"), "nobody\n");
}

/// What people do first: an image with a web server in it, a browser elsewhere, and a container that knows it by its name.
#[test]
fn a_web_server_is_reached_by_curl_and_by_its_name() {
    const PAGE: &str = "<h1>house</h1>\n";
    let world = World::new();
    let root = world.lab.rootfs("site");
    std::fs::create_dir(root.join("www")).expect("a folder");
    std::fs::write(root.join("www/index.html"), PAGE).expect("a page");
    let tar = world.lab.folder().join("site.tar");
    world.lab.program("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").output().ok();
    let changes = ["--change", r#"CMD ["busybox", "httpd", "-f", "-h", "/www"]"#, "--change", "EXPOSE 80"];
    world.nagaya(&["import"]).args(changes).arg(&tar).arg("site").output().ok();
    world.fine(&["network", "create", "--ipv6", "one"]);
    let run =
        ["run", "-d", "--network", "one", "--network-alias", "web", "-p", "8080:80", "--stop-timeout", "0"];
    world.fine(&[&run[..], &["--name", &world.named("web"), "site"]].concat());
    world.until_ready("web");
    let curl = |url: &str| world.lab.program("curl").args(["-sS", "--max-time", "10", url]);
    for host in ["192.0.2.1", "[2001:db8::1]"] {
        assert_eq!(world.outside.on(curl(&format!("http://{host}:8080/"))).output().ok(), PAGE, "{host}");
        // The control: at another port there is nobody.
        assert_ne!(world.outside.on(curl(&format!("http://{host}:8081/"))).output().code, 0, "{host}");
    }
    for family in ["-4", "-6"] {
        let ask = |network: &str| {
            let call = world.nagaya(&["run", "--rm", "--name", &world.named("asks"), "--network", network]);
            call.args(["host", "curl", family, "-sS", "--max-time", "10", "http://web/"]).output()
        };
        assert_eq!(ask("one").ok(), PAGE, "{family}");
        assert_ne!(ask("bridge").code, 0, "{family}: nobody has a name there");
    }
    world.fine(&["rm", "-f", &world.named("web")]);
}
