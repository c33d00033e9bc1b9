//! Layers that end early, go on behind their end, or are packed in another way than is said.

use std::process::Command;

use lab::{Nagaya, fails};
use serde_json::{Value, json};

use crate::corpus::{Corpus, Who, before, tar};
use crate::kit::{Images, bounded};
use crate::layout::{LAYER, LAYER_GZIP, LAYER_ZSTD, bare, compress, pipe, sha256};
use crate::ways_in::Attempt;

#[test]
fn archives_that_end_early_or_late() {
    let corpus = Corpus::new(Who::Root);
    let file = || tar().file("t/a", b"x");
    let end = [0; 1024];
    let with = |tail: &[u8]| [&file().0[..], tail].concat();
    corpus.taken("no bytes", &[vec![]], &[]);
    corpus.taken("one block of zeroes", &[vec![0; 512]], &[]);
    corpus.taken("nothing but an end", &[end.to_vec()], &[]);
    for (what, layer) in [
        ("no end", with(b"")),
        ("half an end", with(&[0; 512])),
        ("an end", with(&end)),
        ("a long end", with(&[0; 10_240])),
        ("junk behind it, which counts for the digest", with(&[&end[..], b"junk"].concat())),
        ("another archive behind it", with(&[&end[..], &tar().file("t/b", b"").end()].concat())),
    ] {
        corpus.taken(what, &[layer], &["a file 1"]);
    }
    let lone = with(&[&[0; 512][..], &tar().file("t/b", b"").0].concat());
    corpus.refused("a lone block of zeroes", &[lone], &["lone block"]);
    // A file of 1000 bytes, and a second one: cut anywhere but between them.
    let whole = [tar().file("t/a", &[b'x'; 1000]).0, tar().file("t/b", &[b'y'; 600]).0].concat();
    for cut in (256..whole.len()).step_by(256) {
        let layer = [whole[..cut].to_vec()];
        match cut {
            // What a member is padded with is nobody's.
            1536 => corpus.taken("between two", &layer, &["a file 1000"]),
            2816.. => corpus.taken("behind the last byte", &layer, &["a file 1000", "b file 600"]),
            _ => corpus.refused(&format!("cut at {cut}"), &layer, &["truncated"]),
        }
    }
}

/// A layer that is sent so, and is this inside.
fn sent(attempt: &Attempt, kind: &str, bytes: &[u8], inside: &[u8]) -> Value {
    let mut parts = attempt.layout.parts(&[], bare());
    parts.manifest["layers"] = json!([attempt.layout.blob(kind, bytes)]);
    parts.config["rootfs"]["diff_ids"] = json!([sha256(inside).to_string()]);
    attempt.layout.finish(parts)
}

fn changed(bytes: &[u8], from_end: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    bytes
}

