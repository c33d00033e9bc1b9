//! What a container could do to those beside it, to who has started it, and to the machine by being there.

use std::collections::BTreeSet;
use std::fs;

use lab::{Container, Lab, Pty};
use serde_json::json;

use crate::kit::{number, with_probe};

/// Its program says what the probe says.
fn probes<'lab>(web: Container<'lab>, words: &[&str]) -> Container<'lab> {
    let args: Vec<&str> = ["/bin/probe"].iter().chain(words).copied().collect();
    with_probe(web).args(&args)
}

/// CVE-2017-5226: a program without a terminal of its own types into that of its caller.
#[test]
fn sec_cve_2017_5226_nobody_types_into_the_callers_terminal() {
    let lab = Lab::new();
    let typed = |web: &Container<'_>| {
        web.save();
        let (mut pty, end) = Pty::open();
        let script = "\"$@\" >&0 2>&0; echo code $? >&0";
        let call = lab.program("setsid").args(["--ctty", "--wait", "sh", "-c", script, "sh"]);
        let call = call.arg(lab::runtime()).arg("--root").arg(lab.state_folder()).arg("run").arg("--bundle");
        let running = call.arg(web.bundle()).arg(web.id()).stdin(end).start();
        let said = pty.read_until("code 0");
        drop(running.finish());
        said
    };
    let web = probes(lab.container("web"), &["type"]);
    let said = typed(&web);
    // It is nobody's terminal that it could type into, without the capability that root of the machine needs.
    let answers: Vec<_> = said.lines().filter_map(|line| line.trim().split_once(' ')).collect();
    let refused = answers
        .iter()
        .filter(|(sti, linux)| [sti, linux].iter().all(|errno| ["1", "5", "25"].contains(*errno)));
    assert_eq!(refused.count(), 3, "{said}");
    assert!(!said.contains('x'), "{said}");
    // The control: the same program, outside and in the caller's session.
    let (mut pty, end) = Pty::open();
    let probe = crate::kit::probe();
    let call =
        lab.program("setsid").args(["--ctty", "--wait", "sh", "-c", "\"$@\" >&0 2>&0", "sh"]).arg(probe);
    let running = call.arg("type").stdin(end).start();
    let said = pty.read_until("0 ");
    drop(running.finish());
    assert!(said.contains("0 "), "{said}");
}

/// Keys of the host's session cannot be found, nor those of another container, nor by who enters later.
#[test]
fn keys_stay_where_they_were_planted() {
    let lab = Lab::new();
    // A session of the host's with a key in it; the container is started from there.
    let session = |call: lab::Call| call.under([crate::kit::text(crate::kit::probe()).as_str(), "session"]);
    let web = probes(lab.container("web"), &["keys"]);
    let said = session(web.call("run", &[])).output().ok();
    assert_eq!(number(&said, "planted"), 0, "{said}");
    assert_eq!((number(&said, "search"), number(&said, "request")), (126, 126), "{said}");
    // The control: with the session of the host it is found.
    let open = session(web.call("run", &["--no-new-keyring"])).output().ok();
    assert_eq!((number(&open, "search"), number(&open, "request")), (0, 0), "{open}");
    assert_ne!(number(&said, "session"), number(&open, "session"));

    // Two containers, and one more process in each.
    let one = with_probe(lab.container("one")).sh("/bin/probe plant; sleep 1000").launch();
    one.wait_for("planted 0");
    let two = with_probe(lab.container("two")).sleeping().launch();
    let exec =
        |web: &Container<'_>| session(lab.runtime(["exec", web.id(), "/bin/probe", "keys"])).output().ok();
    let (in_one, in_two) = (exec(&one), exec(&two));
    assert_eq!((number(&in_two, "search"), number(&in_two, "request")), (126, 126), "{in_two}");
    assert_ne!(number(&in_one, "session"), number(&in_two, "session"));
    for web in [one, two] {
        web.delete_force().ok();
    }
    // And where a filter forbids the calls, nobody asks at all.
    let filtered = probes(lab.container("filtered"), &["keys"]).edit(lab::as_docker);
    let said = filtered.run().ok();
    assert_eq!((number(&said, "session"), number(&said, "search")), (-1, 1), "{said}");
}

/// The masked list of all keys is empty, and would not be.
#[test]
fn the_list_of_keys_is_empty() {
    let lab = Lab::new();
    assert_eq!(lab.container("web").see("cat /proc/keys"), "");
    let open = lab.container("open").edit(|config| config["linux"]["maskedPaths"] = json!([]));
    assert_ne!(open.see("cat /proc/keys"), "", "the control");
}

