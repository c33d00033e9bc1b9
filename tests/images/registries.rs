//! Registries that misbehave, through the commands. What `crates/registry/tests` has of the client is true of `pull`
//! and `push` too: one sentence that names the registry, and nothing that stays.

use lab::{Asked, Call, LyingRegistry, Nagaya, Output, Reply, fails};
use serde_json::Value;

use crate::kit::{Images, bounded};
use crate::layout::{LAYER_GZIP, bare};
use crate::sample::put;
use crate::ways_in::{Attempt, serve};

type Lie = fn(Reply) -> Reply;
type Answer = fn(&Asked) -> Reply;

fn image(attempt: &Attempt) -> Value {
    put(&attempt.lab.folder().join("root/file"), "text");
    let archive = attempt.lab.folder().join("root.tar");
    crate::layout::tar(&attempt.lab.folder().join("root"), &archive, &[]);
    let tar = std::fs::read(archive).expect("a tar");
    attempt.layout.image(&[(&tar, LAYER_GZIP)], bare())
}

/// As nobody who has logged in anywhere.
fn call(attempt: &Attempt, words: &[&str]) -> Output {
    let call: Call = attempt.lab.nagaya(words).env("DOCKER_CONFIG", attempt.lab.folder().join("nobody"));
    call.deadline(std::time::Duration::from_mins(2)).output()
}

/// What is asked for when an image is pulled: its manifest, its config, its layer.
fn is_about(asked: &Asked, what: &str, config: &str) -> bool {
    match what {
        "manifest" => asked.path().contains("/manifests/"),
        "config" => asked.path().ends_with(config),
        _ => asked.path().contains("/blobs/") && !asked.path().ends_with(config),
    }
}

