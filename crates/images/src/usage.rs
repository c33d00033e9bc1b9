//! `system df`: the room that images take.

use std::collections::BTreeMap;

use fault::Result;
use oci::image::Digest;

use crate::Images;

/// The room that images take. Layers that several share count once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Images.
    pub images: usize,
    /// Those that containers use.
    pub active: usize,
    /// Bytes of their layers, unpacked.
    pub size: u64,
    /// Bytes of layers that no container uses.
    pub reclaimable: u64,
}

impl Images {
    /// The room that images take.
    pub fn usage(&self) -> Result<Usage> {
        let used: Vec<_> = self.store.uses()?.into_iter().map(|(_, image)| image).collect();
        let mut usage = Usage::default();
        // Whether somebody uses a layer.
        let mut layers: BTreeMap<Digest, bool> = BTreeMap::new();
        for listed in self.list()? {
            let active = used.contains(&listed.image.id);
            usage.images += 1;
            usage.active += usize::from(active);
            for diff_id in listed.image.diff_ids() {
                *layers.entry(diff_id.clone()).or_default() |= active;
            }
        }
        for (diff_id, active) in layers {
            let size = self.layer_size(&diff_id);
            usage.size += size;
            usage.reclaimable += if active { 0 } else { size };
        }
        Ok(usage)
    }
}