/// Namespaces of many containers are as many, and none is the host's.
#[test]
fn namespaces_are_all_different() {
    const KINDS: [&str; 6] = ["cgroup", "ipc", "mnt", "net", "pid", "uts"];
    const MANY: usize = 50;
    let lab = Lab::new();
    let mut seen: BTreeSet<String> = KINDS.iter().map(|kind| lab::namespace_of("self", kind)).collect();
    let script =
        format!("for kind in {}; do readlink /proc/self/ns/$kind; done; sleep 1000", KINDS.join(" "));
    let start = |number: usize| {
        let web = lab.container(&format!("web{number}")).sh(&script);
        let web = web.edit(|config| lab::namespace(config, "cgroup", None)).launch();
        web.wait_for("uts:");
        web
    };
    let all: Vec<_> = (0..MANY).map(start).collect();
    for web in &all {
        seen.extend(web.after_nonce(&web.said()).lines().map(String::from));
    }
    assert_eq!(seen.len(), KINDS.len() * (MANY + 1));
    // Nobody sees another's processes, so nobody can signal or trace them.
    let ps = lab.runtime(["exec", all[0].id(), "/bin/sh", "-c", "ls /proc | grep -c '^[0-9]'"]).output().ok();
    assert!(ps.trim().parse::<usize>().expect("a number") < 6, "{ps}");
    for web in &all {
        web.delete_force().ok();
    }
    // The control: one that joins another's has that one's.
    let one = lab.container("one").sleeping().launch();
    let path = format!("/proc/{}/ns/net", one.pid());
    let other = lab.container("other").edit(|config| lab::namespace(config, "network", Some(&path)));
    assert_eq!(other.see("readlink /proc/self/ns/net").trim(), lab::namespace_of(one.pid(), "net"));
    one.delete_force().ok();
}

/// Mounts of a container do not appear on the host, nor the other way; and how the host's are shared stays as it is.
#[test]
fn mounts_stay_on_their_side() {
    let lab = Lab::new();
    let folder = lab.folder().join("shared");
    fs::create_dir_all(folder.join("inner")).expect("a folder");
    let host = "mount --bind \"$FOLDER\" \"$FOLDER\" && mount --make-shared \"$FOLDER\" || exit 9
        cat /proc/self/mountinfo > \"$FOLDER/before\"; \"$@\" || exit 8
        cat /proc/self/mountinfo > \"$FOLDER/after\"; grep -c inner \"$FOLDER/after\"; exit 0";
    let run = |propagation: &str| {
        let options = format!("rbind,{propagation}");
        let web =
            lab.container("web").mount("bind", folder.to_str().expect("a path of ours"), "/work", &options);
        let web = web.capabilities(&["CAP_SYS_ADMIN"]).sh("mount -t tmpfs tmpfs /work/inner && echo mounted");
        let call = web.call("run", &[]).env("FOLDER", &folder).under(["sh", "-c", host, "sh"]);
        let said = call.under(["unshare", "--mount", "--propagation", "private"]).output().ok();
        let said = web.after_nonce(&said);
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a table of mounts");
        (said, read("before") == read("after"))
    };
    for propagation in ["rprivate", "rslave"] {
        assert_eq!(run(propagation), ("mounted\n0\n".to_string(), true), "{propagation}");
    }
    // The control: a bind that is shared is meant to be seen.
    assert_eq!(run("rshared"), ("mounted\n1\n".to_string(), false));
}

/// Processes without end: the machine goes on, and all of them are gone when the container is.
#[test]
fn a_bomb_of_processes_is_held_and_removed() {
    let lab = Lab::new();
    let limited = |limit: i64| {
        // The shell that cannot make one more gives up.
        let script = "(i=0; while [ $i -lt 300 ]; do i=$((i + 1)); sleep 1000 & done) 2> /dev/null
            echo full; exec sleep 1000";
        let web = lab.container("web").sh(script);
        let web = web.edit(|config| config["linux"]["resources"]["pids"] = json!({"limit": limit})).launch();
        lab::until("it has many", || lab.runtime(["ps", web.id()]).output().stdout.lines().count() > 60);
        web
    };
    let web = limited(64);
    let count = lab.runtime(["ps", web.id()]).output().ok().lines().count() - 1;
    assert!(count <= 64, "{count} processes");
    // Others are started meanwhile.
    lab.container("other").see("true");
    web.delete_force().ok();
    assert_eq!(lab.leftovers(), [""; 0]);
    // The control: without a limit there are more. All of them are removed too.
    let web = limited(-1);
    web.wait_for("full");
    assert!(lab.runtime(["ps", web.id()]).output().ok().lines().count() > 300);
    web.delete_force().ok();
    assert_eq!(lab.leftovers(), [""; 0]);
}
