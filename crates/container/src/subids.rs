//! Which ids an ordinary user may use besides its own: `/etc/subuid` and `/etc/subgid`.

use oci::IdMapping;

/// The mappings of a user namespace: 0 is `own`; 1 and up are the first range of the file, if there is one.
///
/// A line is `name|uid:first:count`. Source: subuid(5).
pub(crate) fn mappings(own: u32, file: &str, user: &str, uid: u32) -> Vec<IdMapping> {
    let mut maps = vec![IdMapping { container_id: 0, host_id: own, size: 1 }];
    let is_ours = |owner: &str| !user.is_empty() && owner == user || owner.parse() == Ok(uid);
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let (first, count) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (is_ours(owner) && count > 0).then_some((first, count))
    };
    if let Some((host_id, size)) = file.lines().find_map(range) {
        maps.push(IdMapping { container_id: 1, host_id, size });
    }
    maps
}

/// The id is one that the container can have.
pub(crate) fn has(maps: &[IdMapping], id: u32) -> bool {
    maps.iter().any(|map| id.checked_sub(map.container_id).is_some_and(|from| from < map.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_by_name_and_by_number() {
        let file = "root:1:2\n\nme:100000:65536\n1001:300000:10\nbad:x:y\n";
        let first = |user, uid| mappings(uid, file, user, uid).get(1).map(|map| (map.host_id, map.size));
        assert_eq!(first("me", 1000), Some((100_000, 65536)));
        assert_eq!(first("other", 1001), Some((300_000, 10)));
        assert_eq!(first("nobody", 7), None);
        assert_eq!(first("bad", 7), None);
        assert!(has(&mappings(1000, file, "me", 1000), 65536));
        assert!(!has(&mappings(7, file, "", 7), 1));
    }
}
