//! Manifests, indexes and configs that nobody should believe: refused in whatever way they come, with nothing left.
//! The control of each is the same document without the lie, or one step inside the limit.

use std::fs;
use std::os::unix::fs::symlink;

use lab::{Canary, Lab, Nagaya, fails};
use serde_json::{Value, json};

use crate::kit::Images;
use crate::layout::{CONFIG, INDEX, LAYER, LAYER_GZIP, Layout, MANIFEST, Parts, bare, sha256, tar};
use crate::sample::put;
use crate::ways_in::{Attempt, serve};

/// A tar with one file.
fn small(lab: &Lab, text: &str) -> Vec<u8> {
    let folder = lab.folder().join(format!("small-{text}"));
    put(&folder.join("file"), text);
    let archive = folder.with_extension("tar");
    tar(&folder, &archive, &[]);
    fs::read(archive).expect("a tar")
}

/// An image of two layers, before somebody changes it.
fn parts(attempt: &Attempt) -> Parts {
    let (one, two) = (small(&attempt.lab, "one"), small(&attempt.lab, "two"));
    attempt.layout.parts(&[(&one, LAYER_GZIP), (&two, LAYER_GZIP)], bare())
}

type Change = fn(&Layout, &mut Parts);

/// Each change is refused for one of its reasons.
#[track_caller]
fn refused(cases: &[(&str, Change, &[&str])]) {
    for (what, change, reasons) in cases {
        let attempt = Attempt::new();
        let mut parts = parts(&attempt);
        change(&attempt.layout, &mut parts);
        let image = attempt.layout.finish(parts);
        attempt.refused(what, &image, reasons);
    }
}

/// Each is fine.
#[track_caller]
fn taken(cases: &[(&str, Change)]) {
    for (what, change) in cases {
        let attempt = Attempt::new();
        let mut parts = parts(&attempt);
        change(&attempt.layout, &mut parts);
        let image = attempt.layout.finish(parts);
        attempt.taken(what, &image);
    }
}

const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// The control of this whole file.
#[test]
fn what_is_odd_but_true_is_taken() {
    taken(&[
        ("nothing changed", |_, _| {}),
        ("a subject", |_, parts| {
            parts.manifest["subject"] = json!({ "mediaType": MANIFEST, "digest": ZEROS, "size": 7 });
        }),
        ("a megabyte of annotations", |_, parts| {
            parts.manifest["annotations"] = json!({ "long": "x".repeat(1 << 20) });
        }),
        ("data that is not that of the digest", |_, parts| {
            parts.manifest["layers"][0]["data"] = "AAAA".into();
        }),
        ("no media type of its own", |_, parts| {
            parts.manifest.as_object_mut().expect("an object").remove("mediaType");
        }),
        ("fields that nobody knows", |_, parts| {
            parts.manifest["x-new"] = json!([1, { "deep": [] }]);
            parts.config["x-new"] = json!({});
        }),
        ("a program that makes no sense", |_, parts| {
            parts.config["config"] = json!({
                "User": "nobody knows:this\n", "WorkingDir": "not/absolute", "Volumes": { "/../..": {} },
                "ExposedPorts": { "all of them": {} }, "Healthcheck": { "Interval": 0 }, "StopSignal": "SIGNOPE",
            });
            parts.config["created"] = "9999-12-31T23:59:59Z".into();
        }),
    ]);
}

