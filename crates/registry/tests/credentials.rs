//! Files and programs that keep credentials.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fault::Kind;
use lab::{LyingRegistry, Registry, Reply, Scratch};
use oci::image::Reference;
use registry::{Client, Credential, Credentials, Kept};
use serde_json::{Value, json};

use crate::kit::{Image, name, settings};

/// A home with nothing in it.
struct Home {
    scratch: Scratch,
}

impl Home {
    fn new() -> Home {
        Home { scratch: Scratch::new("home") }
    }

    fn file(&self) -> PathBuf {
        self.scratch.path().join(".docker/config.json")
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.scratch.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// A helper `docker-credential-NAME` that is a script.
    fn helper(&self, name: &str, script: &str) {
        let source = self.write("bin/source", &format!("#!/bin/sh\n{script}"));
        // Written by another process: a file that somebody in this one could have inherited for writing cannot be run.
        let to = source.with_file_name(format!("docker-credential-{name}"));
        let copied = Command::new("install").arg("-m755").args([source, to]).status();
        assert!(copied.expect("install").success());
    }

    fn credentials(&self) -> Credentials {
        let bin = self.scratch.path().join("bin");
        Credentials {
            docker: Some(self.file()),
            helpers: format!("{}:/usr/bin:/bin", bin.display()).into(),
            ..Credentials::default()
        }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file()).expect("the file")).expect("JSON")
    }
}

fn password(user: &str, password: &str) -> Credential {
    Credential::Password { user: user.into(), password: password.into() }
}

fn reference(text: &str) -> Reference {
    text.parse().expect("a name")
}

#[test]
fn a_login_is_kept_and_a_logout_forgets_it() {
    let (home, registry) = (Home::new(), Registry::with().user("me", "pass:word").start());
    let (host, image) = (registry.host(), Image::new(10));
    let to = format!("docker://{host}/app:1");
    lab::skopeo(&["copy", "--dest-tls-verify=false", "--dest-creds=me:pass:word", &image.source(), &to]);
    home.write(
        ".docker/config.json",
        r#"{"psFormat":"x","auths":{"other":{"auth":"bzpw"}},"zeta":1,"alpha":[]}"#,
    );
    let mut settings = settings();
    settings.credentials = home.credentials();
    let resolve = || Client::new(settings.clone()).resolve(&name(&host, "app:1"));
    assert!(resolve().is_err());

    Client::log_in(&settings, &host, &password("me", "pass:word")).unwrap();
    assert!(resolve().is_err(), "to log in keeps nothing by itself");
    let kept = settings.credentials.keep(&host, &password("me", "pass:word")).unwrap();
    assert_eq!(kept, Kept::File(home.file()));
    assert_eq!(resolve().unwrap().bytes, image.manifest);
    assert_eq!(fs::metadata(home.file()).unwrap().permissions().mode() & 0o777, 0o600);
    // Fields that we do not know stay, in their order.
    let text = fs::read_to_string(home.file()).unwrap();
    let order =
        ["psFormat", "auths", "other", host.as_str(), "zeta", "alpha"].map(|key| text.find(key).unwrap());
    assert!(order.is_sorted(), "{text}");
    // skopeo reads what we wrote.
    let auth = format!("--authfile={}", home.file().display());
    lab::skopeo(&["inspect", "--tls-verify=false", &auth, &to]);

    assert!(settings.credentials.forget(&host).unwrap());
    assert!(!settings.credentials.forget(&host).unwrap());
    assert!(resolve().is_err());
    assert_eq!(home.json(), json!({"psFormat":"x","auths":{"other":{"auth":"bzpw"}},"zeta":1,"alpha":[]}));
    let left = fs::read_dir(home.file().parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "nothing but the file is left");
}

#[test]
fn a_wrong_password_is_no_login() {
    let registry = Registry::with().user("me", "right").start();
    let fault = Client::log_in(&settings(), &registry.host(), &password("me", "wrong")).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    assert!(fault.sentence().contains("unauthorized: incorrect username or password"), "{fault}");
    assert!(!fault.to_string().contains("wrong"), "{fault}");
    assert!(Client::log_in(&settings(), &registry.host(), &password("me", "right")).is_ok());
    let none = LyingRegistry::new(|_| Reply::of(404, "<html>"));
    let fault = Client::log_in(&settings(), &none.host(), &password("me", "right")).unwrap_err();
    assert!(fault.sentence().contains("does not answer at `/v2/` as a registry does"), "{fault}");
}

