//! Names of the containers on one container's networks, read from the records. What is remembered is looked at before it is
//! told: whether it has changed is one call of the kernel.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use network::Networks;

/// A network, as far as it is about names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Names that are known in this container alone, and those that they stand for.
    pub(crate) links: Vec<(String, String)>,
}

/// Names of the containers on one container's networks.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) networks: Networks,
    pub(crate) pages: Vec<Page>,
    /// What was read, and when that had last changed.
    pub(crate) known: RefCell<Known>,
}

/// By network and name.
type Known = HashMap<(String, String), (SystemTime, Vec<IpAddr>)>;

/// Names that are remembered.
const MOST: usize = 256;
/// The clock of a file system stands still for less than this.
const SETTLED: Duration = Duration::from_secs(1);

impl Book {
    fn look_up(&self, page: &Page, name: &str) -> Vec<IpAddr> {
        let link = page.links.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        let name = link.map_or(name, |(_, target)| target);
        let Some(changed) = self.networks.changed(&page.id, name) else { return Vec::new() };
        let mut known = self.known.borrow_mut();
        let key = (page.id.clone(), name.to_string());
        if let Some((when, found)) = known.get(&key)
            && *when == changed
        {
            return found.clone();
        }
        let mut found = self.networks.resolve(&page.id, name);
        found.sort_unstable();
        // Another change in the same moment could not be told from this one.
        if changed.elapsed().is_ok_and(|age| age > SETTLED) {
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(key, (changed, found.clone()));
        }
        found
    }
}

impl dns::Names for Book {
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        let found = |page: &Page| {
            let with_network = format!(".{}", page.name.to_ascii_lowercase());
            let bare = name.strip_suffix(&with_network);
            let names = [Some(name), bare].into_iter().flatten();
            names.map(|name| self.look_up(page, name)).find(|found| !found.is_empty())
        };
        self.pages.iter().find_map(found)
    }

    fn name(&self, address: IpAddr) -> Option<String> {
        let name = |page: &Page| Some(format!("{}.{}", self.networks.reverse(&page.id, address)?, page.name));
        self.pages.iter().find_map(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dns::Names;
    use std::fs;

    #[test]
    fn names_are_those_of_the_records() {
        let root = std::env::temp_dir().join(format!("nagaya-book-{}", std::process::id()));
        let page = |id: &str, name: &str, links: &[(&str, &str)]| Page {
            id: id.to_string(),
            name: name.to_string(),
            links: links.iter().map(|(alias, target)| (alias.to_string(), target.to_string())).collect(),
        };
        let put = |id: &str, name: &str, who: &str, text: &str| {
            let folder = root.join("networks").join(id).join("names").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(who), text).unwrap();
        };
        put("1", "web", "a", "10.0.0.2\nfd00::2\n");
        put("1", "web", "b", "10.0.0.3\n");
        put("2", "web", "c", "10.9.0.2\n");
        put("2", "0123456789ab", "d", "10.9.0.4\n");
        let book = Book {
            networks: Networks::at(&root),
            known: RefCell::default(),
            pages: vec![page("1", "Front", &[]), page("2", "back", &[("db", "0123456789ab")])],
        };
        let ask = |name: &str| {
            let list = book.addresses(name)?;
            Some(list.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ask("web").unwrap(), "10.0.0.2 10.0.0.3 fd00::2");
        assert_eq!(ask("web.front").unwrap(), "10.0.0.2 10.0.0.3 fd00::2");
        assert_eq!(ask("web.back").unwrap(), "10.9.0.2");
        assert_eq!(ask("db").unwrap(), "10.9.0.4");
        // Who has no address is not there, and who is elsewhere is not seen.
        put("1", "gone", "e", "");
        put("3", "other", "f", "10.8.0.2\n");
        for nobody in ["gone", "other", "web.other", "front", ".front"] {
            assert_eq!(ask(nobody), None, "{nobody}");
        }
        fs::remove_dir_all(&root).unwrap();
    }
}