/// One document that two readers take for two things (CVE-2021-41190).
#[test]
fn a_document_is_one_thing() {
    refused(&[
        (
            "both forms",
            |_, parts| parts.manifest["manifests"] = json!([]),
            &["both `layers` and `manifests`"],
        ),
        ("an index's type", |_, parts| parts.manifest["mediaType"] = INDEX.into(), &["mediaType"]),
        (
            "a type that nobody knows",
            |_, parts| parts.manifest["mediaType"] = "text/html".into(),
            &["mediaType", "not a manifest"],
        ),
        (
            "docker's type, in OCI's name",
            |_, parts| {
                parts.manifest["mediaType"] =
                    "application/vnd.docker.distribution.manifest.list.v2+json".into();
            },
            &["mediaType"],
        ),
        (
            "no layers",
            |_, parts| {
                parts.manifest.as_object_mut().expect("an object").remove("layers");
            },
            &["neither `layers` and `config` nor `manifests`"],
        ),
        ("schema 1", |_, parts| parts.manifest["schemaVersion"] = 1.into(), &["schema 1"]),
        ("no version", |_, parts| parts.manifest["schemaVersion"] = Value::Null, &["schemaVersion"]),
        ("a version of tomorrow", |_, parts| parts.manifest["schemaVersion"] = 3.into(), &["schemaVersion"]),
        ("a key in another case", |_, parts| parts.manifest["Layers"] = json!([]), &["another case"]),
    ]);
}

/// The type that the registry says, the one of the descriptor and the document's own: all pairs that differ.
#[test]
fn what_names_a_document_and_the_document_agree() {
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let types = [MANIFEST, docker, INDEX, "text/html"];
    let mut agreed = 0;
    for own in [MANIFEST, docker] {
        for said in types {
            let attempt = Attempt::new();
            let mut parts = parts(&attempt);
            parts.manifest["mediaType"] = own.into();
            let image = attempt.layout.finish(parts);
            let registry = serve(&attempt.layout.folder, &image, move |asked, reply| {
                if asked.path().contains("/manifests/") { reply.instead("content-type", said) } else { reply }
            });
            let output = attempt.lab.nagaya(&["pull", &format!("{}/app:1", registry.host())]).output();
            let mut entry = image.clone();
            entry["mediaType"] = said.into();
            attempt.layout.list(&[("app:1", entry)]);
            let loaded = attempt.lab.nagaya(&["load", "-i"]).arg(&attempt.layout.folder).output();
            if own == said {
                agreed += 1;
                assert_eq!((output.code, loaded.code), (0, 0), "{own}: {output:?} {loaded:?}");
            } else {
                fails(output, 1, &[]);
                fails(loaded, 1, &[]);
                attempt.nothing_came();
            }
        }
    }
    assert_eq!(agreed, 2);
}

/// A digest is a digest before anything is asked for by it (CVE-2024-3727).
#[test]
fn digests_that_are_none() {
    for digest in [
        "",
        "sha256:",
        "sha256:../../../../etc/passwd",
        "sha256:ABCDEF",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855?a=@b",
        "../../canary/secret",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        for place in ["config", "layer", "diff_id", "index"] {
            let attempt = Attempt::new();
            let canary = Canary::new(&attempt.lab);
            let mut parts = parts(&attempt);
            match place {
                "config" => {
                    parts.manifest["config"] = attempt.layout.document(CONFIG, &parts.config);
                    parts.manifest["config"]["digest"] = digest.into();
                }
                "layer" => parts.manifest["layers"][0]["digest"] = digest.into(),
                "diff_id" => parts.config["rootfs"]["diff_ids"][0] = digest.into(),
                _ => {}
            }
            let mut image = attempt.layout.finish(parts);
            if place == "index" {
                image["digest"] = digest.into();
                let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image] });
                image = attempt.layout.document(INDEX, &index);
            }
            attempt.refused(&format!("{place} `{digest}`"), &image, &["digest", "diff_ids"]);
            let registry = serve(&attempt.layout.folder, &image, |_, reply| reply);
            fails(attempt.lab.nagaya(&["pull", &format!("{}/app:1", registry.host())]).output(), 1, &[]);
            let lines = registry.lines().into_iter();
            let strange = lines.filter(|line| line.ends_with(&format!("/{digest}")) && *line != "GET /v2/");
            assert_eq!(strange.collect::<Vec<_>>(), [""; 0]);
            canary.unharmed();
        }
    }
}

