//! Many containers at once.

use std::cmp::Reverse;
use std::thread;

use fault::{Fault, Kind, Result};

use crate::{Engine, Status, View};

/// With fewer than this, a thread would take longer to begin than to do its share.
const LEAST: usize = 64;

/// Containers, the newest first.
#[derive(Debug, Default)]
pub struct Listed {
    /// Those that can be read.
    pub views: Vec<View>,
    /// Why others cannot.
    pub faults: Vec<Fault>,
}

impl Engine {
    /// All of them, the newest first. What cannot be read is left out.
    pub fn all(&self) -> Result<Vec<View>> {
        Ok(self.list(true)?.views)
    }

    /// All of them, or those whose program runs or is about to run again: of the others nothing is read. What was never
    /// finished is left out.
    pub fn list(&self, all: bool) -> Result<Listed> {
        let running = self.records.running();
        let ids = if all { self.records.ids()? } else { self.records.watched(&running)? };
        let (seen, mut faults) = self.look_at(&ids);
        let mut views = Vec::with_capacity(seen.len());
        // A monitor is started by one thread alone: descriptors that it inherits must not reach another program.
        for view in seen {
            let has_run = running.contains(std::ffi::OsStr::new(&view.record.id));
            match self.settled(view, has_run) {
                Ok(view) => views.extend(view),
                Err(fault) if fault.kind() == Kind::NotFound => {}
                Err(fault) => faults.push(fault),
            }
        }
        if !all {
            views.retain(|view| view.status.is_up() || view.status == Status::Restarting);
        }
        views.sort_by_cached_key(|view| Reverse(view.record.created.clone()));
        Ok(Listed { views, faults })
    }

    fn look_at(&self, ids: &[String]) -> (Vec<View>, Vec<Fault>) {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(1 + ids.len() / LEAST);
        let look = |ids: &[String]| -> (Vec<View>, Vec<Fault>) {
            let (mut views, mut faults) = (Vec::new(), Vec::new());
            for id in ids {
                let view = |record: Option<_>| record.map(|record| self.look(record)).transpose();
                match self.records.folder(id).record().and_then(view) {
                    Ok(view) => views.extend(view),
                    Err(fault) if fault.kind() == Kind::NotFound => {}
                    Err(fault) => faults.push(fault),
                }
            }
            (views, faults)
        };
        if threads == 1 {
            return look(ids);
        }
        let share = ids.len().div_ceil(threads);
        thread::scope(|scope| {
            let begin = |part| (part, thread::Builder::new().spawn_scoped(scope, move || look(part)));
            let (own, others) = ids.split_at(share);
            let readers: Vec<_> = others.chunks(share).map(begin).collect();
            let mut all = look(own);
            for (part, reader) in readers {
                // Where there may be no more threads, we do it ourselves.
                let seen = reader.ok().and_then(|reader| reader.join().ok());
                let (views, faults) = seen.unwrap_or_else(|| look(part));
                all.0.extend(views);
                all.1.extend(faults);
            }
            all
        })
    }
}
