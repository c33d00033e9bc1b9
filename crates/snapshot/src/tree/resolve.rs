//! Where a path leads in a root: links end in it, as they do for a program that runs there.

use std::collections::VecDeque;

use super::{Name, NodeId, Tree, What};
use crate::limits;

impl Tree {
    /// What is at a path once links are followed, the last one too. Nothing if it is not there, or leads through
    /// more links than the kernel follows.
    pub fn resolve(&self, path: &[&[u8]]) -> Option<NodeId> {
        let mut way = vec![Tree::ROOT];
        let mut todo: VecDeque<Name> = path.iter().map(|part| Name::from(*part)).collect();
        let mut followed = 0;
        while let Some(part) = todo.pop_front() {
            match &*part {
                b"" | b"." => continue,
                b".." => {
                    way.truncate(way.len().saturating_sub(1).max(1));
                    continue;
                }
                _ => {}
            }
            let found = *self.folder(*way.last()?)?.entries.get(&part)?;
            let What::Symlink(target) = &self.node(found).what else {
                way.push(found);
                continue;
            };
            followed += 1;
            if followed > limits::LINKS_FOLLOWED {
                return None;
            }
            if target.starts_with(b"/") {
                way.truncate(1);
            }
            target.split(|byte| *byte == b'/').rev().for_each(|part| todo.push_front(part.into()));
        }
        way.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Folder, Meta, Node};
    use super::*;

    fn with(entries: &[(&str, What)]) -> Tree {
        let mut tree = Tree::default();
        for (path, what) in entries {
            let parts: Vec<_> = path.split('/').map(str::as_bytes).collect();
            let (last, folders) = parts.split_last().unwrap();
            let folder = tree.find(folders).unwrap();
            let id = tree.add(Node { meta: Meta::implied(), what: what.clone() });
            tree.folder_mut(folder).unwrap().entries.insert((*last).into(), id);
        }
        tree
    }

    #[test]
    fn links_end_in_the_root() {
        let link = |to: &str| What::Symlink(to.as_bytes().into());
        let tree = with(&[
            ("etc", What::Folder(Folder::default())),
            ("etc/real", What::Fifo),
            ("etc/passwd", link("../../../etc/./real")),
            ("lib", link("/etc")),
            ("round", link("round")),
            ("gone", link("/nowhere")),
        ]);
        let real = tree.find(&[b"etc", b"real"]);
        assert!(real.is_some());
        assert_eq!(tree.resolve(&[b"etc", b"passwd"]), real);
        assert_eq!(tree.resolve(&[b"lib", b"passwd"]), real);
        for path in [&[&b"round"[..]][..], &[b"gone"], &[b"etc", b"none"], &[b"etc", b"real", b"below"]] {
            assert_eq!(tree.resolve(path), None);
        }
    }
}
