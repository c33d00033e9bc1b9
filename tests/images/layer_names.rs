//! Names, whiteouts and kinds of entries of layers that somebody might send.

use crate::corpus::Corpus;
use crate::corpus::{Who, all, tar};
use crate::smith::{Header, Smith};

/// GNU's way of a long name or link, in front of an entry.
fn long(kind: u8, text: &[u8]) -> Smith {
    let body = [text, b"\0"].concat();
    tar().raw(Header::new(kind, b"././@LongLink").size(body.len()), &body)
}

/// One file under a name in an extended field.
fn named(path: &[u8]) -> Smith {
    tar().pax(&[("path", path)]).file("x", b"")
}

#[test]
fn names_are_names_and_stay_inside() {
    let deep = format!("t/{}", "d/".repeat(254));
    let (name, too_long) = (format!("t/{}", "n".repeat(255)), format!("t/{}", "n".repeat(256)));
    let path = format!("t/{}f", "0123456789/".repeat(400));
    let kept = format!("{} file 0", "n".repeat(255));
    all(
        &[
            ("absolute", tar().file("/t/a", b""), &["a file 0"]),
            ("twice a slash", tar().file("//t//a", b""), &["a file 0"]),
            ("dots", tar().file("./t/././a", b""), &["a file 0"]),
            ("a slash behind a folder", tar().folder("t/a/"), &["a folder"]),
            ("none behind a folder", tar().folder("t/a"), &["a folder"]),
            ("three dots", tar().file("t/...", b"").file("t/..a", b""), &["... file 0", "..a file 0"]),
            ("a new line", tar().file("t/a\nb", b""), &["a\\nb file 0"]),
            ("for a terminal", tar().file("t/\u{1b}[31m", b""), &["\\x1b[31m file 0"]),
            ("no text", named(b"t/\xff\xfe"), &["\\xff\\xfe file 0"]),
            ("as long as can be", named(name.as_bytes()), &[&kept]),
            ("GNU's long name", long(b'L', name.as_bytes()).file("x", b""), &[&kept]),
            (
                "POSIX' prefix",
                tar().raw(Header::new(b'0', b"a").put(345, b"/t/p"), b""),
                &["p folder", "p/a file 0"],
            ),
            ("as archives begin", tar().folder("./").file("./t/a", b""), &["a file 0"]),
            ("no name, a folder", tar().folder(""), &[]),
            (
                "a folder that nobody described",
                tar().file("t/p/q/a", b""),
                &["p folder", "p/q folder", "p/q/a file 0"],
            ),
        ],
        &[
            ("upwards", tar().file("../x", b""), "`..`"),
            ("upwards from the root", tar().file("/../x", b""), "`..`"),
            ("there and back", tar().file("t/../x", b""), "`..`"),
            ("there and far back", tar().file("t/x/../../../x", b""), "`..`"),
            ("upwards at the end", tar().folder("t/.."), "`..`"),
            ("nothing but upwards", tar().folder(".."), "`..`"),
            ("no name", tar().file("", b""), "root of a layer"),
            ("a slash behind a file", tar().file("t/a/", b""), "ends in `/`"),
            ("a zero byte", named(b"t/a\0b"), "NUL"),
            ("an empty name", named(b""), "is empty"),
            ("GNU's empty name", long(b'L', b"").file("x", b""), "empty"),
            ("a name too long", named(too_long.as_bytes()), "255 bytes"),
            ("a path too long", named(path.as_bytes()), "4095 bytes"),
            ("too deep", tar().pax(&[("path", (deep + "d/").as_bytes())]).folder("x"), "255 folders"),
            (
                "two long names",
                Smith([long(b'L', b"t/a").0, long(b'L', b"t/b").file("x", b"").0].concat()),
                "two long",
            ),
            ("long names of two kinds", Smith([long(b'L', b"t/a").0, named(b"t/b").0].concat()), "two kinds"),
        ],
    );
}

/// umoci's CVE-2021-29136: whoever replaces the root owns all that comes after it.
#[test]
fn the_root_of_a_layer_is_a_folder() {
    for who in [Who::Root, Who::User] {
        let corpus = Corpus::new(who);
        for name in [".", "/", "./.", "//", "./"] {
            let target = corpus.canary.folder().display().to_string();
            for (kind, entry) in [
                ("link", tar().symlink(name, &target)),
                ("file", tar().file(name, b"")),
                ("hard link", tar().link(name, "t/plain")),
                ("pipe", tar().node(b'6', name, 0, 0)),
                ("device", tar().node(b'3', name, 1, 3)),
            ] {
                let what = format!("`{name}` is a {kind}");
                let layer = entry.file("secret", b"theirs").end();
                corpus.refused(&what, &[layer], &["root of a layer", "ends in `/`"]);
            }
            corpus.taken(&format!("`{name}` is a folder"), &[tar().folder(name).end()], &[]);
        }
    }
}

