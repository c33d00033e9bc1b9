//! Many commands about volumes at once.

use lab::{Lab, Nagaya};

use crate::volume_kit::{LOOK, LOOKS, WithVolumes};

#[test]
fn what_is_used_outlives_those_who_prune() {
    const EACH: usize = 6;
    let lab = Lab::new();
    lab.image("web", &["VOLUME /own"]);
    let keeper = lab.named("keeper");
    lab.fine(&["create", "--name", &keeper, "-v", "kept:/data", "-v", "/nameless", "web", "true"]);
    std::fs::write(lab.data("kept").join("mark"), "here").expect("a file");
    let kept = lab.in_volumes();
    let names: Vec<_> = (0..4).map(|number| lab.named(&format!("run{number}"))).collect();
    let root = lab.engine_root();
    let run = |words: Vec<String>| {
        let mut command = std::process::Command::new(lab::engine());
        command.arg("--root").arg(&root).args(&words).env("NAGAYA_NETWORK", "none");
        let output = command.output().expect("nagaya");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let words = |text: &[&str]| text.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (run, words) = (&run, &words);
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(move || {
                for _ in 0..EACH {
                    // Each finds the volume that it has named whole, whoever removed it a moment ago.
                    let seen = run(words(&[
                        "run",
                        "--rm",
                        "--name",
                        name,
                        "-v",
                        "shared:/data",
                        "web",
                        "sh",
                        "-c",
                        LOOK,
                    ]));
                    assert_eq!(seen, LOOKS);
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(move || {
                for _ in 0..EACH * 2 {
                    run(words(&["volume", "prune", "-af"]));
                }
            });
        }
    });
    lab.fine(&["volume", "prune", "-af"]);
    assert_eq!(lab.in_volumes(), kept);
    assert_eq!(std::fs::read_to_string(lab.data("kept").join("mark")).expect("a file"), "here");
    // The control: as soon as nobody has them, they go.
    lab.fine(&["rm", &keeper]);
    lab.fine(&["volume", "prune", "-af"]);
    assert_eq!(lab.in_volumes(), [""; 0]);
}
