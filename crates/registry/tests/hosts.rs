//! What docker's, podman's and containerd's files say of registries.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fault::{Kind, Result};
use lab::{Asked, LyingRegistry, Reply, Scratch};
use oci::image::Reference;
use registry::{Client, Hosts};

use crate::kit::{Image, fetch, good, name, settings};

/// A registry that has the image as `app`, whatever stands before it.
fn serve(image: &Arc<Image>) -> LyingRegistry {
    let here = Arc::clone(image);
    LyingRegistry::new(move |asked| {
        let rest = asked.path().find("/app/").map(|at| format!("/v2{}", &asked.path()[at..]));
        good(&here, &Asked { target: rest.unwrap_or_default(), ..asked.clone() })
    })
}

fn empty() -> LyingRegistry {
    LyingRegistry::new(|_| Reply::status(404))
}

fn client(hosts: Hosts) -> Client {
    let mut settings = settings();
    settings.hosts = Hosts { resolv_conf: settings.hosts.resolv_conf.clone(), ..hosts };
    Client::new(settings)
}

/// By what a registries.conf says.
fn by_podman(scratch: &Scratch, text: &str) -> Result<Hosts> {
    let file = scratch.path().join("registries.conf");
    fs::write(&file, text).expect("a file");
    Hosts::default().with_registries_conf(&file, &[scratch.path().join("conf.d")])
}

/// By a hosts.toml for a registry.
fn by_containerd(scratch: &Scratch, registry: &str, text: &str) -> Hosts {
    let folder = scratch.path().join(registry);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("hosts.toml"), text).expect("a file");
    Hosts { certificates: vec![scratch.path().to_path_buf()], ..Hosts::default() }
}

fn paths(registry: &LyingRegistry) -> Vec<String> {
    registry.lines().iter().map(|line| line.split(" /v2/").last().unwrap_or_default().to_string()).collect()
}

#[test]
fn podmans_mirrors_and_locations() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("conf"));
    let (mirror, origin) = (serve(&image), serve(&image));
    let text = format!(
        r#"
        unqualified-search-registries = ["quay.io"]
        [[registry]]
        prefix = "docker.io/team"
        location = "{1}/moved"
        [[registry.mirror]]
        location = "{0}/hub"
        pull-from-mirror = "digest-only"
        [[registry]]
        location = "blocked.example"
        blocked = true
        [[registry]]
        prefix = "*.wild.example"
        blocked = true
        "#,
        mirror.host(),
        origin.host()
    );
    let client = client(by_podman(&scratch, &text).unwrap());
    let app: Reference = "docker.io/team/app:1".parse().unwrap();
    assert_eq!(client.resolve(&app).unwrap().bytes, image.manifest);
    assert_eq!(fetch(&client, &app, &image.layer_descriptor()).unwrap(), image.layer);
    let layer = image.layer_descriptor().digest;
    assert_eq!(paths(&mirror), [format!("hub/app/blobs/{layer}")], "no tags from there");
    assert_eq!(paths(&origin), ["moved/app/manifests/1"]);
    for blocked in ["blocked.example/a:1", "a.b.wild.example/x"] {
        let fault = client.resolve(&blocked.parse().unwrap()).unwrap_err();
        assert_eq!(fault.kind(), Kind::Denied);
        assert!(fault.sentence().contains("is blocked in `"), "{fault}");
    }
    // Not blocked, only not there.
    for other in ["wild.example/x", "notblocked.example/a", "docker.io/teams/app"] {
        let fault = client.resolve(&other.parse().unwrap()).unwrap_err();
        assert!(!fault.sentence().contains("blocked in"), "{fault}");
    }
    assert_eq!(
        (mirror.asked().len(), origin.asked().len()),
        (1, 1),
        "`team` is not the beginning of `teams`"
    );
}

#[test]
fn later_files_of_podmans_replace_earlier_ones() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("conf"));
    let origin = serve(&image);
    fs::create_dir(scratch.path().join("conf.d")).unwrap();
    let rule = |location: &str| format!("[[registry]]\nprefix = \"a.example\"\nlocation = \"{location}\"\n");
    fs::write(scratch.path().join("conf.d/10.conf"), rule("127.0.0.1:1")).unwrap();
    fs::write(scratch.path().join("conf.d/20.conf"), rule(&origin.host())).unwrap();
    fs::write(scratch.path().join("conf.d/30.txt"), "nonsense").unwrap();
    let app = "a.example/app:1".parse().unwrap();
    let client_of = |text: &str| client(by_podman(&scratch, text).unwrap());
    assert!(client_of(&rule("127.0.0.1:2")).resolve(&app).is_ok());
    fs::remove_file(scratch.path().join("conf.d/20.conf")).unwrap();
    assert!(client_of("").resolve(&app).unwrap_err().sentence().contains("127.0.0.1:1"));
    let fault = by_podman(&scratch, "[[registry]\n").unwrap_err();
    assert!(fault.sentence().contains("registries.conf`"), "{fault}");
}

