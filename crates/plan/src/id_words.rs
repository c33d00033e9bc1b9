//! crun's way to say which ids a mount shows: `idmap=uids=0-1-10#10-100-10;gids=@0-1-10`.
//!
//! Source: crun(1), "idmap mount options".

use fault::{Fault, Result};
use oci::{IdMapping, Linux};

/// Users and groups. Each range is the first id on disk, the first one that stands for it on the host, and how many. With
/// `@` in front the second is one of the container's user namespace.
pub(crate) fn parse(text: &str, field: &str, linux: &Linux) -> Result<(Vec<IdMapping>, Vec<IdMapping>)> {
    let wrong = |why: String| Fault::invalid(field, format!("{why} in `idmap={text}`"));
    let (mut uids, mut gids) = (Vec::new(), Vec::new());
    for part in text.split(';') {
        let (into, own, list) = match part.split_once('=') {
            Some(("uids", list)) => (&mut uids, &linux.uid_mappings, list),
            Some(("gids", list)) => (&mut gids, &linux.gid_mappings, list),
            _ => return Err(wrong(format!("expected `uids=` or `gids=`, got `{part}`"))),
        };
        for one in list.split('#') {
            into.push(range(one, own).map_err(&wrong)?);
        }
    }
    if uids.is_empty() || gids.is_empty() {
        return Err(wrong("users and groups are mapped together, and one of them is missing".to_string()));
    }
    Ok((uids, gids))
}

fn range(text: &str, own: &[IdMapping]) -> std::result::Result<IdMapping, String> {
    let (relative, plain) = text.strip_prefix('@').map_or((false, text), |plain| (true, plain));
    let numbers: Option<Vec<u32>> = plain.split('-').map(|number| number.parse().ok()).collect();
    let Some([on_disk, shown, size]) = numbers.as_deref() else {
        return Err(format!("expected three numbers such as `0-1-10`, got `{text}`"));
    };
    let host_id = if relative { host_id(*shown, own) } else { Some(*shown) };
    let host_id = host_id
        .ok_or_else(|| format!("the container has no id {shown}, which it is to be shown as by `{text}`"))?;
    Ok(IdMapping { container_id: *on_disk, host_id, size: *size })
}

/// What an id of the container is on the host. As with crun, those that follow it are not looked at: what is past the end
/// of a mapping is nobody's in the container.
fn host_id(id: u32, own: &[IdMapping]) -> Option<u32> {
    let from = |map: &IdMapping| id.checked_sub(map.container_id).filter(|from| *from < map.size);
    own.iter().find_map(|map| map.host_id.checked_add(from(map)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"{"uidMappings":[{"containerID":0,"hostID":0,"size":1},{"containerID":1,"hostID":2,"size":1000}],
        "gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]}"#;

    fn read(text: &str) -> Result<Vec<String>> {
        let linux: Linux = serde_json::from_str(OWN).unwrap();
        let (uids, gids) = parse(text, "mounts[0].options", &linux)?;
        let show = |map: &IdMapping| format!("{} {} {}", map.container_id, map.host_id, map.size);
        Ok(uids.iter().chain(&gids).map(show).collect())
    }

    #[test]
    fn ranges_are_of_the_host_or_of_the_container() {
        let good = [
            ("uids=0-1-10;gids=0-2-10", vec!["0 1 10", "0 2 10"]),
            ("uids=0-1-10#10-11-10;gids=+0-100-10", vec!["0 1 10", "10 11 10", "0 100 10"]),
            // The example of the manual, and one of the other kind.
            ("uids=@1-3-10;gids=@0-0-65536", vec!["1 4 10", "0 100000 65536"]),
        ];
        for (text, lines) in good {
            assert_eq!(read(text).unwrap(), lines, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let bad = [
            "",
            "uids=0-1-10",
            "uids=0-1;gids=0-1-1",
            "uids=a-1-1;gids=0-1-1",
            "pids=0-1-1",
            // Past the last mapping, and past all numbers.
            "uids=@0-1001-10;gids=0-0-1",
            "uids=0-1-4294967296;gids=0-0-1",
        ];
        for text in bad {
            let refused = read(text).unwrap_err().sentence();
            assert!(refused.contains("`mounts[0].options`"), "{text}: {refused}");
        }
    }
}
