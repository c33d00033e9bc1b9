//! A document is one thing only, and whoever says what it is says the same.

use oci::image::{
    Compression, Config, Descriptor, Digest, Document, Family, Index, MOST_LAYERS, MOST_MANIFESTS, Manifest,
    MediaType,
};
use serde_json::{Value, json};

fn digest(byte: u8) -> Digest {
    Digest::sha256([byte; 32])
}

fn blob(media_type: MediaType) -> Descriptor {
    Descriptor::new(media_type, digest(1), 10)
}

fn manifest(family: Family, layers: usize) -> Manifest {
    let layer = blob(MediaType::Layer(family, Compression::Gzip));
    Manifest::new(family, blob(MediaType::Config(family)), vec![layer; layers])
}

fn index(family: Family, entries: usize) -> Index {
    Index::new(family, vec![blob(MediaType::Manifest(family)); entries])
}

fn parse(json: &Value) -> Result<Document, String> {
    Document::parse(json.to_string().as_bytes(), &[]).map_err(|err| err.sentence())
}

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("a document")
}

fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut json = value(&manifest(Family::Oci, 1).to_json());
    edit(&mut json);
    json
}

#[test]
fn what_we_make_can_be_read() {
    for family in [Family::Oci, Family::Docker] {
        let (manifest, index) = (manifest(family, 2), index(family, 2));
        assert_eq!(parse(&value(&manifest.to_json())), Ok(Document::Manifest(Box::new(manifest))));
        assert_eq!(parse(&value(&index.to_json())), Ok(Document::Index(index)));
    }
}

/// The document's own word, the registry's and the descriptor's: each one of two, or missing.
#[test]
fn all_who_say_what_it_is_must_agree() {
    let types = [Some(MediaType::Manifest(Family::Oci)), Some(MediaType::Index(Family::Oci)), None];
    let bodies = [value(&manifest(Family::Oci, 1).to_json()), value(&index(Family::Oci, 1).to_json())];
    let mut read = 0;
    for (body, form) in bodies.iter().zip(&types[..2]) {
        for own in &types {
            for header in &types {
                for descriptor in &types {
                    let mut json = body.clone();
                    json["mediaType"] = own.as_ref().map_or(Value::Null, |own| json!(own));
                    let said: Vec<_> = [("header", header), ("descriptor", descriptor)]
                        .into_iter()
                        .filter_map(|(who, said)| said.as_ref().map(|said| (who, said)))
                        .collect();
                    let agree =
                        [own, header, descriptor].into_iter().flatten().all(|one| Some(one) == form.as_ref());
                    let parsed = Document::parse(json.to_string().as_bytes(), &said);
                    assert_eq!(parsed.is_ok(), agree, "{own:?} {header:?} {descriptor:?}: {parsed:?}");
                    read += u32::from(agree);
                }
            }
        }
    }
    assert_eq!(read, 16, "two documents, each with any of three words missing or true");
}

#[test]
fn a_document_that_is_two_things_is_none() {
    let both = edited(|json| json["manifests"] = json!([]));
    assert_eq!(parse(&both).unwrap_err(), "cannot read manifest: it has both `layers` and `manifests`");
    let neither = json!({"schemaVersion": 2});
    assert!(parse(&neither).unwrap_err().contains("neither"));
    let null = edited(|json| json["manifests"] = Value::Null);
    assert!(parse(&null).is_err(), "a key with nothing in it is a key");
    let disguised = edited(|json| json["Manifests"] = json!([]));
    assert!(parse(&disguised).unwrap_err().contains("`Manifests` is a known one in another case"));
    let twice = br#"{"schemaVersion":2,"layers":[],"layers":[]}"#;
    assert!(Document::parse(twice, &[]).unwrap_err().sentence().contains("twice"));
}

