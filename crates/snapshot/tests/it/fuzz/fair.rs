//! Layers that any tool must understand, of entries in every order that makes sense.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::member::{Holes, Member};
use crate::smith::Smith;

/// Names that get in each other's way.
const NAMES: [&str; 10] = ["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "f", "f/a", "f/a/b"];

/// What those who are to understand it can do.
#[derive(Clone, Copy)]
pub(crate) struct Skills {
    /// Layers over each other, with marks for what is gone.
    pub(crate) marks: bool,
    /// A name may stand twice in one layer.
    pub(crate) twice: bool,
    /// A folder may become something else, and back, in one layer; and a name that was marked as gone may be there again.
    pub(crate) turns: bool,
    /// What Go's reader does not take: GNU's header for sparse files, files of type 7, attributes without a value.
    pub(crate) beyond_go: bool,
    /// A folder of a lower layer need not be described again where something is put in it.
    pub(crate) implied: bool,
    /// Times before 1970.
    pub(crate) past: bool,
}

impl Skills {
    pub(crate) const ALL: Skills =
        Skills { marks: true, twice: true, turns: true, beyond_go: true, implied: true, past: true };
}

/// What is at a name, and which layer has brought it.
struct There {
    folder: bool,
    layer: usize,
    member: Member,
}

/// Puts a case into a folder of each layer.
pub(crate) fn add(layers: &mut [Smith], folder: &str, skills: Skills, dice: &mut Dice) {
    let mut case = Case { folder, skills, there: BTreeMap::new(), gone: Vec::new(), layer: 0 };
    for layer in layers {
        case.gone.clear();
        let mut tar = std::mem::take(layer);
        tar = Member::new(b'5', format!("{folder}/").as_bytes(), dice).write(tar, skills.beyond_go, dice);
        for _ in 0..3 + dice.below(10) {
            tar = case.step(tar, dice);
        }
        case.layer += 1;
        *layer = tar;
    }
}

struct Case<'a> {
    folder: &'a str,
    skills: Skills,
    there: BTreeMap<String, There>,
    /// Names that this layer marks.
    gone: Vec<String>,
    layer: usize,
}

