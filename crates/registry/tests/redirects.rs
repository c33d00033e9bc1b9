//! Where a registry leads to, and what comes along.

use std::sync::Arc;

use fault::Kind;
use lab::{Asked, LyingRegistry, Reply};
use oci::image::Document;
use registry::{Client, Credential, Settings};

use crate::kit::{Image, fetch, good, name, settings, sha256};

/// Settings with a password for a registry, and for nobody else.
fn known(host: &str) -> Settings {
    let mut settings = settings();
    let credential = Credential::Password { user: "me".into(), password: "secret".into() };
    settings.credentials.given = Some((host.to_string(), credential));
    settings
}

/// Asks for a name and a password, and has nothing without.
fn guarded(asked: &Asked, reply: Reply) -> Reply {
    match asked.header("authorization") {
        // me:secret
        Some("Basic bWU6c2VjcmV0") => reply,
        _ => Reply::status(401).header("www-authenticate", r#"Basic realm="here""#),
    }
}

/// Whether anything that proves who we are is in a request.
fn tells_who(asked: &Asked) -> bool {
    let header = |name| asked.header(name).is_some();
    header("authorization")
        || header("cookie")
        || asked.target.contains("secret")
        || asked.target.contains("token")
}

#[test]
fn credentials_stay_where_they_belong() {
    let image = Arc::new(Image::new(1000));
    let layer = image.layer_descriptor();
    for status in [301, 302, 303, 307, 308] {
        let here = Arc::clone(&image);
        let other = LyingRegistry::at("127.0.0.2", move |asked| Reply::part(asked, &here.layer));
        let (there, here) = (format!("http://{}/storage/x?sig=1", other.host()), Arc::clone(&image));
        let registry = LyingRegistry::new(move |asked| {
            let away = Reply::status(status).header("location", &there);
            guarded(asked, if asked.path().contains("/blobs/") { away } else { good(&here, asked) })
        });
        let client = Client::new(known(&registry.host()));
        assert_eq!(fetch(&client, &name(&registry.host(), "app"), &layer).unwrap(), image.layer);
        // The control: the registry itself was told, so there was something to lose.
        assert!(registry.asked().iter().any(tells_who), "{status}");
        assert_eq!(other.lines(), ["GET /storage/x?sig=1"]);
        assert!(!other.asked().iter().any(tells_who), "{status}: {:?}", other.asked());
    }
}

#[test]
fn another_port_is_another_host_and_the_same_host_is_not() {
    let image = Arc::new(Image::new(1000));
    let here = Arc::clone(&image);
    let other = LyingRegistry::new(move |asked| Reply::part(asked, &here.layer));
    let (there, here) = (format!("http://{}/x", other.host()), Arc::clone(&image));
    let registry = LyingRegistry::new(move |asked| {
        let reply = match asked.path() {
            "/v2/app/blobs/within" => good(&here, asked),
            "/within" => Reply::part(asked, &here.layer),
            path if path.starts_with("/v2/near/") => Reply::redirect("/within"),
            _ => Reply::redirect(&there),
        };
        guarded(asked, reply)
    });
    let client = Client::new(known(&registry.host()));
    let layer = image.layer_descriptor();
    assert_eq!(fetch(&client, &name(&registry.host(), "far"), &layer).unwrap(), image.layer);
    assert!(!other.asked().iter().any(tells_who), "{:?}", other.asked());
    assert_eq!(fetch(&client, &name(&registry.host(), "near"), &layer).unwrap(), image.layer);
    assert!(
        tells_who(registry.asked().last().unwrap()) && registry.asked().last().unwrap().path() == "/within"
    );
}

#[test]
fn who_comes_back_by_a_detour_is_not_told_again() {
    let image = Arc::new(Image::new(1000));
    let back = Arc::new(std::sync::Mutex::new(String::new()));
    let target = Arc::clone(&back);
    let detour = LyingRegistry::at("127.0.0.2", move |_| Reply::redirect(&target.lock().unwrap()));
    let (there, here) = (format!("http://{}/", detour.host()), Arc::clone(&image));
    let registry = LyingRegistry::new(move |asked| match asked.path() {
        "/back" => Reply::part(asked, &here.layer),
        _ => guarded(asked, Reply::redirect(&there)),
    });
    *back.lock().unwrap() = format!("http://{}/back", registry.host());
    let client = Client::new(known(&registry.host()));
    assert_eq!(
        fetch(&client, &name(&registry.host(), "app"), &image.layer_descriptor()).unwrap(),
        image.layer
    );
    assert_eq!(registry.asked().last().unwrap().path(), "/back");
    assert!(!tells_who(registry.asked().last().unwrap()));
}

#[test]
fn redirects_end() {
    let image = Image::new(10);
    let serve = |hops: usize| {
        let layer = image.layer.clone();
        LyingRegistry::new(move |asked| {
            let hop = asked.target.strip_prefix("/hop").and_then(|hop| hop.parse().ok()).unwrap_or(0);
            if hop == hops {
                Reply::part(asked, &layer)
            } else {
                Reply::redirect(&format!("/hop{}", hop + 1))
            }
        })
    };
    let ask = |registry: &LyingRegistry| {
        fetch(&Client::new(settings()), &name(&registry.host(), "app"), &image.layer_descriptor())
    };
    assert_eq!(ask(&serve(10)).unwrap(), image.layer);
    let endless = serve(usize::MAX);
    let fault = ask(&endless).unwrap_err();
    assert!(fault.sentence().contains("more than 10 redirects"), "{fault}");
    assert_eq!(endless.asked().len(), 11);
}

#[test]
fn places_that_a_registry_may_not_name() {
    let image = Image::new(10);
    for place in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://me:secret@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1\\@evil/",
        "http://",
        "javascript:alert(1)://",
    ] {
        let registry = LyingRegistry::new(move |_| Reply::redirect(place));
        let ask = fetch(&Client::new(settings()), &name(&registry.host(), "app"), &image.layer_descriptor());
        let fault = ask.unwrap_err();
        assert!([Kind::Denied, Kind::Invalid].contains(&fault.kind()), "{place}: {fault}");
        assert_eq!(registry.asked().len(), 1, "{place}: it was asked once and led nowhere");
    }
}

