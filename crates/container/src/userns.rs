//! `--userns`, `--uidmap`, `--gidmap`: a user namespace for a container that the machine's root makes. Its root is nobody on this
//! machine; its files belong on disk to whom they belong in the image, and are shown under its ids by idmapped mounts.

use fault::{Fault, Kind, Result};
use oci::IdMapping;
use plan::{IdMaps, MountIds};
use serde::{Deserialize, Serialize};

/// A user namespace, as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Userns {
    /// In the words of `--userns`.
    pub mode: String,
    /// Users. Empty until the container is created, if nobody has said which.
    pub uids: Vec<IdMapping>,
    /// Groups.
    pub gids: Vec<IdMapping>,
}

/// The ids that are given away where nobody says which: `COUNT` ranges of `SIZE`, behind those of systemd-nspawn (which end at
/// 0x6fffffff), and below 2^31, from where on some programs take numbers for negative ones.
const FIRST: u32 = 0x7000_0000;
const SIZE: u32 = 0x1_0000;
const COUNT: u32 = 0xfff;
/// The largest id: 2^32 - 1 is none.
const NOBODYS: u32 = u32::MAX - 1;

impl Userns {
    /// From `--userns`, `--uidmap` and `--gidmap`; nothing means the machine's users, or an ordinary user's own namespace.
    ///
    /// # Errors
    /// `Invalid`, `Unsupported` or `Denied`.
    pub fn parse(mode: &str, uids: &[String], gids: &[String], is_root: bool) -> Result<Option<Userns>> {
        let says =
            |words: &str| Fault::new(Kind::Unsupported, format!("use `--userns {mode}`")).because(words);
        let maps = !uids.is_empty() || !gids.is_empty();
        match mode {
            "" | "host" if !maps => return Ok(None),
            "host" => {
                return Err(Fault::invalid(
                    "--userns",
                    "host, and --uidmap or --gidmap, contradict each other",
                ));
            }
            "" | "auto" | "private" if !is_root => {
                return Err(Fault::new(Kind::Denied, "use `--userns`, `--uidmap` or `--gidmap`")
                    .because("only root of this machine can show files under other ids")
                    .hint("leave it out: who is not root has a user namespace already"));
            }
            "" | "private" => {}
            "auto" if maps => {
                return Err(Fault::invalid(
                    "--userns",
                    "auto, and --uidmap or --gidmap, contradict each other",
                ));
            }
            "auto" => {}
            _ if mode.starts_with("keep-id") || mode == "nomap" => {
                return Err(says(if is_root {
                    "it is about the user who runs the command, and that is root"
                } else {
                    "only root of this machine can show files under other ids"
                })
                .hint("leave it out: who is not root is the container's root; or, as root, --userns auto"));
            }
            _ => return Err(Fault::invalid("--userns", format!("invalid USER mode: {mode}"))),
        }
        let of = |option: &str, texts: &[String]| {
            texts.iter().map(|text| range(option, text)).collect::<Result<Vec<_>>>()
        };
        let (uids, gids) = (of("--uidmap", uids)?, of("--gidmap", gids)?);
        // As podman has it: one of the two stands for both.
        let (uids, gids) = match (uids.is_empty(), gids.is_empty()) {
            (false, true) => (uids.clone(), uids),
            (true, false) => (gids.clone(), gids),
            _ => (uids, gids),
        };
        let mode = if mode.is_empty() { "private" } else { mode }.to_string();
        Ok(Some(Userns { mode, uids, gids }))
    }

    /// Nobody has said which ids.
    pub(crate) fn is_open(&self) -> bool {
        self.uids.is_empty()
    }

    /// With a range of its own. There are [`ranges`] of them.
    pub(crate) fn with(&self, first: u32) -> Userns {
        let all = vec![IdMapping { container_id: 0, host_id: first, size: SIZE }];
        Userns { mode: self.mode.clone(), uids: all.clone(), gids: all }
    }

    /// What its range is called, if it has one that was given away.
    pub(crate) fn first(&self) -> Option<u32> {
        self.uids.first().map(|map| map.host_id)
    }

