//! Users and groups that files can belong to, where we are.

use std::fs;

use fault::{Doing, Result};

/// Ids that there are in the user namespace that we are in. Source: user_namespaces(7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owners {
    uids: Vec<(u32, u32)>,
    gids: Vec<(u32, u32)>,
}

impl Owners {
    pub(crate) fn here() -> Result<Owners> {
        let read = |path: &str| fs::read_to_string(path).doing(|| format!("read `{path}`"));
        Ok(Owners { uids: ranges(&read("/proc/self/uid_map")?), gids: ranges(&read("/proc/self/gid_map")?) })
    }

    pub(crate) fn has(&self, uid: u32, gid: u32) -> bool {
        has(&self.uids, uid) && has(&self.gids, gid)
    }

    /// They are the machine's own.
    pub(crate) fn is_all(&self) -> bool {
        is_all(&self.uids)
    }
}

/// The user namespace that we are in is the machine's own.
pub(crate) fn all_are_here() -> bool {
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|text| is_all(&ranges(&text)))
}

fn is_all(ranges: &[(u32, u32)]) -> bool {
    ranges == [(0, u32::MAX)]
}

/// First id and number of ids.
fn ranges(text: &str) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let first = numbers.next()?.ok()?;
        Some((first, numbers.nth(1)?.ok()?))
    };
    text.lines().filter_map(range).collect()
}

fn has(ranges: &[(u32, u32)], id: u32) -> bool {
    ranges.iter().any(|(first, count)| id >= *first && id - first < *count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_user_namespace() {
        let text = "         0       1000          1\n         1     100000      65536\n";
        let owners = Owners { uids: ranges(text), gids: ranges(text) };
        assert!(owners.has(0, 0) && owners.has(65536, 1) && !owners.has(65537, 0) && !owners.has(0, 70000));
        assert!(!owners.is_all());
        let all = "         0          0 4294967295\n";
        assert!(Owners { uids: ranges(all), gids: ranges(all) }.is_all());
    }
}
