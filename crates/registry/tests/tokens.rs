//! Token servers: what they are told, and what they may ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fault::Kind;
use lab::{Asked, LyingRegistry, Reply};
use oci::image::{Family, MediaType};
use registry::{Client, Credential, Settings};

use crate::kit::{Image, client, fetch, good, name, settings};

/// A registry that wants a token, and gives them itself at `/token`. `give` decides which.
fn with_tokens(image: &Arc<Image>, give: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> LyingRegistry {
    let here = Arc::clone(image);
    LyingRegistry::new(move |asked| {
        let host = asked.header("host").unwrap_or_default();
        let wanted = format!(
            r#"Bearer realm="http://{host}/token",service="a b",scope="repository:evil:pull,delete""#
        );
        match (asked.path(), asked.header("authorization")) {
            ("/token", _) => give(asked),
            (_, Some("Bearer good")) => good(&here, asked),
            _ => Reply::status(401).header("www-authenticate", &wanted),
        }
    })
}

fn token(value: &str) -> Reply {
    Reply::of(200, format!(r#"{{"token":"{value}"}}"#))
}

fn known(host: &str, credential: Credential) -> Settings {
    let mut settings = settings();
    settings.credentials.given = Some((host.to_string(), credential));
    settings
}

fn password() -> Credential {
    Credential::Password { user: "me".into(), password: "secret".into() }
}

#[test]
fn a_token_is_for_what_is_done_and_is_used_again() {
    let image = Arc::new(Image::new(1000));
    let registry = with_tokens(&image, |_| token("good"));
    let (client, app) = (client(), name(&registry.host(), "app:1"));
    assert_eq!(client.resolve(&app).unwrap().bytes, image.manifest);
    assert_eq!(fetch(&client, &app, &image.layer_descriptor()).unwrap(), image.layer);
    let tokens: Vec<_> = registry.lines().into_iter().filter(|line| line.contains("/token")).collect();
    // Not what the registry suggests.
    assert_eq!(tokens, ["GET /token?service=a%20b&scope=repository:app:pull"]);
    assert_eq!(registry.asked().len(), 4, "{:?}", registry.lines());
    // Pushing needs another.
    let pushed = client.push_manifest(&app, &MediaType::Manifest(Family::Oci), &image.manifest);
    assert!(pushed.is_ok(), "{pushed:?}");
    assert!(
        registry.lines().contains(&"GET /token?service=a%20b&scope=repository:app:pull,push".to_string())
    );
}

#[test]
fn names_and_passwords_go_to_the_token_server_alone() {
    let image = Arc::new(Image::new(10));
    let registry = with_tokens(&image, |asked| match asked.header("authorization") {
        Some("Basic bWU6c2VjcmV0") => token("good"),
        _ => Reply::of(401, r#"{"details":"incorrect username or password"}"#),
    });
    let app = name(&registry.host(), "app:1");
    assert!(Client::new(known(&registry.host(), password())).resolve(&app).is_ok());
    let basic = |asked: &&Asked| asked.header("authorization").is_some_and(|told| told.starts_with("Basic"));
    assert!(registry.asked().iter().filter(basic).all(|asked| asked.path() == "/token"));
    assert_eq!(registry.asked().iter().filter(basic).count(), 1);

    let wrong = Credential::Password { user: "me".into(), password: "wrong".into() };
    let fault = Client::new(known(&registry.host(), wrong)).resolve(&app).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    assert!(fault.sentence().contains("incorrect username or password"), "{fault}");
    assert!(!fault.to_string().contains("wrong"), "{fault}");
    // Who is not known gets no token here, and hears what docker says then.
    let fault = client().resolve(&app).unwrap_err();
    assert!(fault.sentence().contains("may require 'docker login'"), "{fault}");
}

#[test]
fn an_identity_token_is_posted_or_else_a_password() {
    let image = Arc::new(Image::new(10));
    for knows_post in [true, false] {
        let registry =
            with_tokens(&image, move |asked| match (asked.method.as_str(), asked.header("authorization")) {
                ("POST", None) if knows_post => Reply::of(200, r#"{"access_token":"good","expires_in":300}"#),
                ("POST", _) => Reply::status(404),
                // me:long
                (_, Some("Basic bWU6bG9uZw==")) => token("good"),
                _ => Reply::status(401),
            });
        let identity = Credential::Identity { user: "me".into(), token: "long".into() };
        let client = Client::new(known(&registry.host(), identity));
        assert!(client.resolve(&name(&registry.host(), "app:1")).is_ok(), "{knows_post}");
        let asked = registry.asked();
        let posted = asked.iter().find(|asked| asked.method == "POST").unwrap();
        assert_eq!(
            String::from_utf8_lossy(&posted.body),
            "grant_type=refresh_token&service=a%20b&client_id=nagaya&scope=repository:app:pull&refresh_token=long"
        );
        assert!(!asked.iter().any(|asked| asked.target.contains("long")), "no secret in an address");
    }
}

#[test]
fn a_token_that_has_expired_is_replaced() {
    let image = Arc::new(Image::new(1000));
    let expired = Arc::new(AtomicBool::new(false));
    let (here, now) = (Arc::clone(&image), Arc::clone(&expired));
    let registry = LyingRegistry::new(move |asked| {
        let new = now.load(Ordering::SeqCst);
        let wanted = if new { "Bearer second" } else { "Bearer first" };
        match (asked.path(), asked.header("authorization")) {
            ("/token", _) => token(if new { "second" } else { "first" }),
            (_, Some(told)) if told == wanted => good(&here, asked),
            _ => Reply::status(401)
                .header("www-authenticate", r#"Bearer realm="/token",service="x",error="invalid_token""#),
        }
    });
    let (client, app) = (client(), name(&registry.host(), "app:1"));
    assert!(client.resolve(&app).is_ok());
    expired.store(true, Ordering::SeqCst);
    assert!(client.resolve(&app).is_ok());
    let tokens = registry.lines().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(tokens, 2);
}

#[test]
fn a_registry_that_always_says_no_is_asked_no_more_than_it_makes_sense() {
    let registry = LyingRegistry::new(|asked| match asked.path() {
        "/token" => token(&format!("t{}", asked.before)),
        _ => Reply::status(401).header("www-authenticate", r#"Bearer realm="/token",service="x""#),
    });
    let fault = client().resolve(&name(&registry.host(), "app:1")).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    assert_eq!(registry.asked().len(), 5, "{:?}", registry.lines());
    // One that offers nothing that we have is asked once.
    for offer in ["Negotiate", "", "Bearer", "garbage=\"", "Basic realm=\"a\""] {
        let registry = LyingRegistry::new(move |_| Reply::status(401).header("www-authenticate", offer));
        assert!(client().resolve(&name(&registry.host(), "app:1")).is_err());
        assert_eq!(registry.asked().len(), 1, "{offer}");
    }
}

#[test]
fn a_password_that_is_refused_is_not_said_again() {
    let registry =
        LyingRegistry::new(|_| Reply::status(401).header("www-authenticate", r#"Basic realm="x""#));
    let host = registry.host();
    let fault = Client::new(known(&host, password())).resolve(&name(&host, "app:1")).unwrap_err();
    assert_eq!(fault.kind(), Kind::Denied);
    let told: Vec<_> = registry.asked().iter().map(|asked| asked.header("authorization").is_some()).collect();
    assert_eq!(told, [false, true]);
}

#[test]
fn a_registry_that_knows_the_repository_by_a_longer_path_gets_that() {
    let image = Arc::new(Image::new(10));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::new(move |asked| {
        match (asked.path(), asked.header("authorization")) {
        ("/token", _) if asked.target.contains("scope=repository:mirror/app:pull&") => token("good"),
        ("/token", _) => token("too-little"),
        (_, Some("Bearer good")) => good(&here, asked),
        _ => Reply::status(401).header(
            "www-authenticate",
            r#"Bearer realm="/token",error="insufficient_scope",scope="repository:mirror/app:pull repository:x:pull,delete""#,
        ),
    }
    });
    assert!(client().resolve(&name(&registry.host(), "app:1")).is_ok());
    let tokens: Vec<_> = registry.lines().into_iter().filter(|line| line.contains("/token")).collect();
    let both = "GET /token?scope=repository:mirror/app:pull&scope=repository:app:pull";
    assert_eq!(tokens, ["GET /token?scope=repository:app:pull", both]);
}

#[test]
fn of_several_offers_one_that_helps_is_taken() {
    let image = Arc::new(Image::new(10));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::new(move |asked| match (asked.path(), asked.header("authorization")) {
        ("/token", _) => token("good"),
        (_, Some("Bearer good")) => good(&here, asked),
        _ => Reply::status(401).header("www-authenticate", "Negotiate").header(
            "www-authenticate",
            r#"Basic realm="x, Bearer realm=y", Bearer realm="/token",scope="a,b""#,
        ),
    });
    assert!(client().resolve(&name(&registry.host(), "app:1")).is_ok());
}

#[test]
fn token_servers_that_lie() {
    let image = Arc::new(Image::new(10));
    let long = "x".repeat(200 << 10);
    for (words, reply) in [
        ("not the JSON that is expected", Reply::of(200, "<html>secret</html>")),
        ("there is no token in its answer", Reply::of(200, "{}")),
        ("there is no token in its answer", token("")),
        ("cannot be one", token("good\\r\\nX-Evil: 1")),
        ("cannot be one", token(&long)),
        ("longer than 1048576 bytes", Reply::of(200, vec![b' '; 4096]).endless()),
        ("answered 500", Reply::status(500)),
        ("answered 404", Reply::status(404)),
        ("answered 302", Reply::status(302).header("location", "/elsewhere")),
    ] {
        let registry = with_tokens(&image, move |_| reply.clone());
        let fault = client().resolve(&name(&registry.host(), "app:1")).unwrap_err();
        assert!(fault.sentence().contains(words), "expected {words}: {fault}");
        assert!(!fault.to_string().contains("secret"), "{fault}");
    }
    let honest = with_tokens(&image, |_| token("good"));
    assert!(client().resolve(&name(&honest.host(), "app:1")).is_ok(), "the control");
}

#[test]
fn a_token_server_on_another_site_is_not_told_who_we_are() {
    let image = Arc::new(Image::new(10));
    // Named addresses would need names that lead here; addresses that are no loopback are refused before that.
    for realm in ["http://169.254.169.254/token", "http://evil.example/token", "https://127.0.0.1:1/x@y/"] {
        let registry = LyingRegistry::new(move |_| {
            Reply::status(401).header("www-authenticate", &format!(r#"Bearer realm="{realm}",service="x""#))
        });
        let host = registry.host();
        let fault = Client::new(known(&host, password())).resolve(&name(&host, "app:1")).unwrap_err();
        let words = ["only this machine can reach", "which is another site", "connection refused"];
        assert!(words.iter().any(|words| fault.sentence().contains(words)), "{realm}: {fault}");
        assert_eq!(registry.asked().len(), 1, "{realm}");
    }
    // From one address of this machine to another: both are this machine, so one site.
    let there = LyingRegistry::at("127.0.0.2", |_| token("good"));
    let (realm, here) = (format!("http://{}/token", there.host()), Arc::clone(&image));
    let registry = LyingRegistry::new(move |asked| match asked.header("authorization") {
        Some("Bearer good") => good(&here, asked),
        _ => Reply::status(401).header("www-authenticate", &format!(r#"Bearer realm="{realm}""#)),
    });
    let host = registry.host();
    assert!(Client::new(known(&host, password())).resolve(&name(&host, "app:1")).is_ok());
}

#[test]
fn a_token_server_without_tls_is_not_for_a_registry_with() {
    let image = Arc::new(Image::new(10));
    let plain = LyingRegistry::at("127.0.0.2", |_| token("good"));
    let serve = |realm: String| {
        let here = Arc::clone(&image);
        LyingRegistry::tls(2, move |asked| match (asked.path(), asked.header("authorization")) {
            ("/token", _) => token("good"),
            (_, Some("Bearer good")) => good(&here, asked),
            _ => Reply::status(401).header("www-authenticate", &format!(r#"Bearer realm="{realm}""#)),
        })
    };
    let ask = |registry: &LyingRegistry| {
        let mut settings = known(&registry.host(), password());
        settings.hosts.certificates = vec![registry.certificates()];
        Client::new(settings).resolve(&name(&registry.host(), "app:1"))
    };
    assert!(ask(&serve("/token".into())).is_ok(), "the control");
    let fault = ask(&serve(format!("http://{}/token", plain.host()))).unwrap_err();
    assert!(fault.sentence().contains("is without TLS"), "{fault}");
    assert!(plain.asked().is_empty());
}
