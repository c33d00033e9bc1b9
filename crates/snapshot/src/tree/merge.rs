//! A layer over what lies below.

use std::collections::HashMap;

use super::{Folder, Node, NodeId, Tree, What};

impl Tree {
    /// Lays a layer over it: what was gone is gone, what was changed is changed.
    pub fn lay(&mut self, layer: &Tree) {
        self.kept += layer.kept;
        Merge { below: self, layer, known: HashMap::new() }.folder(Tree::ROOT, Tree::ROOT);
    }
}

struct Merge<'a> {
    below: &'a mut Tree,
    layer: &'a Tree,
    /// Nodes that were copied already: a file keeps its other names.
    known: HashMap<NodeId, NodeId>,
}

impl Merge<'_> {
    /// As deep as folders are, which is limited.
    fn folder(&mut self, below: NodeId, above: NodeId) {
        let layer = self.layer;
        self.below.nodes[below.index()].meta = layer.node(above).meta.clone();
        let Some(folder) = layer.folder(above) else { return };
        if folder.opaque
            && let Some(folder) = self.below.folder_mut(below)
        {
            folder.entries.clear();
        }
        for (name, id) in &folder.entries {
            match &layer.node(*id).what {
                What::Gone => self.set(below, name, None),
                What::Folder(_) => self.merge(below, name, *id),
                _ => {
                    let copy = self.copy(*id);
                    self.set(below, name, Some(copy));
                }
            }
        }
    }

    fn merge(&mut self, below: NodeId, name: &[u8], above: NodeId) {
        let known = self.below.folder(below).and_then(|folder| folder.entries.get(name).copied());
        let folder = known.filter(|id| self.below.folder(*id).is_some()).unwrap_or_else(|| {
            let what = What::Folder(Folder::default());
            let new = self.below.add(Node { meta: self.layer.node(above).meta.clone(), what });
            self.set(below, name, Some(new));
            new
        });
        self.folder(folder, above);
    }

    fn copy(&mut self, id: NodeId) -> NodeId {
        let Merge { below, layer, known } = self;
        *known.entry(id).or_insert_with(|| below.add(layer.node(id).clone()))
    }

    fn set(&mut self, folder: NodeId, name: &[u8], to: Option<NodeId>) {
        let Some(folder) = self.below.folder_mut(folder) else { return };
        match to {
            Some(id) => folder.entries.insert(name.into(), id),
            None => folder.entries.remove(name),
        };
    }
}
