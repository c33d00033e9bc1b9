//! Bars for people who wait: one for each layer, on a terminal.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use images::{Event, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use oci::image::Digest;

/// A bar for each layer that comes.
#[derive(Debug, Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<Digest, ProgressBar>>,
}

impl Bars {
    /// Only where somebody looks.
    pub(crate) fn on_terminal() -> Option<Bars> {
        std::io::stderr().is_terminal().then(Bars::default)
    }

    fn bar(&self, digest: &Digest, size: u64) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let style = ProgressStyle::with_template("{prefix}: {msg:17} [{bar:30}] {bytes}/{total_bytes}");
            let bar = ProgressBar::new(size).with_prefix(digest.short().to_string());
            let bar = style
                .map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style.progress_chars("=> ")));
            self.all.add(bar)
        };
        bars.entry(digest.clone()).or_insert_with(make).clone()
    }
}

impl Progress for Bars {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Lost(what) => drop(self.all.println(format!("warning: {what}"))),
            Event::Here(digest) => self.bar(digest, 0).finish_with_message("Already exists"),
            Event::Begins(digest, size) => self.bar(digest, size).set_message("Downloading"),
            Event::Came(digest, bytes) => self.bar(digest, bytes).inc(bytes),
            Event::Whole(digest) => self.bar(digest, 0).set_message("Extracting"),
            Event::Unpacked(digest) => self.bar(digest, 0).finish_with_message("Pull complete"),
            Event::Skipped(digest, why) => self.bar(digest, 0).finish_with_message(why.to_string()),
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in bars.values().filter(|bar| !bar.is_finished()) {
            bar.abandon();
        }
    }
}
