//! Names of the containers on one container's networks, read from the records at each question: nothing is remembered, so
//! nothing that is told is out of date.

use std::net::IpAddr;
use std::path::PathBuf;

use container::{Records, short};

/// A network, as far as it is about names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Its folder: `ROOT/networks/ID`.
    pub(crate) folder: PathBuf,
    /// What people call it.
    pub(crate) name: String,
}

/// Names of the containers on one container's networks.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) records: Records,
    pub(crate) pages: Vec<Page>,
    /// Names that are known in this container alone, and the id of whom they stand for.
    pub(crate) links: Vec<(String, String)>,
}

impl Book {
    fn in_network(page: &Page, name: &str) -> Vec<IpAddr> {
        // A name has no `/`, and no part of it is empty: see `dns::Names`.
        let folder = page.folder.join("names").join(name);
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let mut found: Vec<IpAddr> = texts
            .flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<_>>())
            .collect();
        found.sort_unstable();
        found
    }
}

impl dns::Names for Book {
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        let link = self.links.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        // Everybody is known by the first digits of his id.
        let name = link.map_or(name, |(_, id)| short(id));
        let found = |page: &Page| {
            let with_network = format!(".{}", page.name.to_ascii_lowercase());
            let bare = name.strip_suffix(&with_network).filter(|bare| !bare.is_empty());
            let names = [Some(name), bare].into_iter().flatten();
            names.map(|name| Book::in_network(page, name)).find(|found| !found.is_empty())
        };
        self.pages.iter().find_map(found)
    }

    fn name(&self, address: IpAddr) -> Option<String> {
        let holder = |page: &Page| {
            let id = std::fs::read_link(page.folder.join("leases").join(address.to_string())).ok()?;
            let record = self.records.folder(id.to_str()?).record().ok()??;
            Some(format!("{}.{}", record.name, page.name))
        };
        self.pages.iter().find_map(holder)
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
        let page =
            |id: &str, name: &str| Page { folder: root.join("networks").join(id), name: name.to_string() };
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
            records: Records::at(&root),
            pages: vec![page("1", "Front"), page("2", "back")],
            links: vec![("db".to_string(), format!("0123456789ab{}", "0".repeat(52)))],
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
