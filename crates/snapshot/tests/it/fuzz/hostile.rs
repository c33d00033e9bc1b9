//! Layers that nobody means well with: entries of every kind under names that get in each other's way, and bytes that
//! are broken.

use std::path::Path;

use super::dice::Dice;
use super::member::{Holes, Member};
use crate::smith::{Header, Smith};

const NAMES: [&str; 25] = [
    "a",
    "a",
    "a",
    "b",
    "b",
    "d",
    "d",
    "d/a",
    "d/a",
    "d/b",
    "d/e",
    "d/e/b",
    "f/a",
    "a/b",
    "./a",
    "/a",
    "d//a",
    "d/./a",
    "f",
    ".wh.a",
    "d/.wh.a",
    "d/.wh..wh..opq",
    ".wh..wh..opq",
    ".wh..wh.plnk/x",
    ".wh.d",
];

/// Names that nothing, or only a folder, can have.
const BAD: [&str; 9] = ["a/", "./", ".", "/", "", "..", "../x", "d/../a", ".wh.."];

/// One to three layers. What leads outside leads to `outside`.
pub(crate) fn layers(dice: &mut Dice, outside: &Path) -> Vec<Vec<u8>> {
    let outside = outside.to_str().expect("a path of ours");
    (0..=dice.below(3)).map(|_| layer(dice, outside)).collect()
}

fn layer(dice: &mut Dice, outside: &str) -> Vec<u8> {
    let mut tar = Smith::default();
    for _ in 0..=dice.below(6) {
        tar =
            odd(dice).unwrap_or_default().into_iter().fold(tar, |tar, (header, body)| tar.raw(header, &body));
        tar = member(dice, outside).write(tar, true, dice);
    }
    let mut bytes = tar.end();
    if dice.one_in(8) {
        damage(&mut bytes, dice);
    }
    bytes
}

fn member(dice: &mut Dice, outside: &str) -> Member {
    let mut kind = *dice.pick(b"00000555551122236347");
    let mut name = dice.pick(&NAMES).as_bytes().to_vec();
    match dice.below(100) {
        0 => name = vec![b'n'; *dice.pick(&[101, 255, 256, 5000])],
        1 => name = "d/".repeat(*dice.pick(&[60, 255, 256])).into_bytes(),
        2 | 3 => name = format!("d{outside}/secret").into_bytes(),
        4 | 5 => name = dice.pick(&BAD).as_bytes().to_vec(),
        _ if name.windows(4).any(|part| part == b".wh.") && !dice.one_in(20) => kind = b'0',
        _ => {}
    }
    let mut member = Member::new(kind, &name, dice);
    match kind {
        b'0' | b'7' => member.body = vec![b'x'; *dice.pick(&[0, 0, 1, 512, 513])],
        b'1' | b'2' => {
            let up = format!("{}{}", "../".repeat(9), &outside[1..]);
            let secret = format!("{outside}/secret");
            let ways = ["a", "b", "d", "d/e", "/d/b", "/f", ".", "..", "/", "../a", outside, &up, &secret];
            let files = ["a", "a", "b", "d/a", "/d/b", "./a"];
            let plain = kind == b'1' && !dice.one_in(10);
            member.link = (if plain { *dice.pick(&files) } else { *dice.pick(&ways) }).as_bytes().to_vec();
        }
        b'3' | b'4' => {
            let none = [(0, 0), (4096, 0), (-1, 5), (8, 1 << 20)];
            let some = [(1, 3), (4095, 1_048_575)];
            member.device = if dice.one_in(6) { *dice.pick(&none) } else { *dice.pick(&some) };
        }
        _ => {}
    }
    if kind == b'0' && dice.one_in(12) {
        holes(&mut member, dice);
    }
    if dice.one_in(8) {
        let names = [
            "user.a",
            "user.a",
            "trusted.overlay.opaque",
            "user.overlay.whiteout",
            "security.capability",
            "x",
            "",
        ];
        member.xattrs.push((dice.pick(&names).to_string(), vec![1; *dice.pick(&[0, 1, 20, 1000])]));
    }
    member.ids = if dice.one_in(100) {
        *dice.pick(&[(-1, 0), (0, 1 << 32), (u32::MAX.into(), 0)])
    } else {
        member.ids
    };
    member
}

/// Pieces that may lie over each other, in any order, or not be there.
fn holes(member: &mut Member, dice: &mut Dice) {
    let mut end = 0;
    let mut piece = |dice: &mut Dice| {
        let start = if dice.one_in(8) {
            *dice.pick(&[0, 1, 1 << 40, usize::MAX])
        } else {
            end + *dice.pick(&[0, 1, 4096])
        };
        let length = *dice.pick(&[0, 1, 512]);
        end = start.saturating_add(length).min(1 << 40);
        (start, length)
    };
    let pieces: Vec<_> = (0..dice.below(4)).map(|_| piece(dice)).collect();
    let stored: usize = pieces.iter().map(|(_, length)| length).sum();
    member.body = vec![b'y'; if dice.one_in(12) { stored + 1 } else { stored }];
    let end = pieces.iter().map(|(start, length)| start.saturating_add(*length)).max().unwrap_or(0);
    let size = *dice.pick(&[end, end, end, end.saturating_add(1), 0]);
    // The old header has room for eleven octal digits.
    let fits = |number: usize| number.min((1 << 33) - 1);
    let pieces = pieces.into_iter().map(|(start, length)| (fits(start), length)).collect();
    member.holes = Some(Holes { pieces, size: fits(size) });
}

/// Something in front of a member that says another thing of it.
fn odd(dice: &mut Dice) -> Option<Vec<(Header, Vec<u8>)>> {
    if !dice.one_in(25) {
        return None;
    }
    let fields: [(&str, &[u8]); 14] = [
        ("path", b"a"),
        ("path", b"../x"),
        ("path", b""),
        ("linkpath", b"d"),
        ("size", b"0"),
        ("size", b"512"),
        ("size", b"99999999999999999999"),
        ("uid", b"-1"),
        ("mtime", b"1e9"),
        ("hdrcharset", b"KOI8"),
        ("comment", b"x"),
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.numblocks", b"999999999999"),
        ("GNU.sparse.name", b"b"),
    ];
    let (key, value) = *dice.pick(&fields);
    let mut body = crate::smith::record(key, value);
    if dice.one_in(4) {
        let at = dice.below(body.len());
        body[at] = *dice.pick(b"0 9=\n\0");
    }
    let kind = *dice.pick(b"xxxgLKZ");
    let size = if dice.one_in(8) { 1 << 30 } else { body.len() };
    Some(vec![(Header::new(kind, b"x").size(size), body)])
}

/// Breaks an archive of whole blocks.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let blocks = bytes.len() / 512;
    let start = dice.below(blocks) * 512;
    match dice.below(7) {
        0 => bytes.truncate(start),
        1 => bytes.truncate(start + dice.below(512)),
        2 => bytes[start..start + 512].fill(0),
        3 => drop(bytes.drain(start..start + 512)),
        4 => {
            let block = bytes[start..start + 512].to_vec();
            bytes.splice(start..start, block);
        }
        5 => bytes[start + dice.below(512)] ^= 1 << dice.below(8),
        // The sum is right, whatever it says now.
        _ => {
            let mut header = [0; 512];
            header.copy_from_slice(&bytes[start..start + 512]);
            if header.iter().any(|byte| *byte != 0) {
                header[dice.below(512)] = *dice.pick(&[0, 0x80, 0xff, b'7', b'/', b'.']);
                bytes[start..start + 512].copy_from_slice(&Header(header).bytes());
            }
        }
    }
}
