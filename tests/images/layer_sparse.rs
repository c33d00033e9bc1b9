//! Sparse files of layers that somebody might send.

use crate::corpus::{Corpus, Who, all, tar};
use crate::smith::{Header, Smith};

/// A file of five bytes, with fields in front of it.
fn fields(records: &[(&str, &[u8])]) -> Smith {
    tar().pax(records).file("t/a", b"bytes")
}

/// GNU's fields of a sparse file in front of it.
fn sparse(size: &str, map: &str, data: &[u8]) -> Smith {
    tar().pax(&[("GNU.sparse.size", size.as_bytes()), ("GNU.sparse.map", map.as_bytes())]).file("t/a", data)
}

/// The map in front of the data: 1.0.
fn in_data(size: &str, map: &str, data: &[u8]) -> Smith {
    let mut body = map.as_bytes().to_vec();
    body.resize(body.len().next_multiple_of(512), 0);
    body.extend(data);
    let fields: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"t/a"),
        ("GNU.sparse.realsize", size.as_bytes()),
    ];
    tar().pax(&fields).file("x", &body)
}

/// GNU's old way: four pieces in the header, and the true size.
fn old(size: u64, pieces: &[(u64, u64)], data: &[u8]) -> Smith {
    let header = Header::new(b'S', b"t/a").put(257, b"ustar  \0").size(data.len()).octal(483..495, size);
    let header = (0..).zip(pieces).fold(header, |header, (at, (start, length))| {
        header.octal(386 + 24 * at..398 + 24 * at, *start).octal(398 + 24 * at..410 + 24 * at, *length)
    });
    tar().raw(header, data)
}

/// GNU's header for a long name.
fn long(name: &[u8]) -> Smith {
    tar().raw(Header::new(b'L', b"././@LongLink").size(name.len()), name)
}

#[test]
fn maps_of_sparse_files() {
    let pairs: [(&str, &[u8]); 4] = [
        ("GNU.sparse.size", b"10"),
        ("GNU.sparse.numblocks", b"1"),
        ("GNU.sparse.offset", b"2"),
        ("GNU.sparse.numbytes", b"5"),
    ];
    all(
        &[
            ("0.0", fields(&pairs), &["a file 10"]),
            ("0.1", sparse("10", "2,5", b"bytes"), &["a file 10"]),
            ("1.0", in_data("10", "1\n2\n5\n", b"bytes"), &["a file 10"]),
            ("GNU's old one", old(10, &[(2, 5)], b"bytes"), &["a file 10"]),
            ("nothing but holes", sparse("4096", "", b""), &["a file 4096"]),
        ],
        &[
            ("pieces over each other", sparse("10", "0,3,2,2", b"bytes"), "overlap"),
            ("pieces out of order", sparse("10", "5,3,0,2", b"bytes"), "out of order"),
            ("a piece behind the end", sparse("6", "2,5", b"bytes"), "behind the file"),
            ("less than is stored", sparse("10", "2,4", b"bytes"), "what is stored"),
            ("more than is stored", sparse("10", "2,6", b"bytes"), "what is stored"),
            ("a piece that wraps", sparse("10", "18446744073709551615,5", b"bytes"), "too long"),
            ("half a piece", sparse("10", "2", b"bytes"), "cut off"),
            ("a map of letters", sparse("10", "a,b", b"bytes"), "list of numbers"),
            ("8 EiB", sparse("9223372036854775808", "", b""), "too large"),
            (
                "another number of pieces",
                fields(&[
                    ("GNU.sparse.size", b"10"),
                    ("GNU.sparse.numblocks", b"2"),
                    ("GNU.sparse.map", b"2,5"),
                ]),
                "cut off",
            ),
            (
                "a version of tomorrow",
                fields(&[("GNU.sparse.major", b"2"), ("GNU.sparse.minor", b"0")]),
                "version",
            ),
            ("no size", fields(&[("GNU.sparse.map", b"2,5")]), "no size"),
            (
                "two ways",
                Smith(
                    [
                        tar().pax(&[("GNU.sparse.size", b"10"), ("GNU.sparse.map", b"2,5")]).0,
                        old(10, &[(2, 5)], b"bytes").0,
                    ]
                    .concat(),
                ),
                "two ways",
            ),
            (
                "two names",
                Smith([long(b"t/b").0, in_data("10", "1\n2\n5\n", b"bytes").0].concat()),
                "two kinds",
            ),
            ("a map of no numbers", in_data("10", "one\n2\n5\n", b"bytes"), "not made of numbers"),
            ("a map without end", in_data("10", &"1".repeat(600), b""), "not made of numbers"),
            ("a map of too many", in_data("10", "1000001\n", b"bytes"), "1000000 pieces"),
            (
                "a map longer than the file",
                in_data("10", &("200\n".to_string() + &"1\n1\n".repeat(127)), b""),
                "longer than the file",
            ),
            ("the old way, over each other", old(10, &[(0, 3), (2, 2)], b"bytes"), "overlap"),
            (
                "the old way, in a file of POSIX",
                tar().raw(Header::new(b'S', b"t/a").size(5), b"bytes"),
                "GNU's",
            ),
        ],
    );
}

/// Nobody writes zeroes for holes: a small layer has large files, or it is said that they cannot be had.
#[test]
fn huge_holes_cost_nothing() {
    let corpus = Corpus::new(Who::Root);
    let files = [("gib", 50_u64 << 30), ("pib", 1 << 50)];
    let layer = files.iter().fold(tar(), |tar, (name, size)| {
        let size = size.to_string();
        let fields: [(&str, &[u8]); 2] = [("GNU.sparse.size", size.as_bytes()), ("GNU.sparse.map", b"")];
        tar.pax(&fields).file(&format!("t/{name}"), b"")
    });
    corpus.loads("huge files", &[layer.end()]);
    let seen = corpus.said("stat -c '%n %s' /t/gib /t/pib; tail -c 1 /t/gib | od -An -tx1");
    assert_eq!(seen, "/t/gib 53687091200\n/t/pib 1125899906842624\n 00\n");
    assert!(corpus.taken_room() < 16 << 20);
    corpus.call(&["image", "prune", "-af"]).output().ok();
    // Pieces that do not lie on blocks are copied, without the holes between them.
    let odd = |size: u64| {
        let map: Vec<_> = (0..3_u64).map(|at| format!("{},1", (at << 30) + 5)).collect();
        sparse(&size.to_string(), &map.join(","), b"abc").end()
    };
    corpus.loads("pieces off the blocks", &[odd(1 << 32)]);
    let script = "stat -c %s /t/a; for at in 0 1 2; do dd if=/t/a bs=1 skip=$((at * 1073741824 + 5)) count=2 2>/dev/null | \
                  od -An -tx1; done";
    assert_eq!(corpus.said(script), "4294967296\n 61 00\n 62 00\n 63 00\n");
    assert!(corpus.taken_room() < 32 << 20, "{}", corpus.taken_room());
    corpus.call(&["image", "prune", "-af"]).output().ok();
    corpus.refused_whole("more holes than a map has room for", &[odd(1 << 40)], &["sparse files"]);
}
