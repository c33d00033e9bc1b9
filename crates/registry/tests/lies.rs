//! Registries that lie, break and stall while something is fetched. Each has its control: the same without the lie.

use std::sync::Arc;
use std::time::Duration;

use fault::Kind;
use lab::{Asked, LyingRegistry, Reply};
use oci::image::{Compression, Descriptor, Family, MediaType};
use registry::Client;

use crate::kit::{Image, client, fetch, liar, manifest, name, noise, settings, sha256, watched};

type Lie = fn(Reply) -> Reply;

fn image() -> Arc<Image> {
    Arc::new(Image::new(300_000))
}

/// What is said when the layer is fetched from a registry that changes its answer.
fn layer_lie(lie: impl Fn(Reply) -> Reply + Send + Sync + 'static) -> String {
    let image = image();
    let layer = format!("/v2/app/blobs/{}", sha256(&image.layer));
    let liar = liar(&image, move |asked, reply| if asked.path() == layer { lie(reply) } else { reply });
    match fetch(&client(), &name(&liar.host(), "app"), &image.layer_descriptor()) {
        Ok(bytes) => format!("{} bytes", bytes.len()),
        Err(fault) => fault.sentence(),
    }
}

/// What is said when the manifest is fetched from a registry with another answer.
fn manifest_lie(reply: Reply) -> String {
    let liar = LyingRegistry::new(move |_| reply.clone());
    let resolved = client().resolve(&name(&liar.host(), "app:1"));
    resolved.map_or_else(|fault| fault.to_string(), |resolved| format!("{} bytes", resolved.bytes.len()))
}