/// A size and a digest are both true, or nothing is taken.
#[test]
fn descriptors_that_lie() {
    refused(&[
        ("a layer of no size", |_, parts| parts.manifest["layers"][0]["size"] = 0.into(), &["bytes"]),
        (
            "a layer of less than nothing",
            |_, parts| parts.manifest["layers"][0]["size"] = json!(-1),
            &["size"],
        ),
        ("a layer of 2^63", |_, parts| parts.manifest["layers"][0]["size"] = json!(1_u64 << 63), &["size"]),
        ("a layer of a text", |_, parts| parts.manifest["layers"][0]["size"] = "9".into(), &["size"]),
        ("a layer that is longer", |_, parts| more(&mut parts.manifest["layers"][1], -1), &["bytes"]),
        ("a layer that is shorter", |_, parts| more(&mut parts.manifest["layers"][1], 1), &["bytes"]),
        (
            "a layer of others' bytes",
            |layout, parts| {
                let path = layout.blob_path(parts.manifest["layers"][1]["digest"].as_str().expect("a text"));
                fs::copy(
                    layout.blob_path(parts.manifest["layers"][0]["digest"].as_str().expect("a text")),
                    path,
                )
                .expect("a copy");
            },
            &["digest", "bytes", "truncated", "does not have"],
        ),
        (
            "a layer that is not there",
            |_, parts| parts.manifest["layers"][0]["digest"] = ZEROS.into(),
            &["no such file", "does not have", "404", "unknown", "not found"],
        ),
        (
            "a config that is longer",
            |layout, parts| {
                parts.manifest["config"] = layout.document(CONFIG, &parts.config);
                more(&mut parts.manifest["config"], -1);
            },
            &["bytes"],
        ),
        (
            "a config of another type",
            |layout, parts| {
                parts.manifest["config"] = layout.document("application/vnd.example.thing", &parts.config);
            },
            &["no image in it", "artifact"],
        ),
        (
            "a layer of a type that nobody knows",
            |_, parts| {
                parts.manifest["layers"][0]["mediaType"] = "application/x-rar".into();
            },
            &["mediaType"],
        ),
        ("the first diff_id", |_, parts| parts.config["rootfs"]["diff_ids"][0] = ZEROS.into(), &[ZEROS]),
        ("the last diff_id", |_, parts| parts.config["rootfs"]["diff_ids"][1] = ZEROS.into(), &[ZEROS]),
        (
            "too few diff_ids",
            |_, parts| {
                parts.config["rootfs"]["diff_ids"].as_array_mut().expect("a list").pop();
            },
            &["diff_ids"],
        ),
        (
            "diff_ids in another order",
            |_, parts| {
                parts.config["rootfs"]["diff_ids"].as_array_mut().expect("a list").reverse();
            },
            &["do not belong together"],
        ),
    ]);
}

fn more(descriptor: &mut Value, bytes: i64) {
    let size = descriptor["size"].as_i64().expect("a size");
    descriptor["size"] = json!(size + bytes);
}

/// Makes an image that is at a limit, or beyond.
type Make<'a> = &'a dyn Fn(usize, &Attempt) -> Value;

