//! Images that skopeo has pushed to a real registry.

use std::io::Read;

use fault::Kind;
use lab::Registry;
use oci::image::{Document, Family, LONGEST_CONFIG, MediaType};

use crate::kit::{Image, client, name, settings, sha256};

#[test]
fn a_name_becomes_bytes() {
    let (registry, image) = (Registry::plain(), Image::new(300_000));
    registry.push(&image.source(), "team/app:1");
    let (client, app) = (client(), name(&registry.host(), "team/app:1"));
    let found = client.resolve(&app).unwrap();
    assert_eq!((&found.bytes, &found.digest), (&image.manifest, &sha256(&image.manifest)));
    assert_eq!(found.media_type, MediaType::Manifest(Family::Oci));
    assert_eq!(client.digest(&app).unwrap(), found.digest);
    let by_digest = app.repository().with_digest(found.digest.clone());
    assert_eq!(client.resolve(&by_digest).unwrap(), found);

    let Document::Manifest(manifest) = Document::parse(&found.bytes, &[]).unwrap() else {
        panic!("an index")
    };
    let config = client.small_blob(&app, &manifest.config, LONGEST_CONFIG).unwrap();
    assert_eq!(config, image.config);
    let mut layer = Vec::new();
    client.blob(&app, &manifest.layers[0]).unwrap().read_to_end(&mut layer).unwrap();
    assert_eq!(layer, image.layer);
    // What is here already is not fetched again.
    let mut rest = Vec::new();
    client.blob_from(&app, &manifest.layers[0], 100_000).unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, image.layer[100_000..]);
    let asked = registry.log().lines().count();
    let mut nothing = Vec::new();
    let whole = manifest.layers[0].size;
    client.blob_from(&app, &manifest.layers[0], whole).unwrap().read_to_end(&mut nothing).unwrap();
    assert_eq!((nothing.len(), registry.log().lines().count()), (0, asked));
    assert!(client.blob_from(&app, &manifest.layers[0], whole + 1).is_err());
    assert!(registry.log().contains("http.request.useragent=nagaya/"), "{}", registry.log());
}

#[test]
fn what_is_not_there_is_said_in_dockers_words() {
    let (registry, image) = (Registry::plain(), Image::new(10));
    registry.push(&image.source(), "app:1");
    let client = client();
    let host = registry.host();
    for (missing, words) in [
        ("app:2", format!("manifest for {host}/app:2 not found: manifest unknown: manifest unknown")),
        ("no:1", format!("manifest for {host}/no:1 not found: manifest unknown")),
    ] {
        let fault = client.resolve(&name(&host, missing)).unwrap_err();
        assert_eq!(fault.kind(), Kind::NotFound);
        assert!(fault.sentence().contains(&words), "{fault}");
    }
    let mut gone = image.layer_descriptor();
    gone.digest = sha256(b"no such blob");
    let fault = client.blob(&name(&host, "app"), &gone).unwrap_err();
    assert!(fault.sentence().contains(&format!("blob `{}` not found", gone.digest)), "{fault}");
    // The control: what is there is found by the same client.
    assert!(client.resolve(&name(&host, "app:1")).is_ok());
}

#[test]
fn a_certificate_is_checked_against_the_registrys_own_authority() {
    let (registry, image) = (Registry::with().tls().start(), Image::new(10));
    registry.push(&image.source(), "app:1");
    let app = name(&registry.host(), "app:1");
    let mut settings = settings();
    settings.hosts.certificates = vec![registry.certificates()];
    assert_eq!(registry::Client::new(settings).resolve(&app).unwrap().bytes, image.manifest);

    // An authority for this host that is another one.
    let other = Registry::with().tls().start();
    let folder = lab::Scratch::new("certs");
    let host = folder.path().join(registry.host());
    std::fs::create_dir(&host).unwrap();
    std::fs::copy(other.certificates().join(other.host()).join("ca.crt"), host.join("ca.crt")).unwrap();
    let mut settings = crate::kit::settings();
    settings.hosts.certificates = vec![folder.path().to_path_buf()];
    let fault = registry::Client::new(settings).resolve(&app).unwrap_err();
    assert!(fault.sentence().contains("signed by an authority that is not known here"), "{fault}");
    assert!(
        fault.to_try().unwrap().contains(&format!("/etc/docker/certs.d/{}/ca.crt", registry.host())),
        "{fault}"
    );

    // This machine itself is believed without, as by docker.
    assert!(client().resolve(&app).is_ok());
}

#[test]
fn who_is_not_known_is_told_to_log_in() {
    let (registry, image) = (Registry::with().user("me", "pass:word").start(), Image::new(10));
    let to = format!("docker://{}/app:1", registry.host());
    lab::skopeo(&["copy", "--dest-tls-verify=false", "--dest-creds=me:pass:word", &image.source(), &to]);
    let app = name(&registry.host(), "app:1");
    let with = |password: &str| {
        let mut settings = settings();
        let credential = registry::Credential::Password { user: "me".into(), password: password.into() };
        settings.credentials.given = Some((registry.host(), credential));
        registry::Client::new(settings)
    };
    assert_eq!(with("pass:word").resolve(&app).unwrap().bytes, image.manifest);
    for stranger in [client(), with("wrong")] {
        let fault = stranger.resolve(&app).unwrap_err();
        assert_eq!(fault.kind(), Kind::Denied);
        let words = format!(
            "pull access denied for {}/app, repository does not exist or may require 'docker login'",
            registry.host()
        );
        assert!(fault.sentence().contains(&words), "{fault}");
        assert!(fault.to_try().unwrap().contains(&format!("nagaya login {}", registry.host())), "{fault}");
    }
}
