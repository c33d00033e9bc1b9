//! Links and folders on the way of entries of layers that somebody might send: all end inside the root.

use crate::corpus::{Corpus, Who, all, tar};
use crate::smith::Smith;

/// The names of containerd's and docker's own tests for this: what a link leads to is looked for in the root.
#[test]
fn ways_outside_lead_inside() {
    for who in [Who::Root, Who::User] {
        let corpus = Corpus::new(who);
        let canary = corpus.canary.folder().display().to_string();
        let up = format!("{}{}", "../".repeat(12), &canary[1..]);
        for to in [&canary, &up, &format!("/./{canary}/."), &format!("//{canary}//")] {
            for (what, layer) in [
                ("a link and what is behind it", tar().symlink("t/out", to).file("t/out/secret", b"theirs")),
                (
                    "through two",
                    tar().symlink("t/a", to).symlink("t/out", "a").file("t/out/secret", b"theirs"),
                ),
                ("a folder behind it", tar().symlink("t/out", to).folder("t/out/pts")),
                ("a link over it", tar().symlink("t/out", to).symlink("t/out/secret", "/etc/passwd")),
                ("a whiteout behind it", tar().symlink("t/out", to).file("t/out/.wh.secret", b"")),
                ("all of it hidden", tar().symlink("t/out", to).file("t/out/.wh..wh..opq", b"")),
                ("a pipe behind it", tar().symlink("t/out", to).node(b'6', "t/out/secret", 0, 0)),
            ] {
                let link = format!("out -> {to}");
                let layers = [layer.end()];
                let expected: &[&str] =
                    if what == "through two" { &[&format!("a -> {to}"), "out -> a"] } else { &[&link] };
                corpus.taken(&format!("{what}, to {to}"), &layers, expected);
            }
            let linked = tar().symlink("t/out", to).link("t/got", "t/out/secret");
            corpus.refused("a hard link through a link", &[linked.end()], &["not there"]);
            let over = tar()
                .symlink("t/out", &format!("{to}/secret"))
                .link("t/got", "t/out")
                .file("t/got", b"theirs");
            corpus.taken(
                "a hard link to a link, then a file",
                &[over.end()],
                &["got file 6", &format!("out -> {to}/secret")],
            );
            let direct = tar().link("t/got", &format!("{canary}/secret"));
            corpus.refused("a hard link there", &[direct.end()], &["not there"]);
        }
        let two = [tar().symlink("t/out", &canary).end(), tar().file("t/out/secret", b"theirs").end()];
        corpus.taken("in two layers", &two, &[&format!("out -> {canary}")]);
    }
}

#[test]
fn folders_on_the_way() {
    let loops = tar().symlink("t/a", "b").symlink("t/b", "a");
    let chain = (0..41)
        .fold(tar().folder("t/c41"), |tar, at| tar.symlink(&format!("t/c{at}"), &format!("c{}", at + 1)));
    let forty: Vec<String> = (1..41).map(|at| format!("c{at} -> c{}", at + 1)).collect();
    let mut forty: Vec<&str> = forty.iter().map(String::as_str).collect();
    forty.extend(["c0 -> c1", "c41 folder", "c41/f file 0"]);
    all(
        &[
            ("a link of the layer below", tar().file("t/way/new", b""), &["below/new file 0"]),
            (
                "an absolute one",
                tar().symlink("t/a", "/t/below").file("t/a/new", b""),
                &["a -> /t/below", "below/new file 0"],
            ),
            (
                "a link to nothing",
                tar().symlink("t/a", "t2/b").file("t/a/f", b""),
                &["a -> t2/b", "t2 folder", "t2/b folder", "t2/b/f file 0"],
            ),
            (
                "a link upwards",
                tar().symlink("t/a", "../../../t").file("t/a/f", b""),
                &["a -> ../../../t", "f file 0"],
            ),
            ("forty links", chain.clone().file("t/c1/f", b""), &forty),
            (
                "a link that became a folder",
                tar().folder("t/way").file("t/way/a", b""),
                &["no way -> below", "way folder", "way/a file 0"],
            ),
            (
                "a folder that became a link",
                tar().symlink("t/below", "other").file("t/below/a", b""),
                &[
                    "below -> other",
                    "no below folder",
                    "no below/file file 10",
                    "no below/other file 4",
                    "other folder",
                    "other/a file 0",
                ],
            ),
            (
                "there and back",
                tar().symlink("t/a", "b").file("t/a/1", b"").folder("t/a").file("t/a/2", b""),
                &["a folder", "a/2 file 0", "b folder", "b/1 file 0"],
            ),
            (
                "a file that became a folder",
                tar().folder("t/plain").file("t/plain/a", b""),
                &["no plain file 6", "plain file", "plain/a file 0"]
                    .map(|line| if line == "plain file" { "plain folder" } else { line }),
            ),
            (
                "a folder that was a file for a while",
                tar().file("t/below", b"").folder("t/below").file("t/below/a", b""),
                &["below/a file 0", "no below/file file 10", "no below/other file 4"],
            ),
        ],
        &[
            ("a file of the layer", tar().file("t/a", b"").file("t/a/b", b""), "is a file"),
            ("a file of the layer below", tar().file("t/plain/b", b""), "is a file"),
            ("a link to a file", tar().file("t/soft/b", b""), "is a file"),
            ("a pipe", tar().node(b'6', "t/a", 0, 0).file("t/a/b", b""), "is a file"),
            ("a device", tar().node(b'3', "t/a", 1, 3).file("t/a/b", b""), "is a file"),
            ("a link to itself", tar().symlink("t/a", "a").file("t/a/b", b""), "too many links"),
            ("links in a circle", loops.file("t/a/x", b""), "too many links"),
            ("more links than the kernel follows", chain.file("t/c0/f", b""), "too many links"),
            ("a long way through links", doubling(), "too many links"),
        ],
    );
}

