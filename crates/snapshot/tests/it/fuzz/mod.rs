//! Thousands of layers with odd and hostile shapes: both ways show the same, other tools agree, and nothing is touched
//! outside. `NAGAYA_SEED` is where to begin, `NAGAYA_CASES` how many there are.

mod dice;
mod fair;
mod hostile;
mod member;
mod python;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use dice::Dice;
use fair::Skills;
use lab::{Canary, Lab};
use snapshot::tar::{OnDisk, Reader, Stream};
use snapshot::tree::{NodeId, Tree, What};

use crate::smith::Smith;
use crate::trees::{Image, in_memory};
use crate::{index, listing};

/// Seeds of a test.
fn seeds(most: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let first = number("NAGAYA_SEED").unwrap_or(1);
    first..first + number("NAGAYA_CASES").unwrap_or(most)
}

/// A case that says which one it was if it fails.
fn with_seed<T>(seed: u64, case: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(case)).unwrap_or_else(|_| panic!("NAGAYA_SEED={seed} NAGAYA_CASES=1"))
}

/// Members as they are found by reading all, and by stepping over what is not needed; or that it is refused.
fn entries(bytes: &[u8]) -> Option<usize> {
    let file = in_memory(bytes);
    let (mut flows, mut steps) = (Reader::new(Stream(bytes)), Reader::new(OnDisk::new(&file).unwrap()));
    for count in 0.. {
        match (flows.next_entry(), steps.next_entry()) {
            (Ok(None), Ok(None)) => return Some(count),
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) => {
                assert_eq!(one.sentence(), other.sentence());
                assert_eq!(one.kind(), fault::Kind::Invalid, "{one}");
                return None;
            }
            (one, other) => panic!("{one:?} and {other:?}"),
        }
    }
    None
}

/// What a test likes to read, and the file system of the tests can hold.
fn is_small(tree: &Tree, id: NodeId) -> bool {
    match &tree.node(id).what {
        What::File(content) => content.size < 16 << 20,
        What::Folder(folder) => folder.entries.values().all(|child| is_small(tree, *child)),
        _ => true,
    }
}

#[derive(Debug, Default)]
struct Count {
    shown: usize,
    refused: usize,
    too_large: usize,
}

#[test]
fn hostile_layers_are_the_same_both_ways_or_refused() {
    let lab = Lab::new();
    let canary = Canary::new(&lab);
    let mut count = Count::default();
    for seed in seeds(3000) {
        with_seed(seed, || {
            let layers = hostile::layers(&mut Dice::new(seed), canary.folder());
            let read = layers.iter().map(|bytes| entries(bytes)).collect::<Vec<_>>();
            let image = match Image::of(&layers) {
                Ok(image) => image,
                Err(fault) => {
                    assert_eq!(fault.kind(), fault::Kind::Invalid, "{fault}");
                    count.refused += 1;
                    return;
                }
            };
            assert!(read.iter().all(Option::is_some), "a broken archive was taken");
            if !is_small(&image.root, Tree::ROOT) {
                count.too_large += 1;
                return;
            }
            index::both_ways(&index::image(&lab, &layers), &lab);
            canary.unharmed();
            count.shown += usize::from(image.listing().len() > 1);
        });
    }
    if std::env::var_os("NAGAYA_CASES").is_none() {
        assert!(count.shown > 300 && count.refused > 1000, "{count:?}");
    }
}

/// What a hostile header claims to be large takes no memory.
#[test]
fn memory_stays_small() {
    for seed in seeds(20_000) {
        with_seed(seed, || {
            for layer in hostile::layers(&mut Dice::new(seed), "/nowhere".as_ref()) {
                let _ = Image::of(&[layer]);
            }
        });
    }
    let peak = peak_mib();
    assert!(peak < 400, "{peak} MiB");
    // The control: what is taken is seen.
    let large = vec![1_u8; 500 << 20];
    assert!(peak_mib() > 400, "{}", large.len());
}

/// The most memory that this process has had, with all its tests.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

/// Layers of many cases, each in a folder of its own.
fn fair(seed: u64, layers: usize, skills: Skills) -> Vec<Vec<u8>> {
    let mut all = vec![Smith::default(); layers];
    let mut dice = Dice::new(seed);
    for case in 0..300 {
        fair::add(&mut all, &format!("c{case}"), skills, &mut dice);
    }
    all.into_iter().map(Smith::end).collect()
}

#[test]
fn what_makes_sense_is_the_same_both_ways() {
    let lab = Lab::new();
    for seed in seeds(4) {
        with_seed(seed, || {
            let layers = fair(seed, 3, Skills::ALL);
            let image = index::image(&lab, &layers);
            index::both_ways(&image, &lab);
            assert!(image.listing().len() > 1000);
        });
    }
}

/// When a folder was changed is another time wherever something is made in it later.
fn without_times(lines: &[String]) -> Vec<String> {
    let without = |line: &String| {
        let words: Vec<_> = line.split(' ').collect();
        if words[1] == "folder" { words[..4].join(" ") } else { line.clone() }
    };
    lines.iter().map(without).collect()
}

/// GNU tar knows no layers, and does not replace a folder that is not empty.
#[test]
fn gnu_tar_makes_the_same_of_a_layer() {
    let lab = Lab::new();
    let root = lab.folder().join("tar");
    for seed in seeds(4) {
        with_seed(seed, || {
            let layers = fair(seed, 1, Skills { marks: false, turns: false, ..Skills::ALL });
            let image = index::image(&lab, &layers);
            fs::create_dir(&root).unwrap();
            let mut tar = Command::new("tar");
            tar.args([
                "--xattrs",
                "--xattrs-include=*",
                "--numeric-owner",
                "--warning=no-timestamp",
                "-xpPf",
            ])
            .arg(lab.folder().join("tar0"));
            assert!(tar.arg("-C").arg(&root).stderr(Stdio::null()).status().unwrap().success());
            let (ours, theirs) = (without_times(&image.listing()), without_times(&listing::of_folder(&root)));
            index::same_lines("GNU tar", &ours[1..], &theirs[1..]);
            fs::remove_dir_all(&root).unwrap();
        });
    }
}

/// Whatever we take means the same to somebody else.
#[test]
fn python_reads_what_we_take_as_we_do() {
    let (mut ours, mut archives) = (Vec::new(), Vec::new());
    for seed in seeds(3000) {
        for (number, layer) in
            hostile::layers(&mut Dice::new(seed), "/nowhere".as_ref()).into_iter().enumerate()
        {
            let mut reader = Reader::new(Stream(&layer[..]));
            let all: fault::Result<Vec<_>> = std::iter::from_fn(|| reader.next_entry().transpose()).collect();
            if let Ok(all) = all {
                ours.push((format!("{seed}-{number}"), all.iter().map(python::line).collect::<Vec<_>>()));
                archives.push((format!("{seed}-{number}"), layer));
            }
        }
    }
    let mut stopped = 0;
    for ((name, ours), (other, theirs)) in ours.iter().zip(python::listing(&archives)) {
        // It takes neither nothing at all nor a last member without its padding.
        let is_whole = theirs.last().is_none_or(|last| last != "stops here");
        stopped += usize::from(!is_whole);
        let theirs = if is_whole { &theirs[..] } else { &theirs[..theirs.len() - 1] };
        let ours = if is_whole { &ours[..] } else { &ours[..theirs.len()] };
        assert_eq!((name, ours), (&other, theirs), "the seed, and the number of its layer");
    }
    assert!(stopped * 20 < ours.len(), "{stopped} of {}", ours.len());
}