#[test]
fn layers_are_packed_as_is_said_and_whole() {
    let attempt = Attempt::new();
    let noise: Vec<u8> = (0..20_000_u32).flat_map(|at| (at * at).to_le_bytes()).collect();
    let inside = tar().file("a", &noise).end();
    let (gzip, zstd) =
        (compress(&inside, "gzip"), pipe(Command::new("zstd").args(["-q", "--check"]), &inside));
    let (front, back) = inside.split_at(1000);
    // Its flags say that a field of 64 KiB and a name follow.
    let extra = [
        &[0x1f, 0x8b, 8, 0x0c, 0, 0, 0, 0, 0, 0, 0xff, 0xff][..],
        &vec![b'x'; 65_535],
        b"name\0",
        &gzip[10..],
    ]
    .concat();
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc", &zstd].concat();
    for (what, kind, bytes) in [
        ("gzip", LAYER_GZIP, gzip.clone()),
        ("several members", LAYER_GZIP, [compress(front, "gzip"), compress(back, "gzip")].concat()),
        ("a long header", LAYER_GZIP, extra),
        ("zstd", LAYER_ZSTD, zstd.clone()),
        ("several frames", LAYER_ZSTD, [compress(front, "zstd"), compress(back, "zstd")].concat()),
        ("a frame to skip", LAYER_ZSTD, skipped),
    ] {
        attempt.taken(what, &sent(&attempt, kind, &bytes, &inside));
    }
    let cut = |bytes: &[u8], at: usize| bytes[..at].to_vec();
    for (what, kind, bytes, reason) in [
        ("no gzip", LAYER_GZIP, inside.clone(), "its media type says"),
        ("zstd as gzip", LAYER_GZIP, zstd.clone(), "its media type says"),
        ("gzip as zstd", LAYER_ZSTD, gzip.clone(), "its media type says"),
        ("gzip as none", LAYER, gzip.clone(), "do not belong together"),
        ("gzip cut in its header", LAYER_GZIP, cut(&gzip, 5), "truncated"),
        ("gzip cut in the middle", LAYER_GZIP, cut(&gzip, gzip.len() / 2), "truncated"),
        ("gzip without its last byte", LAYER_GZIP, cut(&gzip, gzip.len() - 1), "truncated"),
        ("a wrong sum", LAYER_GZIP, changed(&gzip, 6), "corrupt gzip"),
        ("a wrong size", LAYER_GZIP, changed(&gzip, 2), "corrupt gzip"),
        ("junk behind it", LAYER_GZIP, [&gzip[..], b"junk behind it"].concat(), "invalid gzip header"),
        ("zstd cut in the middle", LAYER_ZSTD, cut(&zstd, zstd.len() / 2), "truncated"),
        ("zstd without its last byte", LAYER_ZSTD, cut(&zstd, zstd.len() - 1), "truncated"),
        ("a wrong sum of zstd", LAYER_ZSTD, changed(&zstd, 1), "checksum"),
        ("twice", LAYER_GZIP, compress(&gzip, "gzip"), "do not belong together"),
    ] {
        attempt.refused(what, &sent(&attempt, kind, &bytes, &inside), &[reason]);
    }
    // Packed twice, and the config says so: then it is no tar.
    let twice = sent(&attempt, LAYER_GZIP, &compress(&gzip, "gzip"), &gzip);
    attempt.refused("twice, on purpose", &twice, &["checksum of its header", "truncated", "not octal"]);
}

/// `manifest.json` may be the first member or the last, and twice only if it says the same.
#[test]
fn members_twice_and_in_any_order() {
    let attempt = Attempt::new();
    let lab = &attempt.lab;
    let layer = tar().file("a", b"x").end();
    let mut config = bare();
    config["rootfs"] = json!({ "type": "layers", "diff_ids": [sha256(&layer).to_string()] });
    let config = config.to_string();
    let manifest = |tag: &str| {
        json!([{ "Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"] }]).to_string()
    };
    let (one, other) = (manifest("one:1"), manifest("other:1"));
    let parts = || tar().file("config.json", config.as_bytes()).file("layer.tar", &layer);
    let first = tar().file("manifest.json", one.as_bytes());
    for (what, archive, fine) in [
        ("last", parts().file("manifest.json", one.as_bytes()), true),
        ("first", before(first.clone(), &parts().0), true),
        ("twice the same", before(first.clone(), &parts().file("manifest.json", one.as_bytes()).0), true),
        ("twice", before(first, &parts().file("./manifest.json", other.as_bytes()).0), false),
        (
            "two layers of one name",
            parts().file("layer.tar", b"y").file("manifest.json", one.as_bytes()),
            false,
        ),
    ] {
        let file = lab.folder().join("archive.tar");
        std::fs::write(&file, archive.end()).expect("an archive");
        let output = lab.nagaya(&["load", "-i"]).arg(&file).output();
        if fine {
            assert_eq!(output.code, 0, "{what}: {output:?}");
            assert_eq!(output.stdout, "Loaded image: one:1\n", "{what}");
            lab.fine(&["image", "prune", "-af"]);
        } else {
            bounded(&fails(output, 1, &["two members"]));
        }
        attempt.nothing_came();
    }
}