/// CVE-2020-15157: credentials went to the address that a manifest gave for a layer.
#[test]
fn a_place_that_a_manifest_names_is_not_asked() {
    let image = Arc::new(Image::new(1000));
    let evil = LyingRegistry::at("127.0.0.2", |_| Reply::status(200));
    let mut document: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
    document["layers"][0]["urls"] = serde_json::json!([format!("http://{}/layer", evil.host())]);
    let (bytes, here) = (serde_json::to_vec(&document).unwrap(), Arc::clone(&image));
    let registry = LyingRegistry::new(move |asked| {
        let found = asked.path().ends_with("/manifests/1");
        guarded(asked, if found { crate::kit::manifest(&bytes) } else { good(&here, asked) })
    });
    let (client, app) = (Client::new(known(&registry.host())), name(&registry.host(), "app:1"));
    let found = client.resolve(&app).unwrap();
    assert!(String::from_utf8_lossy(&found.bytes).contains("urls"), "it was there to be followed");
    let Document::Manifest(manifest) = Document::parse(&found.bytes, &[]).unwrap() else {
        panic!("an index")
    };
    assert_eq!(fetch(&client, &app, &manifest.layers[0]).unwrap(), image.layer);
    assert!(evil.asked().is_empty());
}

#[test]
fn that_nobody_is_elsewhere_says_nothing_of_the_registry() {
    let image = Image::new(10);
    // On this machine, so it may be without TLS; but it has it.
    let registry = LyingRegistry::tls(2, |_| Reply::redirect("https://127.0.0.2:1/x"));
    let ask = fetch(&Client::new(settings()), &name(&registry.host(), "app"), &image.layer_descriptor());
    let fault = ask.unwrap_err();
    assert!(fault.sentence().contains("127.0.0.2:1: connection refused"), "{fault}");
    assert_eq!(registry.asked().len(), 1);
}

#[test]
fn a_redirect_without_a_place_is_no_answer() {
    let image = Image::new(10);
    let registry = LyingRegistry::new(|_| Reply::status(307));
    let ask = fetch(&Client::new(settings()), &name(&registry.host(), "app"), &image.layer_descriptor());
    assert!(ask.unwrap_err().sentence().contains("answered 307"));
}

#[test]
fn nobody_leads_from_tls_to_none() {
    let image = Arc::new(Image::new(1000));
    let here = Arc::clone(&image);
    let plain = LyingRegistry::at("127.0.0.2", move |asked| Reply::part(asked, &here.layer));
    let there = format!("http://{}/x", plain.host());
    let to_plain = there.clone();
    let registry = LyingRegistry::tls(2, move |_| Reply::redirect(&to_plain));
    let app = name(&registry.host(), "app");
    let mut settings = settings();
    settings.hosts.certificates = vec![registry.certificates()];
    // 127.0.0.2 needs no TLS because it is this machine; the user may say so of any host.
    assert_eq!(fetch(&Client::new(settings.clone()), &app, &image.layer_descriptor()).unwrap(), image.layer);
    assert_eq!(plain.asked().len(), 1);
    // With an authority of its own it needs TLS.
    let folder = lab::Scratch::new("certs");
    std::fs::create_dir(folder.path().join(plain.host())).unwrap();
    std::fs::write(folder.path().join(plain.host()).join("ca.crt"), b"").unwrap();
    settings.hosts.certificates.push(folder.path().to_path_buf());
    let fault = fetch(&Client::new(settings), &app, &image.layer_descriptor()).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    assert!(fault.sentence().contains(&format!("leads to `{there}`, which is without TLS")), "{fault}");
    assert_eq!(plain.asked().len(), 1);
}

#[test]
fn a_mirror_is_asked_first_and_told_nothing() {
    let image = Arc::new(Image::new(1000));
    let (here, layer) = (Arc::clone(&image), sha256(&image.layer));
    let mirror = LyingRegistry::new(move |asked| {
        let rest = asked.target.replacen("/hub/v2/library/app/", "/v2/app/", 1);
        good(&here, &Asked { target: rest, ..asked.clone() })
    });
    // Docker Hub cannot be reached here, which is as good as a Docker Hub that is down.
    let mut settings = known("docker.io");
    settings.hosts.mirrors = vec![format!("http://{}/hub/", mirror.host())];
    let client = Client::new(settings);
    let app = "app:1".parse().unwrap();
    assert_eq!(client.resolve(&app).unwrap().bytes, image.manifest);
    assert_eq!(fetch(&client, &app, &image.layer_descriptor()).unwrap(), image.layer);
    let blob = format!("GET /hub/v2/library/app/blobs/{layer}");
    assert_eq!(mirror.lines(), ["GET /hub/v2/library/app/manifests/1", blob.as_str()]);
    assert!(!mirror.asked().iter().any(tells_who), "{:?}", mirror.asked());
}
