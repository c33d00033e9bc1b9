//! Mappings of user and group ids.

use fault::{Fault, Result};
use oci::IdMapping;

/// The kernel takes so many lines. Source: user_namespaces(7).
const MOST: usize = 340;

/// All of them in one write, of fewer bytes than one page. Source: the same; no machine has smaller pages.
const PAGE: usize = 4096;

/// Checks one list of mappings: not empty, no wrap around, no overlap on either side.
pub(crate) fn check(field: &str, maps: &[IdMapping]) -> Result<()> {
    let wrong = |at: usize, why: &str| Err(Fault::invalid(format!("linux.{field}[{at}]"), why));
    if maps.len() > MOST {
        return wrong(MOST, "the kernel takes 340 mappings at most");
    }
    let bytes: usize = maps.iter().map(|map| line(map).len()).sum();
    if bytes >= PAGE {
        let why = format!("the mappings have {bytes} bytes together, and the kernel takes less than {PAGE}");
        return Err(Fault::invalid(format!("linux.{field}"), why).hint("fewer mappings, of more ids each"));
    }
    for (at, map) in maps.iter().enumerate() {
        if map.size == 0 {
            return wrong(at, "`size` is 0");
        }
        // The last number is not an id: it means "leave it" to chown(2).
        if map.container_id.checked_add(map.size).is_none() || map.host_id.checked_add(map.size).is_none() {
            return wrong(at, "the ids run past 4294967295");
        }
        let overlaps = |other: &IdMapping| {
            meet(map.container_id, map.size, other.container_id, other.size)
                || meet(map.host_id, map.size, other.host_id, other.size)
        };
        if maps[..at].iter().any(overlaps) {
            return wrong(at, "it overlaps an earlier one");
        }
    }
    Ok(())
}

/// As `uid_map` and `gid_map` take it.
fn line(map: &IdMapping) -> String {
    format!("{} {} {}\n", map.container_id, map.host_id, map.size)
}

fn meet(a: u32, a_size: u32, b: u32, b_size: u32) -> bool {
    a < b.saturating_add(b_size) && b < a.saturating_add(a_size)
}

/// The id is one that the container can have.
pub(crate) fn is_mapped(maps: &[IdMapping], id: u32) -> bool {
    maps.iter().any(|map| id.checked_sub(map.container_id).is_some_and(|from| from < map.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(container_id: u32, host_id: u32, size: u32) -> IdMapping {
        IdMapping { container_id, host_id, size }
    }

    #[test]
    fn wrong_mappings_are_refused() {
        let ok = |maps: &[IdMapping]| check("uidMappings", maps).is_ok();
        assert!(ok(&[map(0, 1000, 1), map(1, 100_000, 65535)]));
        assert!(!ok(&[map(0, 1000, 0)]));
        assert!(!ok(&[map(0, u32::MAX, 2)]));
        assert!(!ok(&[map(u32::MAX, 0, 1)]));
        assert!(!ok(&[map(0, 1000, 10), map(9, 5000, 1)]));
        assert!(!ok(&[map(0, 1000, 10), map(10, 1009, 1)]));
        assert!(!ok(&[map(0, 0, 1); 341]));
    }

    #[test]
    fn an_id_is_mapped_or_not() {
        let maps = [map(0, 1000, 1), map(5, 100, 2)];
        assert_eq!(
            [0, 1, 4, 5, 6, 7, u32::MAX].map(|id| is_mapped(&maps, id)),
            [true, false, false, true, true, false, false]
        );
    }
}
