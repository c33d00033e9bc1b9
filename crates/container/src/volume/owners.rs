//! `idmap=match-user`: what the container's user makes in a bind mount belongs to the person who ran the command.

use fault::{Fault, Kind, Result};
use oci::IdMapping;

use crate::machine::Machine;
use crate::users::Who;

/// How files are shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// The container's user is that person already.
    AsTheyAre,
    /// Users and groups: `container_id` on disk is shown as `host_id`.
    Mapped(Vec<IdMapping>, Vec<IdMapping>),
}

/// `owner` is a user and group of this machine, `who` the container's.
pub(super) fn of(owner: (u32, u32), who: &Who, machine: &Machine) -> Result<Files> {
    if let (true, Some((uids, gids))) = (machine.remapped, &machine.ids) {
        let one = |maps: &[IdMapping], id: u32, owner: u32| {
            shown(maps, id).map(|host_id| vec![IdMapping { container_id: owner, host_id, size: 1 }])
        };
        return match (one(uids, who.uid, owner.0), one(gids, who.gid, owner.1)) {
            (Some(uids), Some(gids)) => Ok(Files::Mapped(uids, gids)),
            _ => Err(Fault::invalid(
                "--mount",
                "idmap=match-user: the container's user has no id on this machine",
            )),
        };
    }
    if let Some((uids, gids)) = &machine.ids {
        // Only the machine's root may show files under other ids; root of such a container is its maker already.
        let is = |maps: &[IdMapping], id: u32, owner: u32| shown(maps, id) == Some(owner);
        if is(uids, who.uid, owner.0) && is(gids, who.gid, owner.1) {
            return Ok(Files::AsTheyAre);
        }
        return Err(Fault::new(Kind::Denied, "use `--mount`")
            .because("idmap=match-user: only root of this machine can show files of others as a container's")
            .hint("without --user, the container's root is you already"));
    }
    if (who.uid, who.gid) == owner {
        return Ok(Files::AsTheyAre);
    }
    Ok(Files::Mapped(swapped(owner.0, who.uid), swapped(owner.1, who.gid)))
}

/// What an id of the container is outside.
fn shown(maps: &[IdMapping], id: u32) -> Option<u32> {
    let inside = |map: &IdMapping| id.checked_sub(map.container_id).filter(|from| *from < map.size);
    maps.iter().find_map(|map| map.host_id.checked_add(inside(map)?))
}

/// All ids are shown as they are, but for these two, which stand for each other: a mapping gives no id away twice.
fn swapped(one: u32, other: u32) -> Vec<IdMapping> {
    let map = |container_id, host_id, size| IdMapping { container_id, host_id, size };
    let (low, high) = (one.min(other), one.max(other));
    let same = |from: u32, to: u32| map(from, from, to - from);
    // The last number is not an id.
    let all = if low == high {
        vec![same(0, u32::MAX)]
    } else {
        vec![
            same(0, low),
            map(low, high, 1),
            same(low + 1, high),
            map(high, low, 1),
            same(high.saturating_add(1), u32::MAX),
        ]
    };
    all.into_iter().filter(|map| map.size > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::machine;

    fn lines(maps: &[IdMapping]) -> Vec<(u32, u32, u32)> {
        maps.iter().map(|map| (map.container_id, map.host_id, map.size)).collect()
    }

    #[test]
    fn two_ids_change_places() {
        let last = u32::MAX;
        assert_eq!(
            lines(&swapped(1000, 0)),
            [(0, 1000, 1), (1, 1, 999), (1000, 0, 1), (1001, 1001, last - 1001)]
        );
        assert_eq!(lines(&swapped(3, 4)), [(0, 0, 3), (3, 4, 1), (4, 3, 1), (5, 5, last - 5)]);
        assert_eq!(lines(&swapped(7, 7)), [(0, 0, last)]);
        assert_eq!(lines(&swapped(last - 1, 0)), [(0, last - 1, 1), (1, 1, last - 2), (last - 1, 0, 1)]);
    }

    #[test]
    fn an_ordinary_user_is_root_of_its_container_already() {
        let who = |uid, gid| Who { uid, gid, ..Who::default() };
        assert_eq!(of((5, 6), &who(5, 6), &machine()).unwrap(), Files::AsTheyAre);
        assert!(matches!(of((5, 6), &who(0, 0), &machine()).unwrap(), Files::Mapped(..)));
        let map = |host_id| vec![IdMapping { container_id: 0, host_id, size: 1 }];
        let rootless = Machine { ids: Some((map(1000), map(100))), ..machine() };
        assert_eq!(of((1000, 100), &who(0, 0), &rootless).unwrap(), Files::AsTheyAre);
        assert!(of((1000, 100), &who(1, 1), &rootless).unwrap_err().sentence().contains("match-user"));
    }
}