    /// For who explains what is not created.
    pub(crate) fn or_first(&self) -> Userns {
        if self.is_open() { self.with(FIRST) } else { self.clone() }
    }

    /// As which ids the layers of an image are shown. Overlayfs makes what it works with as the machine's root, so that one is
    /// known there, too: by an id that nothing else has.
    pub(crate) fn shown(&self) -> MountIds {
        let with_root = |maps: &[IdMapping]| {
            let has_root = maps.iter().any(|map| map.host_id == 0);
            let root = IdMapping { container_id: NOBODYS, host_id: 0, size: 1 };
            maps.iter().copied().chain((!has_root).then_some(root)).collect()
        };
        MountIds { uids: with_root(&self.uids), gids: with_root(&self.gids), recursive: false }
    }

    /// For who works with the files of one that runs.
    pub fn maps(&self) -> IdMaps {
        IdMaps { uids: self.uids.clone(), gids: self.gids.clone(), helpers: false, groups: true }
    }
}

/// First ids of all ranges, beginning somewhere: whoever looks for a free one finds it at once, however many are taken.
pub(crate) fn ranges(from: u32) -> impl Iterator<Item = u32> {
    (0..COUNT).map(move |at| FIRST + (from.wrapping_add(at) % COUNT) * SIZE)
}

/// `CONTAINER:MACHINE[:COUNT]`. Source: podman-run(1), --uidmap.
fn range(option: &str, text: &str) -> Result<IdMapping> {
    let wrong = || {
        Fault::invalid(option, format!("expected CONTAINER:MACHINE[:COUNT], got `{}`", fault::visible(text)))
    };
    let numbers: Vec<u32> =
        text.split(':').map(|word| word.parse().map_err(|_| wrong())).collect::<Result<_>>()?;
    let (container_id, host_id, size) = match numbers[..] {
        [container, host] => (container, host, 1),
        [container, host, size] => (container, host, size),
        _ => return Err(wrong()),
    };
    let fits = |first: u32| size > 0 && first.checked_add(size).is_some_and(|end| end <= NOBODYS);
    if fits(container_id) && fits(host_id) {
        Ok(IdMapping { container_id, host_id, size })
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(mode: &str, uids: &[&str], gids: &[&str]) -> Result<Option<Userns>> {
        let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        Userns::parse(mode, &own(uids), &own(gids), true)
    }

    #[test]
    fn modes() {
        assert_eq!(parsed("", &[], &[]).unwrap(), None);
        assert_eq!(parsed("host", &[], &[]).unwrap(), None);
        assert!(parsed("auto", &[], &[]).unwrap().unwrap().is_open());
        let one = parsed("", &["0:100000:5", "5:7"], &[]).unwrap().unwrap();
        assert_eq!((one.mode.as_str(), one.uids.len(), one.gids.clone()), ("private", 2, one.uids.clone()));
        for (mode, uids, word) in [
            ("x", &[][..], "invalid USER mode: x"),
            ("keep-id:uid=5", &[], "that is root"),
            ("host", &["0:1:2"], "contradict"),
            ("auto", &["0:1:2"], "contradict"),
            ("", &["0"], "--uidmap"),
            ("", &["0:1:0"], "--uidmap"),
            ("", &["0:4294967295:2"], "--uidmap"),
            ("", &["a:1:2"], "--uidmap"),
        ] {
            let said = parsed(mode, uids, &[]).unwrap_err().to_string();
            assert!(said.contains(word), "{mode} {uids:?}: {said}");
        }
        assert!(Userns::parse("auto", &[], &[], false).unwrap_err().to_string().contains("only root"));
    }

    #[test]
    fn ranges_do_not_touch() {
        let all: std::collections::BTreeSet<_> = ranges(77).collect();
        assert_eq!(all.len(), COUNT as usize);
        assert!(all.iter().all(|first| first % SIZE == 0 && *first >= FIRST));
        assert!(all.last().unwrap().checked_add(SIZE).unwrap() <= 1 << 31);
    }
}
