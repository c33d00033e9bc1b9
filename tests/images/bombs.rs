//! A little that would become a lot: refused before it has taken memory or room. What is only large is taken.

use std::process::Command;

use lab::{Call, Nagaya, Output, fails};
use serde_json::{Value, json};

use crate::corpus::before;
use crate::kit::{Images, bounded, measured};
use crate::layout::{CONFIG, LAYER, LAYER_GZIP, LAYER_ZSTD, bare, compress, pipe};
use crate::smith::{Header, Smith};
use crate::ways_in::{Attempt, serve};

/// What one of ours may have of the machine's memory, in MiB, whatever it is given.
const MOST: u64 = 128;

/// MiB that a file may have: a bomb is stopped at 64 MiB.
const ROOM: u64 = 72 << 20;

const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Under a limit for each file that it writes; beyond, the kernel ends it.
fn narrow(call: Call) -> Call {
    call.under(["prlimit", &format!("--fsize={ROOM}")])
}

/// A tar with a file of zeroes of so many MiB, sent in pieces of one MiB as whole streams.
fn zeroes(mib: usize, kind: &str) -> Vec<u8> {
    let header = Header::new(b'0', b"zeroes").size(mib << 20).bytes();
    [compress(&header, kind), compress(&vec![0; 1 << 20], kind).repeat(mib)].concat()
}

/// By other code than ours, which is slow in a test.
fn digest(bytes: &[u8]) -> String {
    let said = pipe(&mut Command::new("sha256sum"), bytes);
    format!("sha256:{}", &String::from_utf8_lossy(&said)[..64])
}

/// The image of one layer that is there in one form and is something else inside.
fn image(attempt: &Attempt, kind: &str, sent: &[u8], diff_id: &str) -> Value {
    let mut parts = attempt.layout.parts(&[], bare());
    parts.manifest["layers"] = json!([attempt.layout.blob(kind, sent)]);
    parts.config["rootfs"]["diff_ids"] = json!([diff_id]);
    attempt.layout.finish(parts)
}

/// By all ways: from a folder, in an archive, from a registry.
fn each(attempt: &Attempt, image: &Value, narrow: fn(Call) -> Call, look: impl Fn(&str, u64, Output)) {
    attempt.layout.list(&[("app:1", image.clone())]);
    let lab = &attempt.lab;
    let load = |path| narrow(lab.nagaya(&["load", "-i"]).arg(path));
    let registry = serve(&attempt.layout.folder, image, |_, reply| reply);
    let pull = narrow(lab.nagaya(&["pull", &format!("{}/app:1", registry.host())]));
    let ways = [
        ("folder", load(attempt.layout.folder.clone())),
        ("archive", load(attempt.layout.archive())),
        ("registry", pull),
    ];
    for (way, call) in ways {
        let (peak, output) = measured(lab, call);
        look(way, peak, output);
    }
}

#[track_caller]
fn refused(attempt: &Attempt, what: &str, image: &Value, reason: &str) {
    each(attempt, image, narrow, |way, peak, output| {
        bounded(&fails(output, 1, &[reason]));
        assert!(peak < MOST, "{what} from a {way}: {peak} MiB");
        attempt.nothing_came();
    });
}

#[track_caller]
fn taken(attempt: &Attempt, what: &str, image: &Value) {
    each(attempt, image, narrow, |way, peak, output| {
        assert_eq!(output.code, 0, "{what} from a {way}: {output:?}");
        assert!(peak < MOST, "{what} from a {way}: {peak} MiB");
        attempt.lab.fine(&["image", "prune", "-af"]);
    });
}

#[test]
fn layers_that_become_a_thousand_times_as_large() {
    for kind in [LAYER_GZIP, LAYER_ZSTD] {
        let attempt = Attempt::new();
        let sent = zeroes(256, kind);
        assert!(sent.len() < 2 << 20);
        refused(&attempt, kind, &image(&attempt, kind, &sent, ZEROS), "200 times");
        // As much is fine up to 64 MiB.
        let tar = pipe(Command::new(&kind[kind.len() - 4..]).arg("-dc"), &zeroes(63, kind));
        let image = image(&attempt, kind, &zeroes(63, kind), &digest(&tar));
        taken(&attempt, "just below", &image);
    }
    // The control of the room: what is honest and too large is ended by the kernel.
    let attempt = Attempt::new();
    let tar = vec![0; 80 << 20];
    let image = image(&attempt, LAYER, &tar, &digest(&tar));
    each(&attempt, &image, narrow, |way, _, output| assert_ne!(output.code, 0, "{way}: {output:?}"));
}

