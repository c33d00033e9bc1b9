//! Registries that lie, break and lead elsewhere while something is pushed.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use fault::{Kind, Result};
use lab::{Asked, LyingRegistry, Reply};
use oci::image::{Compression, Descriptor, Family, MediaType};
use registry::{Client, Credential, Pushed, Settings};

use crate::kit::{descriptor, name, noise, settings, watched};

/// What a registry has of one upload, and takes more of, as a good one does.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Taken {
    fn len(&self) -> usize {
        self.0.lock().expect("the bytes").len()
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("the bytes").clone()
    }

    fn add(&self, bytes: &[u8]) {
        self.0.lock().expect("the bytes").extend_from_slice(bytes);
    }

    fn clear(&self) {
        self.0.lock().expect("the bytes").clear();
    }

    fn so_far(&self, status: u16) -> Reply {
        let last = self.len().saturating_sub(1);
        Reply::status(status).header("location", "/upload/1").header("range", &format!("0-{last}"))
    }

    fn good(&self, asked: &Asked) -> Reply {
        match asked.method.as_str() {
            "HEAD" => Reply::status(404),
            "POST" => {
                self.clear();
                Reply::status(202).header("location", "/upload/1")
            }
            "GET" => self.so_far(204),
            "PATCH" => {
                let start =
                    asked.header("content-range").and_then(|range| range.split_once('-')?.0.parse().ok());
                if start != Some(self.len()) {
                    return self.so_far(416);
                }
                self.add(&asked.body);
                self.so_far(202)
            }
            _ => {
                self.add(&asked.body);
                Reply::status(201)
            }
        }
    }
}

type Lie = fn(&Asked) -> Reply;

fn blob() -> (Vec<u8>, Descriptor) {
    let bytes = noise(100_000);
    let wanted = descriptor(MediaType::Layer(Family::Oci, Compression::Gzip), &bytes);
    (bytes, wanted)
}

fn push(client: &Client, to: &LyingRegistry) -> Result<Pushed> {
    let (bytes, blob) = blob();
    let source = move |at: u64| -> io::Result<Box<dyn Read>> {
        let at = usize::try_from(at).expect("a place in memory");
        Ok(Box::new(io::Cursor::new(bytes[at..].to_vec())))
    };
    client.push_blob(&name(&to.host(), "app"), &blob, &[], &source)
}

fn in_pieces() -> Settings {
    let mut settings = settings();
    settings.patience.piece = Some(30_000);
    settings
}

#[test]
fn one_piece_or_several() {
    for (settings, requests) in
        [(settings(), "HEAD POST PUT"), (in_pieces(), "HEAD POST PATCH PATCH PATCH PATCH PUT")]
    {
        let taken = Taken::default();
        let there = taken.clone();
        let registry = LyingRegistry::new(move |asked| there.good(asked));
        assert_eq!(push(&Client::new(settings), &registry).unwrap(), Pushed::Sent);
        assert_eq!(taken.bytes(), blob().0);
        let methods: Vec<_> = registry.asked().into_iter().map(|asked| asked.method).collect();
        assert_eq!(methods.join(" "), requests);
        let end = registry.lines().pop().unwrap();
        assert_eq!(end, format!("PUT /upload/1?digest={}", blob().1.digest));
    }
}

#[test]
fn an_upload_goes_on_from_what_the_registry_has() {
    // It takes a part of the second piece, and then says that it is busy.
    let taken = Taken::default();
    let there = taken.clone();
    let registry = LyingRegistry::new(move |asked| match (asked.method.as_str(), asked.before) {
        ("PATCH", 1) => {
            there.add(&asked.body[..12_345]);
            Reply::status(503)
        }
        _ => there.good(asked),
    });
    let (client, pauses) = watched(in_pieces());
    assert_eq!(push(&client, &registry).unwrap(), Pushed::Sent);
    assert_eq!(taken.bytes(), blob().0);
    assert_eq!(pauses.lock().unwrap().len(), 1);
    let asked = registry.asked();
    let third = asked.iter().filter(|asked| asked.method == "PATCH").nth(2).unwrap();
    assert_eq!(third.header("content-range"), Some("42345-72344"));
}

#[test]
fn a_range_that_is_not_expected_is_asked_about() {
    // It forgets the first piece, so the second does not fit: 416.
    let taken = Taken::default();
    let there = taken.clone();
    let registry = LyingRegistry::new(move |asked| {
        let reply = there.good(asked);
        if asked.method == "PATCH" && asked.before == 0 {
            there.clear();
            return Reply::status(202).header("location", "/upload/1");
        }
        reply
    });
    assert_eq!(push(&Client::new(in_pieces()), &registry).unwrap(), Pushed::Sent);
    assert_eq!(taken.bytes(), blob().0);
    assert!(registry.lines().contains(&"GET /upload/1".to_string()), "{:?}", registry.lines());
}

