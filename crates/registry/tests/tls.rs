//! Certificates: whom we believe, and what we show.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lab::{LyingRegistry, Scratch};
use registry::{Client, Settings};

use crate::kit::{Image, good, name, settings};

fn serve(days: i32) -> (Arc<Image>, LyingRegistry) {
    let image = Arc::new(Image::new(10));
    let here = Arc::clone(&image);
    (image, LyingRegistry::tls(days, move |asked| good(&here, asked)))
}

fn believing(folder: &Path) -> Settings {
    let mut settings = settings();
    settings.hosts.certificates = vec![folder.to_path_buf()];
    settings
}

fn port(registry: &LyingRegistry) -> String {
    registry.host().rsplit(':').next().expect("a port").to_string()
}

#[test]
fn a_certificate_counts_for_its_names_and_its_time() {
    let (image, registry) = serve(2);
    for host in [registry.host(), format!("localhost:{}", port(&registry))] {
        let client = Client::new(believing(&registry.certificates()));
        assert_eq!(client.resolve(&name(&host, "app:1")).unwrap().bytes, image.manifest);
    }
    // Under a name that the certificate does not have.
    let (folder, names) = (Scratch::new("certs"), Scratch::new("names"));
    let host = format!("other.example:{}", port(&registry));
    fs::create_dir(folder.path().join(&host)).unwrap();
    fs::copy(
        registry.certificates().join(registry.host()).join("ca.crt"),
        folder.path().join(&host).join("ca.crt"),
    )
    .unwrap();
    fs::write(names.path().join("hosts"), "127.0.0.1 other.example").unwrap();
    let mut settings = believing(folder.path());
    settings.hosts.names = Some(names.path().join("hosts"));
    let fault = Client::new(settings.clone()).resolve(&name(&host, "app:1")).unwrap_err();
    assert!(fault.sentence().contains("its certificate is for another name"), "{fault}");
    // Who says so gets it all the same.
    settings.hosts.insecure = vec![host.clone()];
    assert!(Client::new(settings).resolve(&name(&host, "app:1")).is_ok());

    let (_, expired) = serve(-1);
    let client = Client::new(believing(&expired.certificates()));
    let fault = client.resolve(&name(&expired.host(), "app:1")).unwrap_err();
    assert!(fault.sentence().contains("its certificate has expired"), "{fault}");
}

#[test]
fn a_bundle_of_authorities_is_believed_for_all() {
    let (_, registry) = serve(2);
    let (names, host) = (Scratch::new("names"), format!("localhost:{}", port(&registry)));
    // A name that is not this machine's for us, so that its certificate is checked.
    fs::write(names.path().join("hosts"), "127.0.0.1 registry.example").unwrap();
    let other = format!("registry.example:{}", port(&registry));
    let mut settings = settings();
    settings.hosts.names = Some(names.path().join("hosts"));
    let ask =
        |settings: &Settings| Client::new(settings.clone()).resolve(&name(&other, "app:1")).unwrap_err();
    assert!(ask(&settings).sentence().contains("an authority that is not known here"));
    settings.hosts.authorities = Some(registry.certificates().join(&host).join("ca.crt"));
    assert!(ask(&settings).sentence().contains("is for another name"), "the authority is known now");
    settings.hosts.authorities = Some("/no/such/bundle".into());
    assert!(ask(&settings).sentence().contains("/no/such/bundle"));
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let (_, registry) = serve(2);
    let folder = Scratch::new("certs");
    let own = folder.path().join(registry.host());
    fs::create_dir(&own).unwrap();
    let ca = registry.certificates().join(registry.host()).join("ca.crt");
    fs::copy(&ca, own.join("ca.crt")).unwrap();
    let ask = || Client::new(believing(folder.path())).resolve(&name(&registry.host(), "app:1"));
    assert!(ask().is_ok(), "the control");
    let said = |words: &str| {
        let fault = ask().unwrap_err();
        assert!(fault.sentence().contains(words), "expected {words}: {fault}");
    };
    fs::write(own.join("bad.crt"), "nonsense").unwrap();
    said("bad.crt`: there is no certificate in PEM in it");
    fs::remove_file(own.join("bad.crt")).unwrap();
    fs::copy(&ca, own.join("client.cert")).unwrap();
    said("client.key");
    fs::write(own.join("client.key"), "nonsense").unwrap();
    said("its key is not one in PEM");
    // A key, but another's.
    let (_, other) = serve(2);
    fs::copy(other.certificates().parent().unwrap().join("key.pem"), own.join("client.key")).unwrap();
    said("certificate and key do not fit together");
    fs::copy(registry.certificates().parent().unwrap().join("cert.pem"), own.join("client.cert")).unwrap();
    fs::copy(registry.certificates().parent().unwrap().join("key.pem"), own.join("client.key")).unwrap();
    assert!(ask().is_ok());
}

#[test]
fn a_host_that_does_not_speak_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let (_, registry) = serve(2);
    let folder = Scratch::new("certs");
    fs::create_dir(folder.path().join(&host)).unwrap();
    let ca = registry.certificates().join(registry.host()).join("ca.crt");
    fs::copy(&ca, folder.path().join(&host).join("ca.crt")).unwrap();
    let mut settings = believing(folder.path());
    settings.patience.connect = std::time::Duration::from_millis(200);
    let fault = Client::new(settings.clone()).resolve(&name(&host, "app:1")).unwrap_err();
    assert!(fault.sentence().contains("it does not answer"), "{fault}");
    // The same patience is enough for one that does.
    settings.hosts.certificates = vec![registry.certificates()];
    assert!(Client::new(settings).resolve(&name(&registry.host(), "app:1")).is_ok());
}