#[test]
fn docker_hub_has_the_key_that_docker_gives_it() {
    let home = Home::new();
    let credentials = home.credentials();
    credentials.keep("docker.io", &password("me", "secret")).unwrap();
    assert_eq!(home.json(), json!({"auths": {"https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"}}}));
    assert_eq!(credentials.of(&reference("debian")).unwrap(), Some(password("me", "secret")));
    assert_eq!(fs::metadata(home.file().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let identity = Credential::Identity { user: "me".into(), token: "long".into() };
    credentials.keep("docker.io", &identity).unwrap();
    assert_eq!(credentials.of_registry("docker.io").unwrap(), Some(identity));
    assert!(credentials.forget("docker.io").unwrap());
    assert_eq!(home.json(), json!({"auths": {}}));
    // What old dockers wrote is replaced, not kept beside.
    home.write(
        ".docker/config.json",
        r#"{"auths":{"https://a.example/v1/":{"auth":"bzpw"},"docker.io":{"auth":"bzpw"}}}"#,
    );
    credentials.keep("a.example", &password("me", "secret")).unwrap();
    credentials.keep("docker.io", &password("me", "secret")).unwrap();
    let auth = json!({"auth": "bWU6c2VjcmV0"});
    assert_eq!(home.json(), json!({"auths": {"a.example": auth, "https://index.docker.io/v1/": auth}}));
}

#[test]
fn a_helper_keeps_what_it_is_given() {
    let home = Home::new();
    home.write(".docker/config.json", r#"{"credsStore":"lab"}"#);
    let said = home.scratch.path().join("said");
    home.helper(
        "lab",
        &format!(
            r#"case $1 in
           store) cat > {0} ;;
           get) [ "$(cat)" = https://index.docker.io/v1/ ] && [ -e {0} ] && exec cat {0}
                echo 'credentials not found in native keychain'; exit 1 ;;
           erase) rm -f {0} ;;
           esac"#,
            said.display()
        ),
    );
    let credentials = home.credentials();
    assert_eq!(credentials.of(&reference("debian")).unwrap(), None);
    assert_eq!(credentials.keep("docker.io", &password("me", "secret")).unwrap(), Kept::Helper("lab".into()));
    let given: Value = serde_json::from_slice(&fs::read(&said).unwrap()).unwrap();
    assert_eq!(given, json!({"ServerURL":"https://index.docker.io/v1/","Username":"me","Secret":"secret"}));
    // No secret is in the file.
    assert_eq!(home.json(), json!({"credsStore":"lab","auths":{"https://index.docker.io/v1/":{}}}));
    assert_eq!(credentials.of(&reference("debian")).unwrap(), Some(password("me", "secret")));
    assert_eq!(credentials.of(&reference("quay.io/debian")).unwrap(), None);
    assert!(credentials.forget("docker.io").unwrap());
    assert!(!said.exists());
    assert_eq!(credentials.of(&reference("debian")).unwrap(), None);
}

#[test]
fn helpers_that_fail_say_so() {
    let home = Home::new();
    let ask = |script: &str| {
        home.helper("lab", script);
        home.write(
            ".docker/config.json",
            r#"{"credHelpers":{"a.example":"lab"},"auths":{"b.example":{"auth":"YTpi"}}}"#,
        );
        let mut credentials = home.credentials();
        credentials.helper_limit = Some(Duration::from_millis(300));
        credentials.of(&reference("a.example/x"))
    };
    let secret = r#"{"Username":"<token>","Secret":"long"}"#;
    assert_eq!(
        ask(&format!("echo '{secret}'")).unwrap(),
        Some(Credential::Identity { user: String::new(), token: "long".into() }),
        "the control"
    );
    for (words, script) in [
        ("the keychain is locked", "echo the keychain is locked; exit 1"),
        ("without a word", "exit 3"),
        ("something else than the JSON", "echo secret"),
        ("it has not ended in time", "exec sleep 100"),
        ("it has not ended in time", "exec >&-; exec sleep 100"),
        ("more than 1048576 bytes", "exec cat /dev/zero"),
    ] {
        let fault = ask(script).unwrap_err();
        assert!(
            fault.sentence().contains(words) && fault.sentence().contains("`docker-credential-lab`"),
            "{fault}"
        );
        assert!(!fault.to_string().contains("secret"), "{fault}");
    }
    fs::remove_file(home.scratch.path().join("bin/docker-credential-lab")).unwrap();
    let fault = home.credentials().of(&reference("a.example/x")).unwrap_err();
    assert!(fault.sentence().contains("it is not in PATH"), "{fault}");
    // Another registry is none of the helper's business.
    assert_eq!(home.credentials().of(&reference("b.example/x")).unwrap(), Some(password("a", "b")));
    home.write(".docker/config.json", r#"{"credsStore":"../../bin/sh"}"#);
    let fault = home.credentials().of(&reference("a.example/x")).unwrap_err();
    assert!(fault.sentence().contains("that is no name of a helper"), "{fault}");
}

#[test]
fn of_several_places_the_first_that_knows_the_registry_counts() {
    let home = Home::new();
    let file = |who: &str| json!({"auths": {"a.example": {"username": who, "password": "x"}}}).to_string();
    let mut credentials = home.credentials();
    let who = |credentials: &Credentials| match credentials.of(&reference("a.example/team/app")).unwrap() {
        Some(Credential::Password { user, .. }) => user,
        other => format!("{other:?}"),
    };
    assert_eq!(who(&credentials), "None");
    let podman = r#"{"auths":{"a.example":{"username":"wide","password":"x"},"a.example/team":{"username":"podman","password":"x"}}}"#;
    credentials.podman = vec![home.write("run/auth.json", podman)];
    assert_eq!(who(&credentials), "podman");
    home.write(".docker/config.json", &file("docker"));
    assert_eq!(who(&credentials), "docker");
    credentials.inline = Some(file("inline"));
    assert_eq!(who(&credentials), "inline");
    credentials.chosen = Some(home.write("chosen.json", &file("chosen")));
    assert_eq!(who(&credentials), "chosen");
    credentials.given = Some(("a.example".into(), password("given", "x")));
    assert_eq!(who(&credentials), "given");
    credentials.given = Some(("b.example".into(), password("given", "x")));
    assert_eq!(who(&credentials), "chosen");
}

#[test]
fn two_logins_at_once_are_both_kept() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let credentials = home.credentials();
            scope.spawn(move || {
                credentials.keep(&format!("r{number}.example"), &password("me", "x")).unwrap()
            });
        }
    });
    assert_eq!(home.json()["auths"].as_object().unwrap().len(), 8);
}

#[test]
fn nothing_shows_a_secret() {
    let credential = password("me", "secret");
    let mut settings = settings();
    settings.credentials.given = Some(("a".into(), credential.clone()));
    settings.credentials.inline = Some("secret".into());
    let shown = format!("{credential:?} {:?} {settings:?}", settings.credentials);
    assert!(shown.contains("me") && !shown.contains("secret"), "{shown}");
}