#[test]
fn containerds_hosts() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("hosts"));
    let (nothing, pulls, custom, server) = (empty(), serve(&image), serve(&image), serve(&image));
    let text = format!(
        r#"
        server = "http://{}"
        [host."http://{}"]
        [host."http://{}"]
          capabilities = ["pull"]
        [host."http://{}/api/x"]
          capabilities = ["resolve"]
          override_path = true
        "#,
        server.host(),
        nothing.host(),
        pulls.host(),
        custom.host()
    );
    let client = client(by_containerd(&scratch, "a.example_5000_", &text));
    let app: Reference = "a.example:5000/app:1".parse().unwrap();
    assert_eq!(client.resolve(&app).unwrap().bytes, image.manifest);
    assert_eq!(fetch(&client, &app, &image.layer_descriptor()).unwrap(), image.layer);
    let layer = image.layer_descriptor().digest;
    let (manifest, blob) =
        ("app/manifests/1?ns=a.example:5000", format!("app/blobs/{layer}?ns=a.example:5000"));
    assert_eq!(paths(&nothing), [manifest, &blob]);
    assert_eq!(paths(&pulls), [blob.as_str()]);
    assert_eq!(custom.lines(), [format!("GET /api/x/{manifest}")]);
    assert!(server.asked().is_empty());
    // To push is for the registry itself.
    assert!(!client.has_blob(&app, &image.config_descriptor()).unwrap() || !server.asked().is_empty());
    assert_eq!(server.asked()[0].method, "HEAD");
}

#[test]
fn a_mirror_that_breaks_is_left_for_the_next_place() {
    let (image, scratch) = (Arc::new(Image::new(100_000)), Scratch::new("hosts"));
    let here = Arc::clone(&image);
    let breaks = LyingRegistry::new(move |asked| good(&here, asked).cut(10));
    let server = serve(&image);
    let text = format!("server = \"http://{}\"\n[host.\"http://{}\"]\n", server.host(), breaks.host());
    let client = client(by_containerd(&scratch, "a.example", &text));
    let layer = image.layer_descriptor();
    assert_eq!(fetch(&client, &"a.example/app:1".parse().unwrap(), &layer).unwrap(), image.layer);
    // The rest comes from there, and nothing twice.
    assert_eq!(breaks.asked().len(), 5);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(server.asked()[0].header("range"), Some("bytes=50-"));
}

#[test]
fn containerds_certificates() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("hosts"));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::tls(2, move |asked| good(&here, asked));
    let ca = registry.certificates().join(registry.host()).join("ca.crt");
    let app = name(&registry.host(), "app:1");
    let ask = |text: &str| client(by_containerd(&scratch, &registry.host(), text)).resolve(&app);
    fs::create_dir_all(scratch.path().join(registry.host())).unwrap();
    let beside = scratch.path().join(registry.host()).join("mine.pem");
    fs::copy(&ca, &beside).unwrap();
    for good in ["ca = \"mine.pem\"", &format!("ca = [\"{}\"]", ca.display()), "skip_verify = true"] {
        assert!(ask(good).is_ok(), "{good}");
    }
    let other = LyingRegistry::tls(2, |_| Reply::status(404));
    fs::copy(other.certificates().join(other.host()).join("ca.crt"), &beside).unwrap();
    let fault = ask("ca = \"mine.pem\"").unwrap_err();
    assert!(fault.sentence().contains("an authority that is not known here"), "{fault}");
    let fault = ask("ca = \"none.pem\"").unwrap_err();
    assert!(fault.sentence().contains("none.pem"), "{fault}");
    for (client, words) in
        [("\"mine.pem\"", "its key is not"), ("[[\"mine.pem\", \"none.key\"]]", "none.key")]
    {
        let fault = ask(&format!("ca = \"{}\"\nclient = {client}", ca.display())).unwrap_err();
        assert!(fault.sentence().contains(words), "{client}: {fault}");
    }
    for bad in ["server = 5", "[host", "[host.\"ftp://x\"]", "skip_verify = \"yes\""] {
        let fault = ask(bad).unwrap_err();
        assert_eq!(fault.kind(), Kind::Invalid, "{bad}: {fault}");
    }
}