#[test]
fn whiteouts_hide_what_is_below_and_nothing_else() {
    all(
        &[
            ("a file", tar().file("t/.wh.plain", b""), &["no plain file 6"]),
            (
                "a folder",
                tar().file("t/.wh.below", b""),
                &["no below folder", "no below/file file 10", "no below/other file 4"],
            ),
            ("a link, and not what it leads to", tar().file("t/.wh.way", b""), &["no way -> below"]),
            ("through a link", tar().file("t/way/.wh.file", b""), &["no below/file file 10"]),
            ("with bytes in it", tar().file("t/.wh.plain", b"bytes"), &["no plain file 6"]),
            ("as a hard link", tar().link("t/.wh.plain", "t/below/file"), &["no plain file 6"]),
            ("what is not there", tar().file("t/.wh.nothing", b"").file("t/no/.wh.thing", b""), &[]),
            (
                "a folder with new things, before",
                tar().file("t/.wh.below", b"").file("t/below/new", b""),
                &["below/new file 0", "no below/file file 10", "no below/other file 4"],
            ),
            (
                "and behind them",
                tar().file("t/below/new", b"").file("t/.wh.below", b""),
                &["below/new file 0", "no below/file file 10", "no below/other file 4"],
            ),
            (
                "all of a folder, before",
                tar().file("t/below/.wh..wh..opq", b"").file("t/below/new", b""),
                &["below/new file 0", "no below/file file 10", "no below/other file 4"],
            ),
            (
                "and behind new things",
                tar().file("t/below/new", b"").file("t/below/.wh..wh..opq", b""),
                &["below/new file 0", "no below/file file 10", "no below/other file 4"],
            ),
            (
                "and a new file under the same name",
                tar().file("t/plain", b"new").file("t/.wh.plain", b""),
                &["no plain file 6", "plain file 3"],
            ),
            ("what AUFS kept", tar().file("t/.wh..wh.plnk/1.2", b"").folder("t/.wh..wh.aufs"), &[]),
            (
                "the folder of a later entry",
                tar().file("t/.wh.way", b"").file("t/way/a", b""),
                &["no way -> below", "way folder", "way/a file 0"],
            ),
        ],
        &[
            ("of nothing", tar().file("t/.wh.", b""), "marks nothing"),
            ("of the folder", tar().file("t/.wh..", b""), "marks nothing"),
            ("of the folder above", tar().file("t/.wh...", b""), "marks nothing"),
            ("of the folder above the root", tar().file(".wh...", b""), "marks nothing"),
            ("that is a folder", tar().folder("t/.wh.plain"), "is not a file"),
            ("that is a link", tar().symlink("t/.wh.plain", "/"), "is not a file"),
            ("with files in it", tar().file("t/.wh.plain/a", b""), "marks something"),
            ("in overlayfs's way", tar().node(b'3', "t/plain", 0, 0), "overlayfs's mark"),
        ],
    );
}

#[test]
fn kinds_that_are_none() {
    for who in [Who::Root, Who::User] {
        let corpus = Corpus::new(who);
        for kind in
            (b'A'..=b'Z').chain(b'a'..=b'z').chain(*b"8\x01\xff").filter(|kind| !b"xgLK".contains(kind))
        {
            let layer = tar().raw(Header::new(kind, b"t/a"), b"").end();
            let reason = if kind == b'S' { "GNU's" } else { "do not know" };
            corpus.refused(&format!("kind {}", kind.escape_ascii()), &[layer], &[reason]);
        }
        corpus.taken("a contiguous file", &[tar().raw(Header::new(b'7', b"t/a"), b"").end()], &["a file 0"]);
        let before_posix = [tar().raw(Header::new(0, b"t/a").put(257, &[0; 8]), b"").end()];
        corpus.taken("a file before POSIX", &before_posix, &["a file 0"]);
        let folder = [tar().raw(Header::new(0, b"t/a/").put(257, &[0; 8]), b"").end()];
        corpus.taken("a folder before POSIX", &folder, &["a folder"]);
        corpus.taken("a pipe", &[tar().node(b'6', "t/a", 0, 0).end()], &["a fifo"]);
        let nodes = [tar().node(b'3', "t/c", 1, 3).node(b'4', "t/b", 7, 0).end()];
        let made: &[&str] = if who == Who::Root { &["b block 7:0", "c char 1:3"] } else { &[] };
        corpus.taken("devices", &nodes, made);
        corpus.refused("a device that none is", &[tar().node(b'3', "t/c", 4096, 0).end()], &["no device"]);
        let sized = [tar().raw(Header::new(b'2', b"t/l").put(157, b"x").size(512), &[0; 512]).end()];
        corpus.refused("a link with a size", &sized, &["has a size"]);
        corpus.refused("a link to nothing", &[tar().symlink("t/l", "").end()], &["to nothing"]);
    }
}
