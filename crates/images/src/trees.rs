//! From the tars of an image's layers to a folder for each: what an ordinary user can have.

use std::fs;
use std::os::fd::AsFd;

use fault::{Doing, Result};
use oci::image::Digest;
use snapshot::folder::{self, Lost, Rules};
use snapshot::tree::Tree;
use store::Folder;

use crate::Images;
use crate::owners::Owners;
use crate::progress::{Event, Progress};
use crate::roots::{chain, layer, write_accounts};

/// The name of the layer's own folder beside what is known of it.
pub(crate) const TREE: &str = "tree";

impl Images {
    /// Makes the folders of an image's layers, from the lowest to the topmost, as far as they are missing.
    pub(crate) fn make_trees(&self, diff_ids: &[Digest], progress: &dyn Progress) -> Result<()> {
        let tars = self.open_tars(diff_ids)?;
        let owners = Owners::here()?;
        let (mut all, mut lost) = (Tree::default(), Lost::default());
        let mut made = Vec::new();
        let empty = [Digest::sha256([0; 32])];
        let named = if diff_ids.is_empty() { &empty[..] } else { diff_ids };
        for ((number, digest), diff_id) in (0..).zip(chain(diff_ids)).zip(named) {
            let own = match tars.get(usize::from(number)) {
                Some(tar) => layer(tar, number, diff_id, &all)?,
                None => Tree::default(),
            };
            all.lay(&own);
            if self.store.folder(Folder::Tree(&digest)).is_some() {
                continue;
            }
            let staged = self.store.stage_folder()?;
            let path = staged.path().join(TREE);
            let doing = || format!("make the folder `{}`", path.display());
            fs::create_dir(&path).doing(doing)?;
            let into = fs::File::open(&path).doing(doing)?;
            let rules = Rules {
                owners: &|uid, gid| owners.has(uid, gid),
                devices: owners.is_all(),
                userxattr: !owners.is_all(),
            };
            let left_out = folder::write(&own, &tars, into.as_fd(), rules)
                .map_err(|fault| fault.during(format!("unpack layer `{diff_id}`")))?;
            lost.devices += left_out.devices;
            lost.owners += left_out.owners;
            let sums = write_accounts(&all, &tars, staged.path())?;
            made.push(self.store.ready_folder(staged, Folder::Tree(&digest), &sums)?);
        }
        // The topmost stands for all below, so those come first.
        let top = made.pop();
        self.store.land(made)?;
        self.store.land(top.into_iter().collect())?;
        tell(lost, progress);
        Ok(())
    }
}

fn tell(lost: Lost, progress: &dyn Progress) {
    if lost.devices > 0 {
        progress
            .on(Event::Lost(&format!("{} device nodes are left out: only root can make any", lost.devices)));
    }
    if lost.owners > 0 {
        progress.on(Event::Lost(&format!(
            "{} files belong to root instead of their owners, whom you may not have: give yourself a range of ids in \
             /etc/subuid and /etc/subgid",
            lost.owners
        )));
    }
}