/// Each link is the last one twice: 2^20 steps after twenty links.
fn doubling() -> Smith {
    let first = tar().folder("t/d").symlink("t/d/l0", ".");
    let links =
        (1..60).fold(first, |tar, at| tar.symlink(&format!("t/d/l{at}"), &format!("l{0}/l{0}", at - 1)));
    links.file("t/d/l59/f", b"")
}

#[test]
fn hard_links_are_names_of_files_of_the_image() {
    let many = (0..1000).fold(tar().file("t/f", b"x"), |tar, at| tar.link(&format!("t/many/{at}"), "t/f"));
    let mut names: Vec<String> = (0..1000).map(|at| format!("many/{at} file 1 is f")).collect();
    names.extend(["f file 1 is f".to_string(), "many folder".to_string()]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all(
        &[
            ("in one layer", tar().file("t/a", b"x").link("t/b", "t/a"), &["a file 1 is a", "b file 1 is a"]),
            ("absolute", tar().file("t/a", b"x").link("t/b", "/t/a"), &["a file 1 is a", "b file 1 is a"]),
            (
                "to one that is changed later",
                tar().file("t/a", b"x").link("t/b", "t/a").file("t/a", b"new"),
                &["a file 3", "b file 1"],
            ),
            ("to a link, which is not followed", tar().link("t/b", "t/soft"), &["b -> /t/below/file"]),
            ("through a link", tar().link("t/b", "t/way/other"), &["b file 4"]),
            (
                "over a file",
                tar().file("t/a", b"x").link("t/plain", "t/a"),
                &["a file 1 is a", "no plain file 6", "plain file 1 is a"],
            ),
            (
                "over a folder",
                tar().link("t/below", "t/plain"),
                &["below file 6", "no below folder", "no below/file file 10", "no below/other file 4"],
            ),
            ("a thousand", many, &names),
        ],
        &[
            ("to nothing", tar().link("t/b", "t/nothing"), "not there"),
            ("to one that comes later", tar().link("t/b", "t/a").file("t/a", b""), "not there"),
            ("to itself", tar().file("t/a", b"").link("t/a", "t/a"), "to itself"),
            ("to a folder", tar().link("t/b", "t/below"), "to a folder"),
            ("to the root", tar().link("t/b", "/"), "to the root"),
            ("upwards", tar().link("t/b", "../t/plain"), "`..`"),
            ("upwards in the middle", tar().link("t/b", "t/below/../plain"), "`..`"),
            ("to what is gone", tar().file("t/.wh.plain", b"").link("t/b", "t/plain"), "not there"),
            ("below a file", tar().link("t/b", "t/plain/x"), "is a file"),
        ],
    );
}
