//! Layers of very many entries: loaded, run and removed in memory that a person would not notice.

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use lab::{Lab, Nagaya};
use serde_json::{Value, json};

use crate::kit::{Images, measured};
use crate::layout::{LAYER, Layout, bare, sha256_of_file, tar};
use crate::smith::Header;

/// MiB that a command may take: what is kept of each entry, and what it takes without any.
fn most(entries: usize) -> u64 {
    40 + ((entries as u64 * 450) >> 20)
}

/// A layer that is written as it comes, and its descriptor.
fn layer(layout: &Layout, entries: impl Iterator<Item = [u8; 512]>) -> Value {
    let path = layout.folder.join("layer");
    let mut file = BufWriter::new(File::create(&path).expect("a file"));
    entries.chain([[0; 512]; 2]).for_each(|block| file.write_all(&block).expect("a block"));
    file.flush().expect("a file");
    drop(file);
    let digest = sha256_of_file(&path).to_string();
    let size = fs::metadata(&path).expect("a file").len();
    fs::rename(&path, layout.blob_path(&digest)).expect("a blob");
    json!({ "mediaType": LAYER, "digest": digest, "size": size })
}

fn file(number: usize) -> [u8; 512] {
    // A thousand in each folder.
    Header::new(b'0', format!("many/{}/{number}", number / 1000).as_bytes()).bytes()
}

fn link(number: usize) -> [u8; 512] {
    Header::new(b'1', format!("many/{number}").as_bytes()).put(157, b"many/0").bytes()
}

/// Loads it in one way, looks at it from inside, and removes it.
fn lives(layout: &Layout, way: &str, entries: usize, script: &str, said: &str) {
    let lab = Lab::new();
    let check = |what: &str, call: lab::Call| {
        let (peak, output) = measured(&lab, call.env("NAGAYA_LAYERS", way));
        assert!(peak < most(entries), "{what} takes {peak} MiB");
        output.ok()
    };
    check("load", lab.nagaya(&["load", "-i"]).arg(&layout.folder));
    assert_eq!(check("run", lab.run(&["--rm", "many:1", "sh", "-c", script])), said);
    check("rmi", lab.nagaya(&["rmi", "many:1"]));
    lab.is_clean();
}

fn image(lab: &Lab, entries: impl Iterator<Item = [u8; 512]>) -> Layout {
    let root = lab.rootfs("base");
    let base = root.with_extension("tar");
    tar(&root, &base, &["--owner=0", "--group=0"]);
    let layout = Layout::new(lab.folder().join("many"));
    let mut parts = layout.parts(&[(&fs::read(base).expect("a tar"), LAYER)], bare());
    let many = layer(&layout, entries);
    parts.config["rootfs"]["diff_ids"].as_array_mut().expect("a list").push(many["digest"].clone());
    parts.manifest["layers"].as_array_mut().expect("a list").push(many);
    layout.list(&[("many:1", layout.finish(parts))]);
    layout
}

#[test]
fn a_hundred_thousand_names_of_one_file() {
    let lab = Lab::new();
    let layout =
        image(&lab, std::iter::once(Header::new(b'0', b"many/0").bytes()).chain((1..100_000).map(link)));
    let script = "stat -c %h /many/99999; ls /many | wc -l";
    lives(&layout, "index", 100_000, script, "100000\n100000\n");
    // Those that the tests' file system does not take are names of a copy.
    lives(&layout, "folders", 100_000, "ls /many | wc -l", "100000\n");
}

/// Folders are made of a tenth: to make and remove so many files is the test's time. `NAGAYA_ENTRIES` is another number.
#[test]
fn two_hundred_thousand_files() {
    let entries = std::env::var("NAGAYA_ENTRIES").map_or(200_000, |text| text.parse().expect("a number"));
    for (way, entries) in [("index", entries), ("folders", entries / 10)] {
        let lab = Lab::new();
        let layout = image(&lab, (0..entries).map(file));
        lives(&layout, way, entries, "find /many -type f | wc -l", &format!("{entries}\n"));
    }
}
