//! Values of variables and passwords are said nowhere where docker does not say them (CVE-2019-13509: a password in the
//! daemon's debug log).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lab::{Call, Lab, LyingRegistry, Nagaya, Output, Reply};

use crate::inside::import_box;

/// Something that is found wherever it is said.
struct Canary(String);

impl Canary {
    fn of(lab: &Lab) -> Canary {
        Canary(format!("canary-of-{}", lab.name().trim_end_matches('_')))
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.0.len()).any(|part| part == self.0.as_bytes())
    }

    #[track_caller]
    fn is_not_said(&self, output: &Output) {
        assert!(!self.is_in(output.stdout.as_bytes()) && !self.is_in(output.stderr.as_bytes()), "{output:?}");
    }

    /// Files below a folder that have it.
    fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("its kind"));
            if kind.is_dir() {
                found.extend(self.files(&path));
            } else if kind.is_file() && self.is_in(&fs::read(&path).unwrap_or_default()) {
                found.push(path);
            }
        }
        found
    }
}

#[test]
fn values_of_variables_are_not_said() {
    let lab = Lab::new();
    import_box(&lab);
    let (canary, name) = (Canary::of(&lab), lab.container_name());
    let (typed, file) = (format!("TYPED={}", canary.0), lab.folder().join("variables"));
    fs::write(&file, format!("FROM_FILE={}\nOWN\n", canary.0)).expect("a file");
    let file = file.display().to_string();
    let variables = ["-e", &typed, "-e", "OWN", "--env-file", &file];
    let call = |verb: &[&str], words: &[&str]| -> Call {
        lab.nagaya(&[verb, &variables, words].concat()).env("OWN", &canary.0)
    };
    // It listens, so that it is there to be looked at; what is wrong with the others differs.
    let health = ["--health-cmd", "test -n \"$TYPED\"", "--health-interval", "50ms", "--name", &name];
    let run = [
        &health[..],
        &["box", "sh", "-c", "trap 'exit 3' TERM; echo up; touch /made; while :; do sleep 0.05; done"],
    ]
    .concat();
    canary.is_not_said(&call(&["explain", "run"], &run).output());
    let traced = call(&["run", "-d", "--trace"], &run).output();
    assert!(traced.code == 0 && traced.stderr.contains(" us "), "it is traced: {traced:?}");
    canary.is_not_said(&traced);
    for (verb, words, code) in [
        (vec!["exec", "--trace"], vec![&name, "sh", "-c", "test -n \"$TYPED$OWN\" && exit 7"], 7),
        (vec!["exec"], vec![&name, "/nothing/here"], 127),
        (vec!["explain", "exec"], vec![&name, "true"], 0),
        (vec!["run", "--rm"], vec!["box", "/nothing/here"], 127),
        (vec!["run", "--rm", "--memory", "x"], vec!["box", "true"], 125),
        (vec!["run", "--rm", "--nope"], vec!["box", "true"], 125),
        (vec!["run", "--rm", "--user", "nobody-of-this-name"], vec!["box", "true"], 125),
        (vec!["run", "--rm", "-v", "/proc/nope:/x"], vec!["box", "true"], 125),
        (vec!["run", "--rm", "--name", &name], vec!["box", "true"], 125),
        (vec!["run", "--rm"], vec!["registry.invalid/no/image", "true"], 125),
    ] {
        let output = call(&verb, &words.iter().map(|word| &**word).collect::<Vec<_>>()).output();
        assert_eq!(output.code, code, "{output:?}");
        canary.is_not_said(&output);
    }
    lab::until("it is healthy", || lab.nagaya(&["ps"]).output().ok().contains("(healthy)"));
    let id = fs::read_link(lab.engine_root().join("names").join(&name)).expect("its id");
    let state = lab.engine_root().join("containers").join(id).join("state.json");
    let written: serde_json::Value =
        serde_json::from_slice(&fs::read(state).expect("its state")).expect("JSON");
    let monitor = written["monitor"].as_i64().expect("a number");
    let keeper = crate::world::keeper_of(monitor, lab.name()).expect("a keeper");
    for pid in [monitor, keeper] {
        for what in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{pid}/{what}")).expect("of a process");
            assert!(!canary.is_in(&bytes), "{what}");
        }
    }
    lab.nagaya(&["stop", &name]).output().ok();
    for words in [
        vec!["ps", "-a", "--no-trunc", "--format", "json"],
        vec!["logs", "--details", &name],
        vec!["why", &name],
        vec!["timeline", &name],
        vec!["timeline", "--json", &name],
        vec!["events", "--since", "1h", "--until", "0s", "--format", "json"],
        vec!["system", "check"],
        vec!["info"],
        vec!["diff", &name],
    ] {
        let output = lab.nagaya(&words).output();
        assert!(output.code == 0 && !output.stdout.is_empty(), "{output:?}");
        canary.is_not_said(&output);
    }
    // The control: it is in the one file that is there for it, which is root's alone, and shown where docker shows it.
    let found = canary.files(&lab.engine_root());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("container.json"), "{found:?}");
    let closed = found[0]
        .ancestors()
        .skip(1)
        .take(3)
        .any(|folder| fs::metadata(folder).expect("a folder").permissions().mode().is_multiple_of(0o100));
    assert!(closed, "{found:?}");
    for words in [["inspect", &name], ["replay", &name]] {
        assert!(canary.is_in(lab.nagaya(&words).output().ok().as_bytes()), "{words:?}");
    }
    lab.nagaya(&["rm", &name]).output().ok();
    assert_eq!(canary.files(&lab.engine_root()), Vec::<PathBuf>::new());
}

