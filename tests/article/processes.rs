//! Processes of its own.

use lab::Lab;

#[test]
fn ps_shows_only_its_own_processes_from_number_one() {
    let lab = Lab::new();
    let seen = lab.container("web").see("sleep 100 & echo self $$; ps -o pid,args; kill $!");
    let lines: Vec<_> = seen.lines().collect();
    assert_eq!(lines[0], "self 1");
    let pids: Vec<u32> =
        lines[2..].iter().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert_eq!(pids[0], 1, "{seen}");
    assert_eq!(pids.len(), 3, "expected sh, sleep and ps: {seen}");
    assert!(pids.iter().all(|pid| *pid < 10), "{seen}");
    assert!(lines[2].contains("/bin/sh"), "{seen}");
}

#[test]
fn the_host_sees_the_same_process_under_another_number() {
    let lab = Lab::new();
    let web = lab.container("web").sh("readlink /proc/self/ns/pid; while :; do sleep 0.02; done").launch();
    let status = std::fs::read_to_string(format!("/proc/{}/status", web.pid())).unwrap();
    let numbers = status.lines().find(|line| line.starts_with("NSpid:")).unwrap();
    let numbers: Vec<_> = numbers.split_whitespace().skip(1).collect();
    assert_eq!(numbers.first().unwrap().parse::<i64>().unwrap(), web.pid());
    assert_eq!(*numbers.last().unwrap(), "1");
    assert!(web.said().contains(&lab::namespace_of(web.pid(), "pid")));
    web.delete_force().ok();
}

#[test]
fn it_cannot_signal_processes_of_the_host() {
    let lab = Lab::new();
    let mut victim = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let script = format!("kill -9 {} 2>&1 || echo refused", victim.id());
    let seen = lab.container("web").capabilities(&["CAP_KILL"]).see(&script);
    let lives = victim.try_wait().unwrap().is_none();
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(seen.contains("No such process") && seen.contains("refused"), "{seen}");
    assert!(lives);
}

#[test]
fn when_its_first_process_ends_all_its_processes_end() {
    let lab = Lab::new();
    let web = lab.container("web").sh("sleep 12345 & sleep 0.2; exit 7");
    let output = web.run();
    assert_eq!(output.code, 7);
    web.after_nonce(&output.stdout);
    assert_eq!(lab.leftovers(), [""; 0]);
}
