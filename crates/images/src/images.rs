//! All images below one folder.

use std::path::Path;

use fault::Result;
use store::Store;

use crate::owners;

/// All images below one folder.
#[derive(Debug)]
pub struct Images {
    pub(crate) store: Store,
    /// We are root of the machine, and nobody has asked for folders.
    pub(crate) may_index: bool,
}

/// How layers become a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// An index over their tars: no file is made of what is in them.
    Index,
    /// A folder for each.
    Folders,
}

/// Set to `folders`, it asks for folders where an index could be had.
const ASKED: &str = "NAGAYA_LAYERS";

impl Images {
    /// Opens what is kept below `root`, and makes what is not there yet.
    pub fn open(root: &Path) -> Result<Images> {
        let folders = std::env::var_os(ASKED).is_some_and(|way| way == "folders");
        let may_index = !folders && rustix::process::geteuid().is_root() && owners::all_are_here();
        Ok(Images { store: Store::open(root)?, may_index })
    }

    /// EROFS can be mounted by root of the machine only, from files since Linux 6.12, and from none in memory. To be
    /// asked when something is made: what there is says by itself how it was made.
    pub(crate) fn way(&self) -> Way {
        const TMPFS: i64 = 0x0102_1994;
        let on_disk = || rustix::fs::statfs(self.store.root()).is_ok_and(|stat| stat.f_type != TMPFS);
        if self.may_index && on_disk() && snapshot::mount::can_index() { Way::Index } else { Way::Folders }
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