#[test]
fn dockers_daemon_json() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("daemon"));
    let mirror = serve(&image);
    let file: PathBuf = scratch.path().join("daemon.json");
    let read = |text: &str| {
        fs::write(&file, text).expect("a file");
        Hosts::default().with_daemon_json(&file)
    };
    let text = format!(
        r#"{{"debug":true,"registry-mirrors":["http://{}"],"insecure-registries":["a.example:5000","10.0.0.0/8"]}}"#,
        mirror.host()
    );
    let hosts = read(&text).unwrap();
    assert_eq!(hosts.insecure, ["a.example:5000", "10.0.0.0/8"]);
    assert!(client(hosts).resolve(&"app:1".parse().unwrap()).is_ok());
    assert_eq!(paths(&mirror), ["library/app/manifests/1"]);
    assert!(read("{").unwrap_err().sentence().contains("daemon.json"));
    assert_eq!(read(" ").unwrap().mirrors.len(), 0);
    assert_eq!(Hosts::default().with_daemon_json(Path::new("/no/such/file")).unwrap().mirrors.len(), 0);
    // A mirror that has nothing, or is not there, is passed by.
    let hosts = read(&format!(r#"{{"registry-mirrors":["http://127.0.0.1:1","http://{}"]}}"#, mirror.host()))
        .unwrap();
    assert!(client(hosts).resolve(&"app:1".parse().unwrap()).is_ok());
}

/// What a header was said to be in each request.
fn headers(registry: &LyingRegistry, name: &str) -> Vec<Option<String>> {
    registry.asked().iter().map(|asked| asked.header(name).map(str::to_string)).collect()
}

#[test]
fn headers_are_for_those_who_are_asked() {
    let (image, scratch) = (Arc::new(Image::new(10)), Scratch::new("headers"));
    // It answers with a blob that is elsewhere.
    let elsewhere = serve(&image);
    let (here, there) = (Arc::clone(&image), elsewhere.host());
    let registry = LyingRegistry::new(move |asked| match asked.path() {
        path if path.contains("/blobs/") => {
            Reply::status(307).header("location", &format!("http://{there}{path}"))
        }
        _ => good(&here, asked),
    });
    let host = registry.host();
    let text = format!(
        "server = \"http://{host}\"\n[header]\nx-one = \"1\"\nx-two = [\"2\", \"3\"]\n\
         [host.\"http://{host}/mirror\"]\n[host.\"http://{host}/mirror\".header]\nAuthorization = \"Basic mirror\"\n"
    );
    let config = scratch.path().join("config.json");
    fs::write(&config, r#"{"HttpHeaders":{"X-Meta-Who":"me","X-Other":"no","User-Agent":"no"}}"#).unwrap();
    let hosts = by_containerd(&scratch, &host, &text).with_config_json(&config).unwrap();
    let client = client(hosts);
    client.resolve(&name(&host, "app:1")).unwrap();
    assert_eq!(fetch(&client, &name(&host, "app"), &image.layer_descriptor()).unwrap(), image.layer);
    let is_mirror: Vec<bool> =
        registry.asked().iter().map(|asked| asked.path().starts_with("/mirror/")).collect();
    assert!(is_mirror.contains(&true) && is_mirror.contains(&false), "{is_mirror:?}");
    let of_mirror =
        |value: &str| is_mirror.iter().map(|is| is.then(|| value.to_string())).collect::<Vec<_>>();
    let of_registry =
        |value: &str| is_mirror.iter().map(|is| (!is).then(|| value.to_string())).collect::<Vec<_>>();
    assert_eq!(headers(&registry, "authorization"), of_mirror("Basic mirror"));
    assert_eq!(headers(&registry, "x-one"), of_registry("1"));
    assert!(headers(&registry, "x-meta-who").iter().all(|value| value.as_deref() == Some("me")));
    assert!(headers(&registry, "x-other").iter().all(Option::is_none));
    assert!(headers(&registry, "user-agent").iter().flatten().all(|agent| agent.starts_with("nagaya/")));
    // Whoever they lead to is told nothing of it.
    assert!(!elsewhere.asked().is_empty());
    for header in ["authorization", "x-one", "x-two", "x-meta-who"] {
        assert!(headers(&elsewhere, header).iter().all(Option::is_none), "{header}");
    }
}

#[test]
fn headers_that_nobody_may_set() {
    let scratch = Scratch::new("headers");
    for (header, words) in [
        ("Host = \"other.example\"", "ours to say"),
        ("range = \"bytes=1-\"", "ours to say"),
        ("\"a b\" = \"1\"", "no name of a header"),
        ("x-two = \"a\\nInjected: yes\"", "cannot be sent"),
    ] {
        let hosts = by_containerd(&scratch, "r.example", &format!("[header]\n{header}\n"));
        let fault = client(hosts).resolve(&name("r.example", "app:1")).unwrap_err();
        assert!(fault.sentence().contains(words), "{header}: {fault}");
    }
    assert!(Hosts::default().with_config_json(Path::new("/no/such/file")).is_ok());
}