#[test]
fn answers_that_are_none() {
    let attempt = Attempt::new();
    let image = image(&attempt);
    let manifest = std::fs::read(attempt.layout.blob_path(image["digest"].as_str().expect("a text")));
    let manifest: Value = serde_json::from_slice(&manifest.expect("it is there")).expect("JSON");
    let config = manifest["config"]["digest"].as_str().expect("a text").to_string();
    let lies: [(&str, Lie); 14] = [
        ("nobody may", |_| Reply::status(403)),
        ("it is not there", |_| Reply::of(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#)),
        ("it is gone", |_| Reply::status(410)),
        ("a login page", |_| Reply::of(200, "<html>log in</html>").header("content-type", "text/html")),
        ("something else", |_| Reply::of(200, "{}")),
        ("nothing", |_| Reply::of(200, "")),
        ("packed", |reply| reply.header("content-encoding", "gzip")),
        ("without an end", |_| Reply::of(200, vec![b' '; 65_536]).endless()),
        ("long headers", |reply| reply.header("x-long", &"x".repeat(1 << 20))),
        ("to a file", |_| Reply::redirect("file:///etc/passwd")),
        ("to nowhere", |_| Reply::status(307)),
        ("to itself", |_| Reply::redirect("/v2/app/manifests/round")),
        ("for a terminal", |_| {
            Reply::of(418, "{\"errors\":[{\"code\":\"\\u001b[2J\",\"message\":\"\\nhint: x\"}]}")
        }),
        ("a 401 that asks for nothing", |_| Reply::status(401)),
    ];
    for what in ["manifest", "config", "layer"] {
        for (lie, tell) in lies {
            let config = config.clone();
            let registry = serve(&attempt.layout.folder, &image, move |asked, reply| {
                if asked.path().ends_with("/round") {
                    return Reply::redirect("/v2/app/manifests/round");
                }
                if is_about(asked, what, &config) { tell(reply) } else { reply }
            });
            let host = registry.host();
            let output = call(&attempt, &["pull", &format!("{host}/app:1")]);
            if lie == "packed" && what == "manifest" {
                // It is the bytes that came, and all that they name has its digest.
                output.ok();
                attempt.lab.fine(&["image", "prune", "-af"]);
                continue;
            }
            assert_eq!(output.code, 1, "{what}, {lie}: {output:?}");
            let error = output.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
            bounded(error);
            assert!(error.contains(&host) || error.contains("sha256:"), "{what}, {lie}: {error}");
            fails(output, 1, &[]);
            attempt.nothing_came();
            assert!(registry.asked().len() < 40, "{what}, {lie}: {:?}", registry.lines());
        }
    }
    // The control: the same registry, without a lie.
    let honest = serve(&attempt.layout.folder, &image, |_, reply| reply);
    assert_eq!(call(&attempt, &["pull", &format!("{}/app:1", honest.host())]).code, 0);
}

#[test]
fn what_breaks_goes_on_and_is_the_same() {
    let attempt = Attempt::new();
    let image = image(&attempt);
    let registry = serve(&attempt.layout.folder, &image, |asked, reply| match asked.before {
        0 if asked.path().contains("/manifests/") => Reply::status(503),
        0 if asked.path().contains("/blobs/") => reply.cut(10),
        _ => reply,
    });
    let output = call(&attempt, &["pull", &format!("{}/app:1", registry.host())]);
    assert!(output.stderr.contains("trying again"), "{output:?}");
    output.ok();
    let ranges = registry.asked().iter().filter(|asked| asked.header("range") == Some("bytes=10-")).count();
    assert!(ranges > 0, "{:?}", registry.lines());
    attempt.lab.is_clean();
}

#[test]
fn challenges_that_lead_nowhere() {
    let attempt = Attempt::new();
    let image = image(&attempt);
    let evil = LyingRegistry::at("127.0.0.2", |_| Reply::of(200, r#"{"token":"t"}"#));
    let long = format!("Bearer realm=\"{}\"", "x".repeat(100 << 10));
    for challenge in [
        "",
        "Bearer",
        "Bearer realm=",
        "Bearer realm=\"not a place\"",
        "Bearer realm=\"file:///etc/passwd\"",
        "Bearer realm=\"http://169.254.169.254/token\"",
        "Negotiate",
        "\u{1b}[2J",
        &long,
    ] {
        let said = challenge.to_string();
        let registry = serve(&attempt.layout.folder, &image, move |_, _| {
            Reply::status(401).header("www-authenticate", &said)
        });
        let output = call(&attempt, &["pull", &format!("{}/app:1", registry.host())]);
        bounded(&fails(output, 1, &[]));
        assert!(!registry.asked().is_empty() && registry.asked().len() < 20, "{challenge}");
        attempt.nothing_came();
    }
    assert!(evil.asked().is_empty());
}

#[test]
fn pushes_that_are_taken_badly() {
    let attempt = Attempt::new();
    let image = image(&attempt);
    attempt.layout.list(&[("app:1", image)]);
    attempt.lab.load(&attempt.layout.folder);
    let answers: [(&str, Answer); 7] = [
        ("no place for it", |asked| upload(asked, Reply::status(202))),
        ("a place of a file", |asked| {
            upload(asked, Reply::status(202).header("location", "file:///etc/passwd"))
        }),
        ("a place of this machine's own", |asked| {
            upload(asked, Reply::status(202).header("location", "http://169.254.169.254/x"))
        }),
        ("not allowed", |asked| upload(asked, Reply::status(403))),
        (
            "the bytes are refused",
            |asked| if asked.method == "PUT" { Reply::status(400) } else { taken(asked) },
        ),
        ("the manifest is too long", |asked| {
            if asked.path().contains("/manifests/") { Reply::status(413) } else { taken(asked) }
        }),
        ("the manifest became another", |asked| {
            if asked.path().contains("/manifests/") && asked.method == "PUT" {
                let other = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
                return Reply::status(201).header("docker-content-digest", other);
            }
            taken(asked)
        }),
    ];
    for (what, answer) in answers {
        let registry = LyingRegistry::new(answer);
        let name = format!("{}/app:1", registry.host());
        attempt.lab.fine(&["tag", "app:1", &name]);
        let output = call(&attempt, &["push", &name]);
        assert_eq!(output.code, 1, "{what}: {output:?}");
        bounded(&fails(output, 1, &[]));
        assert!(!registry.asked().is_empty(), "{what}");
        attempt.lab.fine(&["rmi", &name]);
        attempt.lab.is_clean();
    }
    let good = LyingRegistry::new(taken);
    let name = format!("{}/app:1", good.host());
    attempt.lab.fine(&["tag", "app:1", &name]);
    assert_eq!(call(&attempt, &["push", &name]).code, 0);
}

/// A registry that has nothing yet, and takes what it gets.
fn taken(asked: &Asked) -> Reply {
    match asked.method.as_str() {
        "HEAD" => Reply::status(404),
        "POST" => Reply::status(202).header("location", "/v2/app/blobs/uploads/1"),
        "PUT" | "PATCH" => Reply::status(201),
        _ => Reply::of(200, "{}"),
    }
}

fn upload(asked: &Asked, answer: Reply) -> Reply {
    if asked.method == "POST" { answer } else { taken(asked) }
}

/// Authorities of whoever says so in the environment, as Go's programs have them. A name that is not this machine's is
/// led there, so that its certificate is checked; it is for another one, which is seen only by who knows the authority.
#[test]
fn authorities_of_the_environment() {
    let lab = lab::Lab::new();
    let registry = lab::Registry::with().tls().start();
    let port = registry.host().rsplit(':').next().expect("a port").to_string();
    let names = lab.folder().join("names");
    put(&names, "127.0.0.1 registry.example\n");
    let authority = registry.certificates().join(registry.host()).join("ca.crt");
    let folders = [lab.folder().join("nothing"), lab.folder().join("authorities")];
    put(&folders[1].join("0a1b2c3d.0"), std::fs::read(&authority).expect("an authority"));
    put(&folders[1].join("README"), "no certificate");
    let script = format!("mount --bind {} /etc/hosts && exec \"$@\"", names.display());
    let pull = |variable: &str, value: &std::ffi::OsStr| {
        let call = lab.nagaya(&["pull", &format!("registry.example:{port}/app:1")]);
        let call = call.under(["unshare", "-m", "sh", "-c", &script, "sh"]).env(variable, value);
        fails(call.output(), 1, &["registry.example"])
    };
    let folders = std::env::join_paths(&folders).expect("paths");
    for (variable, value) in [("SSL_CERT_DIR", folders.as_os_str()), ("SSL_CERT_FILE", authority.as_os_str())]
    {
        let said = pull(variable, value);
        assert!(said.contains("its certificate is for another name"), "{variable}: {said}");
        let said = pull("OF_NOBODY", value);
        assert!(said.contains("an authority that is not known here"), "the control: {said}");
    }
}