/// `zstd --long=31` wants two gibibytes of memory; 128 MiB are what `zstd -22` may want.
#[test]
fn windows_have_a_limit() {
    let attempt = Attempt::new();
    let tar = pipe(Command::new("gzip").arg("-dc"), &zeroes(62, LAYER_GZIP));
    let long = |log: u32, tar: &[u8]| pipe(Command::new("zstd").args(["-q", &format!("--long={log}")]), tar);
    let image_of = |log: u32| image(&attempt, LAYER_ZSTD, &long(log, &tar), &digest(&tar));
    taken(&attempt, "27", &image_of(27));
    refused(&attempt, "31", &image_of(31), "memory");
    // Several at once are as modest.
    let mut parts = attempt.layout.parts(&[], bare());
    for number in 0..6_u8 {
        let tar = [&Header::new(b'0', &[b'a' + number]).size(62 << 20).bytes()[..], &tar[512..]].concat();
        let blob = attempt.layout.blob(LAYER_ZSTD, &long(27, &tar));
        parts.manifest["layers"].as_array_mut().expect("a list").push(blob);
        parts.config["rootfs"]["diff_ids"].as_array_mut().expect("a list").push(digest(&tar).into());
    }
    let image = attempt.layout.finish(parts);
    taken(&attempt, "six of 27", &image);
}

#[test]
fn archives_and_roots_that_become_a_thousand_times_as_large() {
    let attempt = Attempt::new();
    let lab = &attempt.lab;
    for kind in [LAYER_GZIP, LAYER_ZSTD] {
        let file = lab.folder().join("bomb");
        for (mib, fine) in [(256, false), (63, true)] {
            std::fs::write(&file, zeroes(mib, kind)).expect("a file");
            for words in [&["load", "-i"][..], &["import"]] {
                let (peak, output) = measured(lab, narrow(lab.nagaya(words).arg(&file)));
                assert!(peak < MOST, "{words:?}: {peak} MiB");
                match (fine, words[0]) {
                    (true, "import") => assert_eq!(output.code, 0, "{output:?}"),
                    (true, _) => bounded(&fails(output, 1, &["no image in it"])),
                    (false, _) => bounded(&fails(output, 1, &["200 times"])),
                }
                lab.fine(&["image", "prune", "-af"]);
                attempt.nothing_came();
            }
        }
    }
}

/// A layer, loaded as gzip has it, whatever its memory costs.
#[track_caller]
fn in_memory(what: &str, tar: &[u8], reason: &str) {
    let attempt = Attempt::new();
    let image = image(&attempt, LAYER_GZIP, &compress(tar, "gzip"), &digest(tar));
    attempt.layout.list(&[("app:1", image)]);
    let (peak, output) =
        measured(&attempt.lab, attempt.lab.nagaya(&["load", "-i"]).arg(&attempt.layout.folder));
    bounded(&fails(output, 1, &[reason]));
    assert!(peak < MOST, "{what}: {peak} MiB");
    attempt.nothing_came();
}

#[test]
fn entries_that_take_memory() {
    let many = |count: usize, entry: &dyn Fn(usize) -> Smith| {
        (0..count).fold(Smith::default(), |all, at| before(all, &entry(at).0)).end()
    };
    let attribute = vec![b'v'; 60_000];
    let attributes = many(1200, &|at| {
        Smith::default().pax(&[("SCHILY.xattr.user.a", &attribute)]).file(&format!("f{at}"), b"")
    });
    in_memory("attributes", &attributes, "MiB");
    let link = "l".repeat(4000);
    let links = many(17_000, &|at| {
        Smith::default().pax(&[("linkpath", link.as_bytes())]).symlink(&format!("f{at}"), "x")
    });
    in_memory("links", &links, "MiB");
    let deep = |at: usize| format!("{at}/{}f", "d/".repeat(250));
    let folders = many(1000, &|at| Smith::default().pax(&[("path", deep(at).as_bytes())]).file("x", b""));
    in_memory("folders", &folders, "folders");
    let map = (0..100_000).map(|at| format!("{},1", at * 2)).collect::<Vec<_>>().join(",");
    let fields: [(&str, &[u8]); 2] = [("GNU.sparse.size", b"1000000"), ("GNU.sparse.map", map.as_bytes())];
    let sparse = many(45, &|at| Smith::default().pax(&fields).file(&format!("f{at}"), &vec![b'x'; 100_000]));
    in_memory("pieces", &sparse, "MiB");
}