/// Just inside each limit, and just outside.
#[test]
fn documents_have_limits() {
    let long = |bytes: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        parts.manifest["config"] = attempt.layout.document(CONFIG, &parts.config);
        parts.manifest["annotations"] = json!({ "a": "" });
        let missing = bytes - parts.manifest.to_string().len();
        parts.manifest["annotations"]["a"] = "x".repeat(missing).into();
        attempt.layout.finish(parts)
    };
    let config = |bytes: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        parts.config["author"] = "".into();
        let missing = bytes - parts.config.to_string().len();
        parts.config["author"] = "x".repeat(missing).into();
        attempt.layout.finish(parts)
    };
    let layers = |count: usize, attempt: &Attempt| {
        let tar = small(&attempt.lab, "one");
        attempt.layout.image(&vec![(&tar[..], LAYER); count], bare())
    };
    let history = |count: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        parts.config["history"] = vec![json!({ "empty_layer": true }); count].into();
        attempt.layout.finish(parts)
    };
    let entries = |count: usize, attempt: &Attempt| {
        let parts = parts(attempt);
        let mut image = attempt.layout.finish(parts);
        image["platform"] = json!({ "os": "linux", "architecture": bare()["architecture"] });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": vec![image; count] });
        attempt.layout.document(INDEX, &index)
    };
    let deep = |levels: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        // The document itself is one level.
        let deep = (1..levels).fold(json!(1), |inner, _| json!([inner]));
        parts.config["x-deep"] = deep;
        attempt.layout.finish(parts)
    };
    let environment = |count: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        parts.config["config"]["Env"] = vec!["A=\u{1b}[31m\n"; count].into();
        attempt.layout.finish(parts)
    };
    let labels = |count: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        let labels = (0..count).map(|at| (at.to_string(), "".into()));
        parts.config["config"]["Labels"] = Value::Object(labels.collect());
        attempt.layout.finish(parts)
    };
    let texts = |bytes: usize, attempt: &Attempt| {
        let mut parts = parts(attempt);
        parts.config["config"]["Env"] = json!(["A".repeat(bytes)]);
        attempt.layout.finish(parts)
    };
    let cases: [(&str, Make, usize, &str); 9] = [
        ("variables", &environment, 10_000, "Env"),
        ("labels", &labels, 10_000, "Labels"),
        ("bytes of variables", &texts, 1 << 20, "environment and labels"),
        ("bytes of a manifest", &long, 4 << 20, "bytes"),
        ("bytes of a config", &config, 8 << 20, "bytes"),
        ("layers", &layers, 500, "layers"),
        ("steps of history", &history, 10_000, "history"),
        ("entries of an index", &entries, 256, "manifests"),
        ("levels", &deep, 64, "levels"),
    ];
    for (what, make, limit, word) in cases {
        let inside = Attempt::new();
        inside.taken(&format!("{limit} {what}"), &make(limit, &inside));
        let outside = Attempt::new();
        outside.refused(&format!("{} {what}", limit + 1), &make(limit + 1, &outside), &[word]);
    }
}

/// An index in an index, and so on: two are one too many for a person, three for us (CVE-2026-53493).
#[test]
fn indexes_in_indexes_end() {
    for (depth, fine) in [(1, true), (2, true), (3, false), (40, false)] {
        let attempt = Attempt::new();
        let mut image = attempt.layout.finish(parts(&attempt));
        for _ in 0..depth {
            image["platform"] = json!({ "os": "linux", "architecture": bare()["architecture"] });
            image = attempt
                .layout
                .document(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image] }));
        }
        if fine {
            attempt.taken(&format!("{depth} indexes"), &image);
        } else {
            attempt.refused(&format!("{depth} indexes"), &image, &["index"]);
        }
    }
}

/// What an index says of its images is true of them.
#[test]
fn entries_that_lie() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change, bool); 4] = [
        ("nothing", |_| {}, true),
        ("longer", |entry| more(entry, -1), false),
        ("shorter", |entry| more(entry, 1), false),
        (
            "docker's",
            |entry| {
                entry["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json".into();
            },
            false,
        ),
    ];
    for (what, change, fine) in changes {
        let attempt = Attempt::new();
        let mut image = attempt.layout.finish(parts(&attempt));
        image["platform"] = json!({ "os": "linux", "architecture": bare()["architecture"] });
        change(&mut image);
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image] });
        let index = attempt.layout.document(INDEX, &index);
        if fine {
            attempt.taken(what, &index);
        } else {
            attempt.refused(what, &index, &["bytes", "mediaType"]);
        }
    }
}

