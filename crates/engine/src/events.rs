//! What has happened, and happens from now on.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use container::Journal;
use container::rotated::Lines;
use fault::{Doing, Result};

use crate::Engine;
use crate::changes::Changes;

/// Lines of the journal: what Docker's API tells of events, in JSON.
#[derive(Debug)]
pub struct Events {
    lines: Lines,
    changes: Changes,
}

impl Engine {
    /// Opens the journal: from its beginning, or at its end.
    pub fn events(&self, past: bool) -> Result<Events> {
        let doing = || "read what has happened";
        let root = self.records.root();
        DirBuilder::new().mode(0o700).recursive(true).create(root).doing(doing)?;
        // First, so that nothing is missed between.
        let changes = Changes::of(root)?;
        let mut lines = Lines::open(Journal::at(root).path()).doing(doing)?;
        if !past {
            lines.skip_to_last(0).doing(doing)?;
        }
        Ok(Events { lines, changes })
    }
}

impl Events {
    /// The next line; nothing if there is no more for now.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.lines.next_line().doing(|| "read what has happened")
    }

    /// Waits until there may be more, or so long.
    pub fn wait(&self, limit: Option<Duration>) -> Result<()> {
        self.changes.wait(&[], limit).map(drop)
    }
}
