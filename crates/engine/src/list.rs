//! Many containers at once.

use std::cmp::Reverse;
use std::thread;

use fault::Result;

use crate::{Engine, View};

/// With fewer than this, a thread would take longer to begin than to do its share.
const LEAST: usize = 64;

impl Engine {
    /// All of them, the newest first.
    pub fn all(&self) -> Result<Vec<View>> {
        Ok(self.views(&self.records.ids()?))
    }

    /// Those whose program runs or is about to run again, the newest first. Nothing of the others is read.
    pub fn up(&self) -> Result<Vec<View>> {
        let mut views = self.views(&self.records.watched()?);
        views.retain(|view| view.status.is_up() || view.status == crate::Status::Restarting);
        Ok(views)
    }

    /// What cannot be read is left out, as is what was never finished.
    fn views(&self, ids: &[String]) -> Vec<View> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(1 + ids.len() / LEAST);
        let look = |ids: &[String]| -> Vec<View> {
            let record = |id: &String| self.records.folder(id).record().ok().flatten();
            ids.iter().filter_map(record).filter_map(|record| self.look(record).ok()).collect()
        };
        let seen = if threads == 1 {
            look(ids)
        } else {
            let share = ids.len().div_ceil(threads);
            thread::scope(|scope| {
                let readers: Vec<_> = ids.chunks(share).map(|part| scope.spawn(move || look(part))).collect();
                readers.into_iter().flat_map(|reader| reader.join().unwrap_or_default()).collect()
            })
        };
        // A monitor is started by one thread alone: descriptors that it inherits must not reach another program.
        let settle = |view: View| if view.is_watched() { Some(view) } else { self.settled(view).ok() };
        let mut views: Vec<_> = seen.into_iter().filter_map(settle).collect();
        views.sort_by_cached_key(|view| Reverse(view.record.created.clone()));
        views
    }
}
