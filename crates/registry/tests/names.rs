//! Names that lead here, and whom they are told to.

use std::path::PathBuf;
use std::sync::Arc;

use fault::Kind;
use lab::{LyingRegistry, Reply, Scratch};
use registry::{Client, Credential, Settings};

use crate::kit::{Image, fetch, good, name, settings};

/// Settings in which these names are 127.0.0.1, or whatever `addresses` say, and need no TLS.
fn with_names(scratch: &Scratch, names: &str, insecure: &[String]) -> Settings {
    let file: PathBuf = scratch.path().join("hosts");
    std::fs::write(&file, names).expect("a file");
    let mut settings = settings();
    settings.hosts.names = Some(file);
    settings.hosts.resolv_conf = Some(scratch.path().join("no-such-file"));
    settings.hosts.insecure = insecure.to_vec();
    settings
}

fn port(registry: &LyingRegistry) -> String {
    registry.host().rsplit(':').next().expect("a port").to_string()
}

#[test]
fn a_name_is_looked_up_in_the_file_first() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("names"));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::new(move |asked| good(&here, asked));
    let host = format!("registry.example:{}", port(&registry));
    let settings = with_names(&scratch, "127.0.0.1 registry.example", std::slice::from_ref(&host));
    assert_eq!(Client::new(settings).resolve(&name(&host, "app:1")).unwrap().bytes, image.manifest);
    // The server sees the name, as one with several names needs it.
    assert_eq!(registry.asked()[0].header("host"), Some(host.as_str()));
    // Who needs TLS by default does not get an answer without.
    let settings = with_names(&scratch, "127.0.0.1 registry.example", &[]);
    let fault = Client::new(settings).resolve(&name(&host, "app:1")).unwrap_err();
    assert_eq!(registry.asked().len(), 1, "{fault}");
}

#[test]
fn a_registry_elsewhere_does_not_lead_to_this_machine_by_a_name() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("names"));
    let here = Arc::clone(&image);
    let inside = LyingRegistry::at("127.0.0.2", move |asked| Reply::part(asked, &here.layer));
    let place = format!("http://inside.example:{}/secrets", port(&inside));
    let registry = LyingRegistry::new(move |_| Reply::redirect(&place));
    let host = format!("registry.example:{}", port(&registry));
    let names = "127.0.0.1 registry.example\n127.0.0.2 inside.example\n";
    let insecure = [host.clone(), format!("inside.example:{}", port(&inside))];
    let client = Client::new(with_names(&scratch, names, &insecure));
    let fault = fetch(&client, &name(&host, "app"), &image.layer_descriptor()).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    assert!(fault.sentence().contains("`127.0.0.2`, which only this machine can reach"), "{fault}");
    assert!(inside.asked().is_empty());
    // The control: a registry on this machine may.
    let fetched = fetch(&client, &name(&registry.host(), "app"), &image.layer_descriptor());
    assert_eq!(fetched.unwrap(), image.layer);
}

#[test]
fn credentials_are_for_one_site() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("names"));
    let server = LyingRegistry::at("127.0.0.2", |_| Reply::of(200, r#"{"token":"good"}"#));
    let at = port(&server);
    let names = "127.0.0.1 registry.one.example\n127.0.0.2 auth.one.example auth.two.example\n";
    let ask = |realm: &str, known: bool| {
        let challenge = format!(r#"Bearer realm="http://{realm}/token",service="x""#);
        let here = Arc::clone(&image);
        let registry = LyingRegistry::new(move |asked| match asked.header("authorization") {
            Some(_) => good(&here, asked),
            None => Reply::status(401).header("www-authenticate", &challenge),
        });
        let host = format!("registry.one.example:{}", port(&registry));
        let mut settings = with_names(&scratch, names, &[host.clone(), realm.to_string()]);
        let credential = Credential::Password { user: "me".into(), password: "secret".into() };
        settings.credentials.given = known.then(|| (host.clone(), credential));
        Client::new(settings).resolve(&name(&host, "app:1")).unwrap_err().to_string()
    };
    let (same, other) = (format!("auth.one.example:{at}"), format!("auth.two.example:{at}"));
    // Those that may be told are looked up, and only then found to be this machine, which stops them here.
    let looked_up = "`127.0.0.2`, which only this machine can reach";
    assert!(ask(&same, true).contains(looked_up));
    assert!(ask(&other, false).contains(looked_up));
    let refused = ask(&other, true);
    assert!(refused.contains("which is another site"), "{refused}");
    assert!(server.asked().is_empty());
}