/// Bytes that two readers of JSON understand differently, or one of them not at all.
#[test]
fn json_that_can_be_read_in_two_ways() {
    for (what, from, to) in [
        ("nothing", "", ""),
        ("a key twice", "\"schemaVersion\":2", "\"schemaVersion\":2,\"schemaVersion\":2"),
        ("a key of a config twice", "\"os\":\"linux\"", "\"os\":\"linux\",\"os\":\"windows\""),
        ("bytes after the end", "}$", "} {}"),
        ("a mark before the beginning", "^{", "\u{feff}{"),
        ("a number that is none", "\"schemaVersion\":2", "\"schemaVersion\":2,\"x\":1e400"),
        ("half of it", "]", ""),
    ] {
        let attempt = Attempt::new();
        let mut parts = parts(&attempt);
        let change = |value: &Value| {
            let text = value.to_string();
            match from.trim_matches(['^', '$']) {
                "" => text,
                "}" => text + " {}",
                "{" => format!("\u{feff}{text}"),
                from => text.replacen(from, to, 1),
            }
        };
        let config = change(&parts.config);
        parts.manifest["config"] = attempt.layout.blob(CONFIG, config.as_bytes());
        let manifest = change(&parts.manifest);
        let image = attempt.layout.blob(MANIFEST, manifest.as_bytes());
        if what == "nothing" {
            attempt.taken(what, &image);
        } else {
            attempt.refused(what, &image, &["read"]);
        }
    }
}

/// Another machine's image is not run by accident.
#[test]
fn images_for_other_machines() {
    let attempt = Attempt::new();
    let mut other = parts(&attempt);
    other.config["os"] = "windows".into();
    let mut image = attempt.layout.finish(other);
    image["platform"] = json!({ "os": "windows", "architecture": "amd64" });
    let index = attempt
        .layout
        .document(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image] }));
    attempt.refused("an index for others", &index, &["linux/"]);
    let empty =
        attempt.layout.document(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
    attempt.refused("an empty index", &empty, &["linux/"]);
}

/// Files of a layout that are no files.
#[test]
fn layouts_of_something_else() {
    for (what, make) in [
        ("fifo", "rm -r X; mkfifo X"),
        ("folder", "rm -r X; mkdir X"),
        ("socket of a device", "rm -r X; mknod X c 1 5"),
        ("link to nowhere", "rm -r X; ln -s /nope X"),
        ("nothing", "rm -r X"),
    ] {
        for place in ["index.json", "manifest", "layer"] {
            let attempt = Attempt::new();
            let parts = parts(&attempt);
            let layer = parts.manifest["layers"][0]["digest"].clone();
            let image = attempt.layout.finish(parts);
            attempt.layout.list(&[("app:1", image.clone())]);
            let path = match place {
                "manifest" => attempt.layout.blob_path(image["digest"].as_str().expect("a text")),
                "layer" => attempt.layout.blob_path(layer.as_str().expect("a text")),
                file => attempt.layout.folder.join(file),
            };
            let script = make.replace('X', &path.display().to_string());
            attempt.lab.program("sh").args(["-c", &script]).output().ok();
            let output = attempt.lab.nagaya(&["load", "-i"]).arg(&attempt.layout.folder).output();
            assert_eq!(output.code, 1, "{place} is a {what}: {output:?}");
            fails(output, 1, &[]);
            attempt.nothing_came();
        }
    }
}