#[test]
fn a_blob_goes_on_where_its_connection_broke() {
    let image = image();
    for cuts in [
        vec![0],
        vec![1],
        vec![1, 0, 150_000],
        vec![image.layer.len() - 1],
        vec![7; 4],
        vec![290_000, 7, 7, 7],
    ] {
        let breaks = cuts.clone();
        let liar = liar(&image, move |asked, reply| match breaks.get(asked.before) {
            Some(after) => reply.cut(*after),
            None => reply,
        });
        let app = name(&liar.host(), "app");
        let (client, pauses) = watched(settings());
        assert_eq!(fetch(&client, &app, &image.layer_descriptor()).unwrap(), image.layer);
        assert_eq!(pauses.lock().unwrap().len(), cuts.len());
        // Each time, only what was missing was asked for.
        let mut at = 0;
        let expected = std::iter::once(None).chain(cuts.iter().map(|after| {
            at += after;
            (at > 0).then(|| format!("bytes={at}-"))
        }));
        let ranges: Vec<_> =
            liar.asked().iter().map(|asked| asked.header("range").map(str::to_string)).collect();
        assert_eq!(ranges, expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_connection_that_always_breaks_is_given_up() {
    let image = image();
    let liar = liar(&image, |_, reply| reply.cut(10));
    let (client, pauses) = watched(settings());
    let fault = fetch(&client, &name(&liar.host(), "app"), &image.layer_descriptor()).unwrap_err();
    assert_eq!(fault.kind(), Kind::Unavailable);
    assert!(fault.sentence().contains("the connection was closed"), "{fault}");
    let (asked, pauses) = (liar.asked().len(), pauses.lock().unwrap().len());
    assert_eq!((asked, pauses), (5, 4));
}

#[test]
fn a_server_without_ranges_begins_again_but_not_for_ever() {
    let image = image();
    let whole = image.layer.clone();
    let layer = format!("/v2/app/blobs/{}", sha256(&whole));
    let serve = |breaks: usize| {
        let (whole, layer) = (whole.clone(), layer.clone());
        LyingRegistry::new(move |asked| {
            assert_eq!(asked.path(), layer);
            let reply = Reply::of(200, whole.as_slice());
            if asked.before < breaks { reply.cut(280_000) } else { reply }
        })
    };
    let (once, always) = (serve(1), serve(usize::MAX));
    assert_eq!(fetch(&client(), &name(&once.host(), "app"), &image.layer_descriptor()).unwrap(), image.layer);
    assert_eq!(once.asked().len(), 2);
    let fault = fetch(&client(), &name(&always.host(), "app"), &image.layer_descriptor()).unwrap_err();
    assert_eq!(fault.kind(), Kind::Unavailable);
    assert!(always.asked().len() <= 5, "{}", always.asked().len());
}

#[test]
fn what_comes_twice_has_a_limit_even_if_each_try_brings_something() {
    let whole = noise(3_000_000);
    let blob = crate::kit::descriptor(MediaType::Layer(Family::Oci, Compression::None), &whole);
    let sent = whole.clone();
    // Each connection brings 300,000 bytes more than the last one.
    let step = |asked: &Asked| (asked.before + 1) * 300_000;
    let again =
        LyingRegistry::new(move |asked| Reply::of(200, sent.as_slice()).cut(step(asked).min(sent.len())));
    let fault = fetch(&client(), &name(&again.host(), "app"), &blob).unwrap_err();
    assert!(fault.sentence().contains("it cannot go on where it broke"), "{fault}");
    let came: usize = again.asked().iter().map(step).sum();
    assert!(came <= 3 * whole.len(), "{came}");
    // The control: with ranges as many breaks are no matter.
    let sent = whole.clone();
    let goes_on = LyingRegistry::new(move |asked| {
        let reply = Reply::part(asked, &sent);
        if asked.before < 9 { reply.cut(300_000) } else { reply }
    });
    assert_eq!(fetch(&client(), &name(&goes_on.host(), "app"), &blob).unwrap(), whole);
    assert_eq!(goes_on.asked().len(), 10);
}

#[test]
fn another_part_than_was_asked_for_is_not_taken() {
    let image = image();
    let size = image.layer.len();
    for (range, body) in [
        (format!("bytes 0-{}/{size}", size - 1), size),
        (format!("bytes 99-{}/{size}", size - 1), size - 99),
        (format!("bytes 100-{}/{}", size, size + 1), size - 99),
        (format!("bytes 100-{}/{}", size - 1, size + 1), size - 100),
        ("bytes 100-199/200".into(), 100),
        (format!("items 100-{}/{size}", size - 1), size - 100),
        (String::new(), size - 100),
    ] {
        let said = range.clone();
        let liar = liar(&image, move |asked, reply| {
            if asked.header("range").is_some() {
                return Reply::of(206, vec![0; body]).header("content-range", &said);
            }
            reply
        });
        let app = name(&liar.host(), "app");
        let from = |at| client().blob_from(&app, &image.layer_descriptor(), at).map(drop);
        let fault = from(100).unwrap_err();
        assert!(
            fault.sentence().contains("it sent another part than that from byte 100"),
            "{range}: {fault}"
        );
        assert!(from(0).is_ok(), "the control");
    }
}

#[test]
fn a_blob_of_another_size_is_not_taken() {
    let size = image().layer.len();
    assert_eq!(layer_lie(|reply| reply), format!("{size} bytes"));
    assert_eq!(layer_lie(Reply::chunked), format!("{size} bytes"));
    let cases: [(&str, Lie); 6] = [
        ("it has 5 bytes, expected", |_| Reply::of(200, "short")),
        ("it has 400000 bytes, expected", |_| Reply::of(200, vec![7; 400_000])),
        ("it is longer than the", |_| Reply::of(200, vec![7; 400_000]).chunked()),
        ("it is longer than the", |_| Reply::of(200, vec![7; 4096]).endless()),
        ("the connection was closed after 5 of", |_| Reply::of(200, "short").chunked()),
        ("sent as `gzip`, which was not asked for", |reply| reply.header("content-encoding", "gzip")),
    ];
    for (words, lie) in cases {
        let said = layer_lie(lie);
        assert!(said.contains(words), "expected {words:?}: {said}");
    }
}

#[test]
fn a_small_blob_has_the_digest_of_its_descriptor() {
    let image = image();
    let config = format!("/v2/app/blobs/{}", sha256(&image.config));
    let same_size = image.config.iter().map(|byte| byte ^ 1).collect::<Vec<_>>();
    let liar = liar(&image, move |asked, reply| {
        if asked.path() == config && asked.before > 0 { Reply::of(200, same_size.as_slice()) } else { reply }
    });
    let app = name(&liar.host(), "app");
    let get = |longest| client().small_blob(&app, &image.config_descriptor(), longest);
    assert_eq!(get(1 << 20).unwrap(), image.config);
    assert!(get(1 << 20).unwrap_err().sentence().contains("its digest is `sha256:"));
    let asked = liar.asked().len();
    assert!(get(10).unwrap_err().sentence().contains("at most 10 are read"));
    assert_eq!(liar.asked().len(), asked, "nothing was fetched of what is too long");
}

#[test]
fn documents_that_are_none() {
    let image = image();
    let size = image.manifest.len();
    assert_eq!(manifest_lie(manifest(&image.manifest)), format!("{size} bytes"));
    let plain = Reply::of(200, image.manifest.as_slice());
    assert_eq!(manifest_lie(plain.clone()), format!("{size} bytes"));
    let typed = |content_type: &str| plain.clone().header("content-type", content_type);
    assert_eq!(manifest_lie(typed("application/json")), format!("{size} bytes"));
    let oci = "application/vnd.oci.image.manifest.v1+json";
    // The longest that is read.
    let mut padded = image.manifest.clone();
    padded.resize(4 << 20, b' ');
    assert_eq!(manifest_lie(manifest(&padded)), "4194304 bytes");
    assert_eq!(manifest_lie(manifest(&padded).chunked()), "4194304 bytes");
    padded.push(b' ');
    let long = padded;
    for (words, reply) in [
        ("answered with `text/html`, which is not a manifest", typed("text/html")),
        ("schema 1", typed("application/vnd.docker.distribution.manifest.v1+prettyjws")),
        ("schema 1", Reply::of(200, r#"{"schemaVersion":1,"fsLayers":[]}"#)),
        (
            "the registry says `application/vnd.oci.image.index.v1+json`",
            typed("application/vnd.oci.image.index.v1+json"),
        ),
        ("longer than 4194304 bytes", Reply::of(200, long.clone()).header("content-type", oci)),
        ("longer than 4194304 bytes", Reply::of(200, long).header("content-type", oci).chunked()),
        (
            "longer than 4194304 bytes",
            Reply::of(200, vec![b' '; 65536]).header("content-type", oci).endless(),
        ),
        ("read manifest", Reply::of(200, "garbage")),
        ("read manifest", Reply::of(200, "")),
        ("the registry calls it", plain.clone().header("docker-content-digest", sha256(b"other").as_str())),
        ("invalid checksum digest", plain.clone().header("docker-content-digest", "sha256:../../etc/passwd")),
        ("the connection was closed", manifest(&image.manifest).cut(10)),
    ] {
        let said = manifest_lie(reply);
        assert!(said.contains(words), "expected {words:?}: {said}");
    }
}

#[test]
fn what_is_asked_for_by_digest_has_it() {
    let image = image();
    let other = br#"{"schemaVersion":2,"manifests":[]}"#;
    let liar = LyingRegistry::new(move |_| manifest(other));
    let wanted = name(&liar.host(), "app").with_digest(sha256(&image.manifest));
    let fault = client().resolve(&wanted).unwrap_err();
    assert!(fault.sentence().contains(&format!("it must be `{}`", sha256(&image.manifest))), "{fault}");
    let honest = crate::kit::liar(&image, |_, reply| reply);
    let wanted = name(&honest.host(), "app").with_digest(sha256(&image.manifest));
    assert_eq!(client().resolve(&wanted).unwrap().bytes, image.manifest);
    // With a tag too, the digest alone counts.
    let both = wanted.with_tag("moved").unwrap();
    assert_eq!(client().resolve(&both).unwrap().bytes, image.manifest);
}

#[test]
fn a_registry_without_head_is_asked_for_the_whole() {
    let image = image();
    let cases: [(Lie, usize); 4] = [
        (|reply| reply, 1),
        (|_| Reply::status(405), 2),
        (|_| Reply::status(404), 2),
        (|_| Reply::status(200).header("docker-content-digest", "nonsense"), 2),
    ];
    for (lie, requests) in cases {
        let liar = liar(&image, move |asked, reply| if asked.method == "HEAD" { lie(reply) } else { reply });
        assert_eq!(client().digest(&name(&liar.host(), "app:1")).unwrap(), sha256(&image.manifest));
        assert_eq!(liar.asked().len(), requests, "{:?}", liar.lines());
    }
    let gone = LyingRegistry::new(|_| Reply::status(404));
    let fault = client().digest(&name(&gone.host(), "app:1")).unwrap_err();
    assert!(fault.sentence().contains("manifest unknown"), "{fault}");
}

#[test]
fn a_busy_registry_is_asked_again_when_it_says_so() {
    let image = image();
    for status in [429, 500, 502, 503, 504] {
        let liar = liar(&image, move |asked, reply| match asked.before {
            0 => Reply::of(status, r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#)
                .header("retry-after", "7"),
            1 => Reply::status(status).header("retry-after", "1000000000"),
            2 => Reply::status(status),
            _ => reply,
        });
        let (client, pauses) = watched(settings());
        assert_eq!(client.resolve(&name(&liar.host(), "app:1")).unwrap().bytes, image.manifest);
        let pauses = pauses.lock().unwrap().clone();
        assert_eq!(pauses.len(), 3, "{status}");
        // What it asks for, and no more than our own limit.
        let most = Duration::from_millis(20);
        assert!(pauses[0].1 == most && pauses[1].1 == most && pauses[2].1 < most, "{pauses:?}");
        assert!(pauses[0].0.contains("toomanyrequests: slow down"), "{pauses:?}");
    }
}

#[test]
fn a_registry_that_stays_busy_is_given_up() {
    let limit =
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit"}]}"#;
    let liar = LyingRegistry::new(move |_| Reply::of(429, limit));
    let fault = client().resolve(&name(&liar.host(), "app:1")).unwrap_err();
    assert_eq!(liar.asked().len(), 5);
    assert_eq!(fault.kind(), Kind::Unavailable);
    assert!(fault.sentence().contains("toomanyrequests: You have reached your pull rate limit"), "{fault}");
    // What will not pass is not asked again.
    let refusing = LyingRegistry::new(|_| Reply::status(404));
    assert!(client().resolve(&name(&refusing.host(), "app:1")).is_err());
    assert_eq!(refusing.asked().len(), 1);
}

#[test]
fn what_a_registry_says_cannot_write_on_a_terminal() {
    let message = "\\u001b[2Jgone\\nhint: run rm -rf /".repeat(50);
    let body = format!(r#"{{"errors":[{{"code":"DENIED\u001b","message":"{message}"}}]}}"#);
    let liar = LyingRegistry::new(move |_| Reply::of(418, body.as_bytes()));
    let said = client().resolve(&name(&liar.host(), "app:1")).unwrap_err().to_string();
    assert!(said.contains("gone") && said.contains("answered 418"), "it ran: {said}");
    assert!(!said.contains(char::is_control) && said.len() < 1000, "{said:?}");
}

#[test]
fn a_registry_that_says_nothing_more_is_given_up() {
    let image = image();
    // It says a length and sends less, and keeps the connection.
    let stalls = LyingRegistry::new(|_| Reply::of(200, vec![0; 100]).length(300_369));
    let mut settings = settings();
    settings.patience.stall = Duration::from_millis(100);
    settings.patience.tries = 2;
    let blob = Descriptor { size: 300_369, ..image.layer_descriptor() };
    let fault = fetch(&Client::new(settings.clone()), &name(&stalls.host(), "app"), &blob).unwrap_err();
    assert!(fault.sentence().contains("nothing came for too long"), "{fault}");
    assert_eq!(stalls.asked().len(), 2);
    // The same patience is enough for one that does send.
    let sends = liar(&image, |_, reply| reply);
    assert!(fetch(&Client::new(settings), &name(&sends.host(), "app"), &image.layer_descriptor()).is_ok());
}

#[test]
fn nobody_there_is_said_at_once() {
    let gone = {
        let liar = LyingRegistry::new(|_| Reply::status(200));
        let port: u16 = liar.host().rsplit(':').next().unwrap().parse().unwrap();
        port
    };
    // Another address of this machine, on which nobody listens at that port.
    let fault = client().resolve(&name(&format!("127.0.0.77:{gone}"), "app:1")).unwrap_err();
    assert!(fault.sentence().contains("connection refused"), "{fault}");
    let (client, pauses) = watched(settings());
    let fault = client.resolve(&name("no-such-host.invalid", "app:1")).unwrap_err();
    assert!(fault.sentence().contains("no name server says where it is"), "{fault}");
    assert!(pauses.lock().unwrap().is_empty());
}

#[test]
fn headers_have_an_end() {
    let image = image();
    let with = |bytes: usize| {
        let long = "x".repeat(bytes);
        liar(&image, move |_, reply| reply.header("x-long", &long))
    };
    let (short, long) = (with(1000), with(1 << 20));
    assert!(client().resolve(&name(&short.host(), "app:1")).is_ok());
    let fault = client().resolve(&name(&long.host(), "app:1")).unwrap_err();
    assert!(fault.sentence().contains("headers of more than"), "{fault}");
}