#[test]
fn unknown_types_and_versions_are_refused() {
    let html = MediaType::of_content_type("text/html");
    let err = Document::parse(&manifest(Family::Oci, 1).to_json(), &[("Content-Type", &html)]).unwrap_err();
    assert!(err.sentence().ends_with("the Content-Type says `text/html`"));
    let named = edited(|json| json["mediaType"] = json!("application/x"));
    assert!(parse(&named).unwrap_err().contains("has not the form of `application/x`"));
    let first = json!({"schemaVersion": 1, "fsLayers": []});
    assert!(parse(&first).unwrap_err().contains("schema 1"));
    for version in [json!(0), json!(3), Value::Null, json!("2"), json!(-2)] {
        assert!(parse(&edited(|json| json["schemaVersion"] = version.clone())).is_err(), "{version}");
    }
}

#[test]
fn descriptors_are_checked() {
    let sizes = [json!(-1), json!(1.5), json!("1"), json!(u64::MAX), json!(1_u64 << 63), Value::Null];
    for size in sizes {
        assert!(parse(&edited(|json| json["layers"][0]["size"] = size.clone())).is_err(), "{size}");
    }
    assert!(parse(&edited(|json| json["layers"][0]["size"] = json!((1_u64 << 63) - 1))).is_ok());
    let err = parse(&edited(|json| json["layers"][0]["digest"] = json!("sha256:../.."))).unwrap_err();
    assert!(err.starts_with("cannot use `layers[0].digest`"), "{err}");
    assert!(parse(&edited(|json| json["config"] = json!([]))).is_err());
}

#[test]
fn only_so_many() {
    for (many, read) in [(MOST_LAYERS, true), (MOST_LAYERS + 1, false)] {
        assert_eq!(parse(&value(&manifest(Family::Oci, many).to_json())).is_ok(), read);
    }
    for (many, read) in [(MOST_MANIFESTS, true), (MOST_MANIFESTS + 1, false)] {
        assert_eq!(parse(&value(&index(Family::Oci, many).to_json())).is_ok(), read);
    }
}

#[test]
fn layers_and_config_belong_together() {
    let mut config = Config::default();
    config.rootfs.diff_ids = vec![digest(7), digest(8)];
    let mut manifest = manifest(Family::Docker, 2);
    manifest.layers[1].media_type = MediaType::Foreign(Family::Docker, Compression::Gzip);
    let layers = manifest.layers_of(&config).unwrap();
    assert_eq!((&layers[0].diff_id, layers[0].foreign), (&digest(7), false));
    assert_eq!((&layers[1].diff_id, layers[1].foreign), (&digest(8), true));

    manifest.layers.pop();
    let err = manifest.layers_of(&config).unwrap_err().sentence();
    assert_eq!(err, "cannot use `rootfs.diff_ids`: the manifest has 1 layers, the config 2");
    config.rootfs.diff_ids.pop();
    manifest.layers[0].media_type = MediaType::named("application/vnd.oci.image.layer.v1.tar+encrypted");
    assert!(manifest.layers_of(&config).unwrap_err().sentence().contains("layers[0].mediaType"));
    manifest.config.media_type = MediaType::Empty;
    assert!(manifest.layers_of(&config).unwrap_err().sentence().contains("vnd.oci.empty"));
}

#[test]
fn an_index_offers_what_runs_here() {
    let entry = |byte: u8, platform: Option<&str>| {
        let platform = platform.map(|text| text.parse().unwrap());
        Descriptor { platform, ..Descriptor::new(MediaType::Manifest(Family::Oci), digest(byte), 1) }
    };
    let entries = vec![
        entry(1, None),
        entry(2, Some("linux/386")),
        entry(3, Some("linux/arm64")),
        entry(4, Some("linux/amd64")),
        entry(5, Some("linux/amd64")),
        entry(6, Some("unknown/unknown")),
    ];
    let index = Index::new(Family::Oci, entries);
    let found = |platform: &str| -> Vec<Digest> {
        index.candidates(&platform.parse().unwrap()).into_iter().map(|entry| entry.digest.clone()).collect()
    };
    assert_eq!(found("linux/amd64"), [4, 5, 2, 1].map(digest));
    assert_eq!(found("linux/arm64"), [3, 1].map(digest));
    assert_eq!(found("linux/s390x"), [digest(1)]);
}