impl Case<'_> {
    fn step(&mut self, tar: Smith, dice: &mut Dice) -> Smith {
        if self.skills.marks && self.layer > 0 && dice.one_in(4) {
            return self.mark(tar, dice);
        }
        let name = *dice.pick(&NAMES);
        let parent = name.rsplit_once('/').map(|(parent, _)| parent);
        if parent.is_some_and(|parent| !self.may_have_more(parent)) {
            return tar;
        }
        let was = self.there.get(name).map(|was| was.folder);
        let folder = dice.one_in(3);
        let ours = was.is_some() && self.is_ours(name);
        if ours && !self.skills.twice {
            return tar;
        }
        let turns = ours && was.is_some_and(|was| was != folder);
        let again = self.gone.iter().any(|gone| touches(gone, name));
        if (turns || again) && !self.skills.turns {
            return tar;
        }
        let Some(member) = self.member(name, folder, dice) else { return tar };
        if !folder || was == Some(false) {
            self.there.retain(|path, _| !is_below(path, name));
        }
        self.there.insert(name.to_string(), There { folder, layer: self.layer, member: member.clone() });
        member.write(tar, self.skills.beyond_go, dice)
    }

    fn member(&self, name: &str, folder: bool, dice: &mut Dice) -> Option<Member> {
        let path = self.path(name, dice);
        let kinds: &[u8] = if self.skills.beyond_go { b"000SS1223467" } else { b"000SS122346" };
        let kind = if folder { b'5' } else { *dice.pick(kinds) };
        let mut member = Member::new(if kind == b'S' { b'0' } else { kind }, &path, dice);
        member.seconds = if self.skills.past { member.seconds } else { member.seconds.max(0) };
        if folder && !path.ends_with(b"/") && dice.one_in(2) {
            member.name.push(b'/');
        }
        match kind {
            b'0' | b'7' => member.body = content(dice),
            b'S' => sparse(&mut member, dice),
            b'1' => {
                let files: Vec<_> = self
                    .there
                    .iter()
                    .filter(|(path, there)| {
                        !there.folder && there.layer == self.layer && *path != name && !is_below(path, name)
                    })
                    .collect();
                let (target, there) = files.get(dice.below(files.len().max(1)))?;
                // It says the same of the file as the file itself did.
                member.like(&there.member);
                member.link = format!("{}/{target}", self.folder).into_bytes();
            }
            b'2' => {
                member.link = dice
                    .pick(&["a", "d/e", "nowhere", "../a", "/etc/passwd", &"l".repeat(120)])
                    .as_bytes()
                    .to_vec();
            }
            b'3' | b'4' => member.device = *dice.pick(&[(1, 3), (8, 300), (200, 70_000)]),
            _ => {}
        }
        if matches!(kind, b'0' | b'5') && dice.one_in(4) {
            let values: [&[u8]; 3] = [b"x", b"\0=\n", if self.skills.beyond_go { b"" } else { b"y" }];
            member.xattrs.push(("user.note".to_string(), dice.pick(&values).to_vec()));
        }
        Some(member)
    }

    fn may_have_more(&self, folder: &str) -> bool {
        let there = self.there.get(folder);
        there.is_some_and(|there| there.folder && (self.skills.implied || there.layer == self.layer))
    }

    /// This layer has something there, or below.
    fn is_ours(&self, name: &str) -> bool {
        let mut all = self.there.iter();
        all.any(|(path, there)| there.layer == self.layer && (is_below(path, name) || path == name))
    }

    /// One of the ways to write a path.
    fn path(&self, name: &str, dice: &mut Dice) -> Vec<u8> {
        let before = *dice.pick(&["", "", "", "./"]);
        format!("{before}{}/{name}", self.folder).into_bytes()
    }

    /// Says that something of the layers below is gone.
    fn mark(&mut self, tar: Smith, dice: &mut Dice) -> Smith {
        let layer = self.layer;
        let below: Vec<_> = self.there.iter().filter(|(_, there)| there.layer < layer).collect();
        let Some((name, folder)) =
            below.get(dice.below(below.len().max(1))).map(|(name, there)| ((*name).clone(), there.folder))
        else {
            return tar;
        };
        let ours = self
            .there
            .iter()
            .any(|(path, there)| there.layer == layer && (is_below(path, &name) || *path == name));
        let opaque = folder && self.may_have_more(&name) && dice.one_in(3);
        if ours && !self.skills.turns && !opaque || self.gone.iter().any(|gone| touches(gone, &name)) {
            return tar;
        }
        let parent = name.rsplit_once('/').map(|(parent, _)| parent);
        if parent.is_some_and(|parent| !self.may_have_more(parent)) {
            return tar;
        }
        let (parent, last) = name.rsplit_once('/').unwrap_or(("", &name));
        let path = match (opaque, parent) {
            (true, _) => format!("{}/{name}/.wh..wh..opq", self.folder),
            (false, "") => format!("{}/.wh.{last}", self.folder),
            (false, parent) => format!("{}/{parent}/.wh.{last}", self.folder),
        };
        // What this layer has in it stays, and so does the folder that it is in.
        if !ours {
            self.there.retain(|path, _| !(is_below(path, &name) || !opaque && *path == name));
        } else {
            self.there.retain(|path, there| !is_below(path, &name) || there.layer == layer);
        }
        self.gone.push(name);
        Member::new(b'0', path.as_bytes(), dice).write(tar, self.skills.beyond_go, dice)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn touches(one: &str, other: &str) -> bool {
    one == other || is_below(one, other) || is_below(other, one)
}

fn content(dice: &mut Dice) -> Vec<u8> {
    let length = *dice.pick(&[0, 1, 5, 511, 512, 513, 5000]);
    vec![*dice.pick(b"abcdefgh"); length]
}

fn sparse(member: &mut Member, dice: &mut Dice) {
    let mut holes = Holes { pieces: Vec::new(), size: 0 };
    // GNU tar begins a block for each piece, others do not; so all but the last are whole blocks.
    for _ in 0..dice.below(3) {
        let start = holes.size + *dice.pick(&[0, 1, 512, 4096, 9000]);
        let length = *dice.pick(&[512, 4096]);
        holes.pieces.push((start, length));
        holes.size = start + length;
    }
    if dice.one_in(2) {
        holes.pieces.push((holes.size + 512, 5));
        holes.size += 517;
    }
    // GNU tar ends a map with an empty piece at the end of the file.
    holes.size += *dice.pick(&[0, 1, 4096]);
    holes.pieces.push((holes.size, 0));
    let stored: usize = holes.pieces.iter().map(|(_, length)| length).sum();
    member.body = (b'A'..=b'Z').cycle().take(stored).collect();
    member.holes = Some(holes);
}