/// `manifest.json` that leads elsewhere, or says nothing.
#[test]
fn archives_of_dockers_that_lie() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let layer = small(&lab, "one");
    let mut config = bare();
    config["rootfs"] = json!({ "type": "layers", "diff_ids": [sha256(&layer).to_string()] });
    let try_it = |manifest: &str, name: &str| {
        let folder = lab.folder().join("archive");
        let _ = fs::remove_dir_all(&folder);
        put(&folder.join("config.json"), config.to_string());
        put(&folder.join("layer.tar"), &layer);
        put(&folder.join(name), manifest);
        symlink(canary.folder().join("secret"), folder.join("outside")).expect("a link");
        symlink("loop", folder.join("loop")).expect("a link");
        let archive = lab.folder().join("archive.tar");
        tar(&folder, &archive, &[]);
        lab.nagaya(&["load", "-i"]).arg(archive).output()
    };
    let item = |config: &str, tags: Value, layers: Value| {
        json!([{ "Config": config, "RepoTags": tags, "Layers": layers }]).to_string()
    };
    let good = item("config.json", json!(["app:1"]), json!(["layer.tar"]));
    for (manifest, words) in [
        (item("nope.json", json!(null), json!(["layer.tar"])), "nope.json"),
        (item("config.json", json!(null), json!(["../../canary/secret"])), "no member"),
        (item("config.json", json!(null), json!(["outside"])), "no member"),
        (item("config.json", json!(null), json!(["loop"])), "no member"),
        (item("/etc/passwd", json!(null), json!(["layer.tar"])), "no member"),
        (item("layer.tar", json!(null), json!(["layer.tar"])), "config"),
        (item("config.json", json!(["UPPER:1"]), json!(["layer.tar"])), "lowercase"),
        (item("config.json", json!(["../../x:1"]), json!(["layer.tar"])), "invalid reference"),
        (item("config.json", json!(["a:b:c"]), json!(["layer.tar"])), "invalid reference"),
        (item("config.json", json!(["\u{1b}[31m:1"]), json!(["layer.tar"])), "invalid reference"),
        (item("config.json", json!(null), json!([])), "layers"),
        (item("config.json", json!(null), json!(["layer.tar", "layer.tar"])), "layers"),
        ("[]".to_string(), "no image in it"),
        ("{".to_string(), "manifest.json"),
        ("x".repeat(9 << 20), "longer than"),
    ] {
        let said = fails(try_it(&manifest, "manifest.json"), 1, &[words]);
        assert!(!said.contains('\u{1b}'), "{said:?}");
        assert_eq!(lab.ids(), [""; 0]);
        canary.unharmed();
    }
    fails(try_it(&good, "other.json"), 1, &["no image in it"]);
    lab.is_clean();
    assert_eq!(try_it(&good, "manifest.json").ok(), "Loaded image: app:1\n");
}

/// An archive gives its images the names that it says, and takes none that somebody asked a registry for by digest.
#[test]
fn a_name_with_a_digest_is_what_it_says() {
    let attempt = Attempt::new();
    let good = attempt.layout.finish(parts(&attempt));
    let registry = serve(&attempt.layout.folder, &good, |_, reply| reply);
    let digest = good["digest"].as_str().expect("a text");
    let name = format!("{}/app@{digest}", registry.host());
    attempt.lab.fine(&["pull", &name]);
    let id = attempt.lab.inspect(&name)["Id"].clone();
    // Somebody's archive with another image under the same name.
    let mut other = parts(&attempt);
    other.config["author"] = "somebody else".into();
    let other = attempt.layout.finish(other);
    attempt.layout.list(&[(&name, other.clone())]);
    let _ = attempt.lab.nagaya(&["load", "-i"]).arg(&attempt.layout.folder).output();
    assert_eq!(attempt.lab.inspect(&name)["Id"], id);
    // And a registry that answers so to that digest.
    let liar = serve(&attempt.layout.folder, &other, |_, reply| reply);
    let wrong =
        fs::read(attempt.layout.blob_path(other["digest"].as_str().expect("a text"))).expect("a blob");
    fs::write(attempt.layout.blob_path(digest), wrong).expect("a blob");
    let output = attempt.lab.nagaya(&["pull", &format!("{}/app@{digest}", liar.host())]).output();
    fails(output, 1, &[digest]);
    // What is here is run without asking anybody.
    let asked = registry.asked().len();
    let ran = attempt.lab.run(&["--rm", &name, "/nope"]).output();
    fails(ran, 127, &["/nope"]);
    assert_eq!(registry.asked().len(), asked);
}