#[test]
fn an_upload_that_the_registry_has_forgotten_begins_again() {
    let taken = Taken::default();
    let there = taken.clone();
    let registry = LyingRegistry::new(move |asked| match (asked.method.as_str(), asked.before) {
        ("PUT", 0) => Reply::status(404),
        ("GET", _) => Reply::status(404),
        _ => there.good(asked),
    });
    assert_eq!(push(&Client::new(settings()), &registry).unwrap(), Pushed::Sent);
    assert_eq!(taken.bytes(), blob().0);
    assert_eq!(registry.lines().iter().filter(|line| line.starts_with("POST")).count(), 2);
}

#[test]
fn a_registry_that_takes_nothing_is_given_up() {
    let cases: [(&str, Lie); 7] = [
        ("answered 503", |_| Reply::status(503)),
        ("answered 413", |_| Reply::status(413)),
        ("answered 400", |_| Reply::of(400, r#"{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}"#)),
        ("the registry has got nothing", |_| Reply::status(202).header("range", "0-0")),
        ("answered 416", |_| Reply::status(416)),
        ("push access denied", |_| Reply::status(403)),
        ("file:///upload", |_| Reply::status(202).header("location", "file:///upload")),
    ];
    for (words, lie) in cases {
        let taken = Taken::default();
        let registry = LyingRegistry::new(move |asked| match asked.method.as_str() {
            "PATCH" => lie(asked),
            "GET" => Reply::status(204).header("range", "0-0"),
            _ => taken.good(asked),
        });
        let fault = push(&Client::new(in_pieces()), &registry).unwrap_err();
        assert!(fault.sentence().contains(words), "expected {words}: {fault}");
        assert!(registry.asked().len() < 20, "{words}: {:?}", registry.lines());
    }
}

#[test]
fn an_upload_elsewhere_is_told_nothing() {
    let known = |host: &str| {
        let mut settings = settings();
        let credential = Credential::Password { user: "me".into(), password: "secret".into() };
        settings.credentials.given = Some((host.to_string(), credential));
        Client::new(settings)
    };
    let taken = Taken::default();
    let there = taken.clone();
    let storage = LyingRegistry::at("127.0.0.2", move |asked| there.good(asked));
    for (place, leads) in [
        (format!("http://{}/upload/1", storage.host()), true),
        ("http://169.254.169.254/upload".to_string(), false),
        ("http://me:secret@127.0.0.2/upload".to_string(), false),
    ] {
        let away = place.clone();
        let registry =
            LyingRegistry::new(move |asked| match (asked.method.as_str(), asked.header("authorization")) {
                (_, None) => Reply::status(401).header("www-authenticate", "Basic realm=\"x\""),
                ("HEAD", _) => Reply::status(404),
                _ => Reply::status(202).header("location", &away),
            });
        let pushed = push(&known(&registry.host()), &registry);
        assert_eq!(pushed.is_ok(), leads, "{place}: {pushed:?}");
        assert!(registry.asked().iter().any(|asked| asked.header("authorization").is_some()), "the control");
    }
    assert_eq!(storage.asked().len(), 1);
    assert!(storage.asked().iter().all(|asked| asked.header("authorization").is_none()));
    assert_eq!(taken.bytes(), blob().0);
}

#[test]
fn a_registry_that_does_not_say_where_to_or_that_mounts_not() {
    let registry = LyingRegistry::new(|asked| Reply::status(if asked.method == "HEAD" { 404 } else { 202 }));
    let fault = push(&Client::new(settings()), &registry).unwrap_err();
    assert_eq!(fault.kind(), Kind::Failed);
    assert!(fault.sentence().contains("does not say where to"), "{fault}");

    // It begins an upload instead of taking the blob from the other repository.
    let taken = Taken::default();
    let there = taken.clone();
    let registry = LyingRegistry::new(move |asked| there.good(asked));
    let (bytes, blob) = blob();
    let (to, from) = (name(&registry.host(), "app"), name(&registry.host(), "other"));
    let sent = bytes.clone();
    let source = move |_: u64| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::Cursor::new(sent.clone()))) };
    let pushed = Client::new(settings()).push_blob(&to, &blob, &[from], &source).unwrap();
    assert_eq!((pushed, taken.bytes()), (Pushed::Sent, bytes));
    let mount = format!("POST /v2/app/blobs/uploads/?mount={}&from=other", blob.digest);
    assert!(registry.lines().contains(&mount), "{:?}", registry.lines());
}

#[test]
fn a_manifest_that_became_another_is_no_success() {
    let serve = |digest: String| {
        LyingRegistry::new(move |_| Reply::status(201).header("docker-content-digest", &digest))
    };
    let bytes = br#"{"schemaVersion":2}"#;
    let ask = |registry: &LyingRegistry| {
        let media_type = MediaType::Manifest(Family::Oci);
        Client::new(settings()).push_manifest(&name(&registry.host(), "app:1"), &media_type, bytes)
    };
    let digest = crate::kit::sha256(bytes);
    assert_eq!(ask(&serve(digest.to_string())).unwrap(), digest);
    let fault = ask(&serve(crate::kit::sha256(b"other").to_string())).unwrap_err();
    assert!(fault.sentence().contains("the registry has got `sha256:"), "{fault}");
}
