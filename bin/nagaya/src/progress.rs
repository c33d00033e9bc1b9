//! Bars for people who wait, on a terminal: one for each layer, or one for all.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Read, Write};
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
        io::stderr().is_terminal().then(Bars::default)
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

/// One bar for all bytes of something; none where nobody looks. It goes in the end.
pub(crate) struct Meter(Option<ProgressBar>);

impl Meter {
    /// `total`: how many bytes there are, if that is known.
    pub(crate) fn on_terminal(what: &'static str, total: Option<u64>) -> Meter {
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {bytes}/{total_bytes}",
            None => "{msg} {bytes}",
        };
        let bar = |total: Option<u64>| {
            let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new).with_message(what);
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        };
        Meter(io::stderr().is_terminal().then(|| bar(total)))
    }

    pub(crate) fn passed(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Something that bytes pass through, and the bar that shows it.
pub(crate) struct Metered<T> {
    pub(crate) through: T,
    pub(crate) meter: Meter,
}

impl<T: Read> Read for Metered<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.through.read(buffer)?;
        self.meter.passed(got as u64);
        Ok(got)
    }
}

impl<T: Write> Write for Metered<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.through.write(bytes)?;
        self.meter.passed(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.through.flush()
    }
}
