//! Descriptors of the host, and ways to them (CVE-2024-21626).

use lab::{Container, Lab, Output};

use crate::kit::probe;

/// Has these open when the runtime is called, without close-on-exec: all of them are the host's root.
fn leaky() -> String {
    let open = |number: usize| format!("{number}</");
    let all: Vec<String> = (10..40).map(open).collect();
    format!("exec \"$@\" {}", all.join(" "))
}

/// Calls with descriptors 10 to 39 open on the host's root. Not every shell has numbers of two digits.
fn with_leaks(call: lab::Call) -> Output {
    let script = leaky();
    call.under(["bash", "-c", &script, "bash"]).output()
}

/// What a process has open, and where: only its standard streams, whatever the caller has.
#[test]
fn sec_cve_2024_21626_nothing_of_the_callers_comes_along() {
    let lab = Lab::new();
    // The last one is the folder that `ls` reads.
    let list = "ls /proc/self/fd | tr '\\n' ' '";
    let web = lab.container("web").sh(list);
    assert_eq!(web.after_nonce(&with_leaks(web.call("run", &[])).ok()), "0 1 2 3 ");
    // The control: what is asked for comes along.
    let asked = web.call("run", &["--preserve-fds", "1"]).redirect("3</ 4</");
    assert_eq!(web.after_nonce(&asked.output().ok()), "0 1 2 3 4 ");
    let web = web.sleeping().launch();
    let exec = lab.runtime(["exec", web.id(), "/bin/sh", "-c", list]);
    assert_eq!(with_leaks(exec).ok(), "0 1 2 3 ");
    web.delete_force().ok();
}

/// A way that leads through a descriptor of any number, of the process itself and of its neighbours.
fn ways(number: usize) -> [String; 3] {
    [
        format!("/proc/self/fd/{number}"),
        format!("/proc/1/fd/{number}"),
        format!("/proc/thread-self/fd/{number}"),
    ]
}

/// The program did not run, or it runs inside: it says so, and sees no folder of the host's.
#[track_caller]
fn stays_inside(web: &Container<'_>, output: &Output, way: &str) {
    output.no_crash();
    assert!(!output.stdout.contains("OUTSIDE"), "{way}: {output:?}");
    if output.code == 0 {
        assert!(output.stdout.contains(&web.nonce()), "{way}: {output:?}");
    } else {
        let words = ["process.cwd", "working directory"];
        assert!(words.iter().any(|word| output.stderr.contains(word)), "{way}: {output:?}");
    }
}

/// A file that only the host has, looked for upwards from where the program is.
fn look(web: &Container<'_>) -> String {
    let marker = web.lab().folder().join("marker").display().to_string();
    std::fs::write(&marker, "").expect("a marker");
    format!(
        "echo {}; for up in . ../.. ../../../../..; do [ -e $up{marker} ] && echo OUTSIDE; done; true",
        web.nonce()
    )
}

#[test]
fn sec_cve_2024_21626_the_working_directory_of_run_and_exec() {
    let lab = Lab::new();
    let web = lab.container("web").sleeping().launch();
    for number in 0..64 {
        for way in ways(number) {
            let other = lab.container("other");
            let script = look(&other);
            let other = other.args(&["/bin/sh", "-c", &script]).edit(|config| {
                config["process"]["cwd"] = way.clone().into();
            });
            stays_inside(&other, &with_leaks(other.call("run", &[])), &way);
        }
        let way = &ways(number)[number % 3];
        let exec = lab.runtime(["exec", "--cwd", way, web.id(), "/bin/sh", "-c", &look(&web)]);
        stays_inside(&web, &with_leaks(exec), way);
    }
    web.delete_force().ok();
    // The control: it would be seen where it can be seen.
    let other = lab.container("other").mount("bind", "/", "/work", "bind");
    let script = look(&other);
    let other =
        other.args(&["/bin/sh", "-c", &script]).edit(|config| config["process"]["cwd"] = "/work".into());
    assert!(other.run().ok().contains("OUTSIDE"), "the look sees nothing");
}

/// The program itself: one of the host's, found by way of a descriptor. It is static, so it could run anywhere.
#[test]
fn sec_cve_2024_21626_the_program_of_run_and_exec() {
    let lab = Lab::new();
    let outside = lab.folder().join("outside");
    std::fs::copy(probe(), &outside).expect("a program of the host's");
    let web = lab.container("web").sleeping().launch();
    let other = |program: &str| lab.container("other").args(&[program, "user"]);
    for number in 0..64 {
        for way in ways(number) {
            let program = format!("{way}{}", outside.display());
            let other = other(&program);
            let output = with_leaks(other.call("run", &[]));
            assert!(output.code != 0 && !output.stdout.contains("uid"), "{program} ran: {output:?}");
            output.refused(&["exec"]);
        }
        let program = format!("{}{}", ways(number)[number % 3], outside.display());
        let output = with_leaks(lab.runtime(["exec", web.id(), &program, "user"]));
        assert!(output.code == 255 && !output.stdout.contains("uid"), "{program} ran: {output:?}");
    }
    web.delete_force().ok();
    // The control: the one descriptor that is passed on is a way, and then it runs.
    let other = other(&format!("/proc/self/fd/3{}", outside.display()));
    let passed = other.call("run", &["--preserve-fds", "1"]).redirect("3</").output();
    assert!(passed.ok().contains("uid 0 0"));
}