#[test]
fn documents_that_take_memory() {
    let attempt = Attempt::new();
    let long = |field: &str, entry: &str| {
        let mut parts = attempt.layout.parts(&[], bare());
        let rest = parts.config.to_string();
        let many = vec![entry; (7 << 20) / (entry.len() + 1)].join(",");
        let config = rest.replacen('{', &format!("{{{}", field.replace('X', &many)), 1);
        parts.manifest["config"] = attempt.layout.blob(CONFIG, config.as_bytes());
        attempt.layout.finish(parts)
    };
    for (what, field, entry) in [
        ("history", "\"history\":[X],", "{}"),
        ("lists", "\"x\":[X],", "[]"),
        ("zeroes", "\"x\":[X],", "0"),
        ("features", "\"os.features\":[X],", "\"\""),
    ] {
        refused(&attempt, what, &long(field, entry), "values");
    }
    let mut parts = attempt.layout.parts(&[], bare());
    let keys: Vec<_> = (0..500_000).map(|at| format!("\"{at}\":0")).collect();
    let config = parts.config.to_string().replacen('{', &format!("{{{},", keys.join(",")), 1);
    parts.manifest["config"] = attempt.layout.blob(CONFIG, config.as_bytes());
    refused(&attempt, "keys", &attempt.layout.finish(parts), "values");
}

/// One large document under many names must not be kept as many times.
#[test]
fn one_image_under_many_names() {
    let attempt = Attempt::new();
    let mut parts = attempt.layout.parts(&[], bare());
    parts.config["author"] = "x".repeat(7 << 20).into();
    parts.manifest["annotations"] = json!({ "a": "x".repeat(3 << 20) });
    let image = attempt.layout.finish(parts);
    let entries: Vec<_> = (0..256).map(|at| (format!("app:{at}"), image.clone())).collect();
    let entries: Vec<_> = entries.iter().map(|(name, image)| (name.as_str(), image.clone())).collect();
    attempt.layout.list(&entries);
    for path in [attempt.layout.folder.clone(), attempt.layout.archive()] {
        let (peak, output) = measured(&attempt.lab, attempt.lab.nagaya(&["load", "-i"]).arg(path));
        assert_eq!(output.ok().lines().count(), 256);
        assert!(peak < MOST, "{peak} MiB");
        attempt.lab.fine(&["image", "prune", "-af"]);
    }
}

#[test]
fn archives_of_many_members() {
    let attempt = Attempt::new();
    let archive = attempt.lab.folder().join("many.tar");
    let try_it = |bytes: Vec<u8>| {
        std::fs::write(&archive, bytes).expect("an archive");
        let call = attempt.lab.nagaya(&["load", "-i"]).arg(&archive);
        measured(&attempt.lab, call.under(["prlimit", "--nofile=1024:1024"]))
    };
    // Small ones, each different: as many as nobody has descriptors for.
    let small =
        (0..3000).fold(Smith::default(), |all, at| all.file(&format!("m{at}"), at.to_string().as_bytes()));
    let (_, output) = try_it(small.end());
    bounded(&fails(output, 1, &["no image in it"]));
    let name = "n".repeat(4000);
    let long = (0..50_000).fold(Smith::default(), |all, at| {
        all.pax(&[("path", format!("{name}{at}").as_bytes())]).file("x", b"")
    });
    let (peak, output) = try_it(long.end());
    bounded(&fails(output, 1, &["names"]));
    assert!(peak < MOST, "{peak} MiB");
    attempt.nothing_came();
}