/// A registry is told the password, and nobody else, whatever it answers.
#[test]
fn passwords_are_not_said() {
    let lab = Lab::new();
    let canary = Canary::of(&lab);
    // As HTTP passes it on, with the name of the user before it.
    let encoded = lab.program("/bin/sh").args(["-c", &format!("printf me:{} | base64 -w 0", canary.0)]);
    let encoded = Canary(encoded.output().ok());
    let neither = |output: &Output| {
        canary.is_not_said(output);
        encoded.is_not_said(output);
    };
    let answers = |status: u16| {
        move |_: &lab::Asked| match status {
            401 => Reply::of(401, "{}").header("www-authenticate", "Basic realm=\"x\""),
            status => Reply::of(status, "{\"errors\": [{\"code\": \"DENIED\", \"message\": \"no\"}]}"),
        }
    };
    let folder = lab.folder().join("docker");
    for status in [401, 403, 404, 200] {
        let registry = LyingRegistry::new(answers(status));
        let (host, password) = (registry.host(), lab.folder().join("password"));
        fs::write(&password, &canary.0).expect("a password");
        let call = |words: &[&str]| lab.nagaya(words).env("DOCKER_CONFIG", &folder);
        let stdin = fs::File::open(&password).expect("it is there");
        let log_in = call(&["login", "-u", "me", "--password-stdin", &host]).stdin(stdin).output();
        assert_eq!(log_in.code == 0, status == 200, "{log_in:?}");
        neither(&log_in);
        let typed = call(&["login", "-u", "me", "-p", &canary.0, &host]).output();
        assert_eq!(typed.code == 0, status == 200, "{typed:?}");
        neither(&typed);
        let pull = call(&["pull", &format!("{host}/a:1")]).output();
        assert_ne!(pull.code, 0, "{pull:?}");
        neither(&pull);
        // The control: the registry was told, when it asked.
        let told = registry
            .asked()
            .iter()
            .any(|asked| asked.header("authorization").is_some_and(|value| encoded.is_in(value.as_bytes())));
        assert_eq!(told, status == 401, "{:?}", registry.asked());
    }
    assert!(!lab.engine_root().exists() || canary.files(&lab.engine_root()).is_empty());
    let kept = fs::read_to_string(folder.join("config.json")).expect("what was kept");
    assert!(encoded.is_in(kept.as_bytes()), "{kept}");
}
