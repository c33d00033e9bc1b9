//! Who `--user` means, as the root's own `/etc/passwd` and `/etc/group` say.

use fault::{Fault, Kind, Result};

/// Ids above are not taken by Docker either: some file systems and programs cannot hold them.
const HIGHEST: u32 = i32::MAX as u32;

/// The text of the two files; empty where there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
}

/// Who the program runs as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups, the main one first.
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

impl Accounts {
    /// Resolves `name|uid[:group|gid]`; nothing means root. What is a number is never looked up as a name:
    /// an image could call somebody `1000` and make it root (CVE-2016-3697).
    ///
    /// Source: moby/sys/user, `GetExecUser`.
    pub(crate) fn resolve(&self, asked: &str) -> Result<Who> {
        let (user, group) = match asked.split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (asked, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let entry = self.user(user)?;
        let mut who = match (&entry, number(user)) {
            (Some(entry), _) => Who { groups: vec![], ..entry.who.clone() },
            (None, Some(uid)) => {
                Who { uid: in_range(uid, asked)?, gid: 0, groups: vec![], home: "/".to_string() }
            }
            (None, None) => return Err(unknown(user, "user", "/etc/passwd")),
        };
        let mut more = Vec::new();
        match (group, &entry) {
            (Some(group), _) => who.gid = self.group(group, asked)?,
            (None, Some(entry)) => more = self.groups_of(&entry.name),
            (None, None) => {}
        }
        who.groups.push(who.gid);
        who.groups.extend(more.into_iter().filter(|gid| *gid != who.gid));
        Ok(who)
    }

    /// Groups that were asked for on top of its own.
    pub(crate) fn add_groups(&self, who: &mut Who, asked: &[String]) -> Result<()> {
        for name in asked {
            let gid = self.group(name, name).map_err(|fault| match fault.kind() {
                Kind::Invalid if number(name).is_none() => {
                    Fault::new(Kind::NotFound, format!("use `--group-add {name}`"))
                        .because(format!("Unable to find group {name}: no matching entries in group file"))
                }
                _ => fault,
            })?;
            if !who.groups.contains(&gid) {
                who.groups.push(gid);
            }
        }
        Ok(())
    }

    fn user(&self, asked: &str) -> Result<Option<Entry>> {
        let wanted = number(asked);
        let fits = |entry: &Entry| wanted.map_or(entry.name == asked, |uid| u64::from(entry.who.uid) == uid);
        let found = self.passwd.lines().filter_map(Entry::parse).find(fits);
        match found {
            Some(entry) if entry.who.uid > HIGHEST || entry.who.gid > HIGHEST => Err(out_of_range(asked)),
            other => Ok(other),
        }
    }

    fn group(&self, asked: &str, whole: &str) -> Result<u32> {
        if let Some(gid) = number(asked) {
            return in_range(gid, whole);
        }
        let found = self.group.lines().filter_map(group_line).find(|(name, ..)| *name == asked);
        let (_, gid, _) = found.ok_or_else(|| unknown(asked, "group", "/etc/group"))?;
        in_range(u64::from(gid), whole)
    }

    fn groups_of(&self, name: &str) -> Vec<u32> {
        let member = |line: &(&str, u32, &str)| line.2.split(',').any(|member| member == name);
        let gids = self.group.lines().filter_map(group_line).filter(member).map(|(_, gid, _)| gid);
        gids.filter(|gid| *gid <= HIGHEST).collect()
    }
}

struct Entry {
    name: String,
    who: Who,
}

impl Entry {
    /// `name:x:uid:gid:comment:home:shell`. Source: passwd(5).
    fn parse(line: &str) -> Option<Entry> {
        let fields: Vec<_> = line.split(':').collect();
        let id = |at: usize| fields.get(at)?.parse().ok();
        let home = fields.get(5).copied().filter(|home| !home.is_empty()).unwrap_or("/");
        Some(Entry {
            name: (*fields.first()?).to_string(),
            who: Who { uid: id(2)?, gid: id(3)?, groups: vec![], home: home.to_string() },
        })
    }
}

/// `name:x:gid:member,member`. Source: group(5).
fn group_line(line: &str) -> Option<(&str, u32, &str)> {
    let mut fields = line.split(':');
    let (name, gid) = (fields.next()?, fields.nth(1)?.parse().ok()?);
    Some((name, gid, fields.next().unwrap_or_default()))
}

/// A number of any length, so that one that is too long is no name either.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn in_range(id: u64, asked: &str) -> Result<u32> {
    u32::try_from(id).ok().filter(|id| *id <= HIGHEST).ok_or_else(|| out_of_range(asked))
}

fn out_of_range(asked: &str) -> Fault {
    Fault::invalid("--user", format!("`{asked}`: uids and gids must be in range 0-{HIGHEST}"))
}

fn unknown(name: &str, what: &str, file: &str) -> Fault {
    Fault::new(Kind::Invalid, format!("find {what} `{name}`"))
        .because(format!("no matching entries in the container's `{file}`"))
        .hint("a number needs no entry: `--user 1000:1000`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\n# comment\nguest:x:1000:100::/home/guest:/bin/sh\n0:x:7:7::/:\n\
                     1000:x:0:0:trap:/:/bin/sh\nbig:x:4294967295:0::/:\n"
                .to_string(),
            group: "root:x:0:\nusers:x:100:\nwheel:x:10:guest,root\nbroken\naudio:x:63:other,guest\n".to_string(),
        }
    }

    fn ids(asked: &str) -> (u32, u32, Vec<u32>) {
        let who = accounts().resolve(asked).unwrap();
        (who.uid, who.gid, who.groups)
    }

    #[test]
    fn names_numbers_and_groups() {
        assert_eq!(ids(""), (0, 0, vec![0, 10]));
        assert_eq!(ids("guest"), (1000, 100, vec![100, 10, 63]));
        assert_eq!(ids("guest:wheel"), (1000, 10, vec![10]));
        assert_eq!(ids("5:6"), (5, 6, vec![6]));
        assert_eq!(ids(":wheel"), (0, 10, vec![10]));
        assert_eq!(accounts().resolve("guest").unwrap().home, "/home/guest");
        assert_eq!(accounts().resolve("5").unwrap().home, "/");
    }

    #[test]
    fn a_number_is_a_number() {
        assert_eq!(ids("0"), (0, 0, vec![0, 10]));
        assert_eq!(ids("1000"), (1000, 100, vec![100, 10, 63]));
        assert_eq!(Accounts::default().resolve("1000").unwrap().uid, 1000);
    }

    #[test]
    fn nobody_becomes_somebody_else() {
        for bad in
            ["nobody", "guest:nogroup", "-1", "4294967295", "0:99999999999999999999999", "big", "2147483648"]
        {
            assert!(accounts().resolve(bad).is_err(), "{bad}");
        }
    }
}
