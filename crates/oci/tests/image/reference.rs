//! Names mean what they mean to Docker.

use oci::image::{Named, Reference};

const SHA256: &str = "sha256:dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c";

fn refused(text: &str) -> String {
    let err = text.parse::<Reference>().expect_err(text);
    err.sentence()
}

#[test]
fn what_people_write_and_what_it_means() {
    let cases = [
        ("ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("library/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("index.docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("index.docker.io/library/ubuntu:1", "docker.io/library/ubuntu:1", "ubuntu:1"),
        ("fooo/bar", "docker.io/fooo/bar", "fooo/bar"),
        ("library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar"),
        ("localhost/a", "localhost/a", "localhost/a"),
        ("localhost", "docker.io/library/localhost", "localhost"),
        ("127.0.0.1:8000/a/b:t", "127.0.0.1:8000/a/b:t", "127.0.0.1:8000/a/b:t"),
        ("[fc00::1]:5000/docker", "[fc00::1]:5000/docker", "[fc00::1]:5000/docker"),
        ("test_com/foo", "docker.io/test_com/foo", "test_com/foo"),
        ("test-com:8080/foo", "test-com:8080/foo", "test-com:8080/foo"),
        // Without a slash it is no registry, whatever it looks like.
        ("192.168.0.1", "docker.io/library/192.168.0.1", "192.168.0.1"),
        ("192.168.0.1:80", "docker.io/library/192.168.0.1:80", "192.168.0.1:80"),
        // A capital is not allowed in a path, so it must be a registry.
        ("Foo/bar", "Foo/bar", "Foo/bar"),
        ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase", "lowercase:Uppercase"),
        ("dock__er/a---b.c_d", "docker.io/dock__er/a---b.c_d", "dock__er/a---b.c_d"),
    ];
    for (text, whole, familiar) in cases {
        let reference: Reference = text.parse().expect(text);
        assert_eq!((reference.to_string().as_str(), reference.familiar().as_str()), (whole, familiar));
        assert_eq!(reference, whole.parse().unwrap(), "{whole} is its own whole form");
        assert_eq!(reference, familiar.parse().unwrap(), "{familiar} means the same");
    }
}

#[test]
fn the_parts() {
    let text = format!("localhost:5000/a/b:tag@{SHA256}");
    let reference: Reference = text.parse().unwrap();
    assert_eq!(
        (reference.domain(), reference.path(), reference.tag()),
        ("localhost:5000", "a/b", Some("tag"))
    );
    assert_eq!(reference.digest().unwrap().as_str(), SHA256);
    assert_eq!((reference.to_string(), reference.familiar()), (text.clone(), text));
    assert_eq!(reference.repository().to_string(), "localhost:5000/a/b");

    let bare: Reference = "debian".parse().unwrap();
    assert_eq!((bare.tag(), bare.digest()), (None, None));
    assert_eq!(bare.clone().or_latest().familiar(), "debian:latest");
    assert_eq!(bare.clone().with_tag("12").unwrap().or_latest().familiar(), "debian:12");
    assert!(bare.with_tag("-12").unwrap_err().sentence().contains("invalid tag format"));
    let pinned: Reference = format!("debian@{SHA256}").parse().unwrap();
    assert_eq!(pinned.clone().or_latest(), pinned);
}

#[test]
fn lengths() {
    let path = |length: usize| format!("docker.io/library/{}", "a".repeat(length - "library/".len()));
    assert!(path(255).parse::<Reference>().is_ok());
    assert!(refused(&path(256)).ends_with("repository name must not be more than 255 characters"));
    assert!(format!("a:{}", "t".repeat(128)).parse::<Reference>().is_ok());
    assert!(refused(&format!("a:{}", "t".repeat(129))).ends_with("invalid reference format"));
}

#[test]
fn errors_have_the_words_that_scripts_know() {
    let format = [
        "",
        ":justtag",
        &format!("@{SHA256}"),
        "https://github.com/docker/docker",
        "-docker",
        "-docker.io/docker/docker",
        "docker///docker",
        "docker/",
        "/docker",
        "[fc00::1]:5000",
        "fc00::1:5000/debian",
        "[fe80::1%eth0]:5000/debian",
        "aa/asdf$$^/aa",
        "dock..er/docker",
        "a:",
        "a@",
        "a:b:c",
        "a b",
        "a\n",
        "a:t@sha256:12",
        "a_b.c/foo",
        "../a",
        "a/../b",
        "a:t/u",
        "a@sha256:..",
        &format!("a@{SHA256}@{SHA256}"),
    ];
    for text in format {
        assert!(refused(text).ends_with(": invalid reference format"), "{text:?}: {}", refused(text));
    }
    assert_eq!(
        refused("docker.io/docker/Docker"),
        "cannot use `docker.io/docker/Docker`: \
         invalid reference format: repository name (docker/Docker) must be lowercase"
    );
    assert!(refused("Ubuntu:1").ends_with("repository name (library/Ubuntu) must be lowercase"));
    assert!(refused("A_b.c/foo").ends_with("invalid reference format"), "a registry has no `_`");
    assert!(refused(&SHA256[7..]).contains("cannot specify 64-byte hexadecimal strings"));
    let short = format!("a@sha256:{}", "f".repeat(34));
    assert!(refused(&short).ends_with("invalid checksum digest length"));
    let capital = format!("a@sha256:{}", "F".repeat(64));
    assert!(refused(&capital).ends_with("invalid checksum digest format"));
    let unknown = format!("a@md5:{}", "f".repeat(32));
    assert!(refused(&unknown).ends_with("unsupported digest algorithm"));
}

#[test]
fn digits_of_a_digest_are_no_name() {
    let digest = Named::Digest(SHA256.parse().unwrap());
    assert_eq!(SHA256.parse::<Named>().unwrap(), digest);
    assert_eq!(SHA256[7..].parse::<Named>().unwrap(), digest);
    // One digit less is a name.
    let name = &SHA256[8..];
    let Named::Reference(reference) = name.parse().unwrap() else { panic!("not a name") };
    assert_eq!(reference.to_string(), format!("docker.io/library/{name}"));
}
