//! `pull`, also for `run`.

use std::sync::Arc;

use fault::{Fault, Kind, Result};
use images::{Event, Images, Progress, Pulled};
use oci::image::{Platform, Reference};
use registry::{Client, Settings, Waiting};

use super::journal::note;
use super::load::{Warnings, platform};
use crate::args::images::Pull;
use crate::progress::Bars;
use crate::say;

pub(crate) fn run(typed: &Pull, images: &Images) -> Result<()> {
    let asked: Reference = typed.name.parse()?;
    let is_whole = asked.tag().is_some() || asked.digest().is_some();
    if typed.all_tags {
        if is_whole {
            return Err(
                Fault::new(Kind::Invalid, "use `--all-tags`").because("tag can't be used with --all-tags/-a")
            );
        }
        for name in client()?.tags(&asked)? {
            one(typed, images, &name)?;
        }
        return say::print(&format!("{}\n", asked.name()));
    }
    if !is_whole && !typed.quiet {
        say::print("Using default tag: latest\n")?;
    }
    let name = asked.or_latest();
    one(typed, images, &name)?;
    say::print(&format!("{name}\n"))
}

fn one(typed: &Pull, images: &Images, name: &Reference) -> Result<()> {
    if typed.quiet {
        return bring(images, name, &platform(typed.platform.as_deref())?, &Warnings).map(drop);
    }
    say::print(&begins(name))?;
    let pulled = with_progress(images, name, typed.platform.as_deref(), &|line| drop(say::print(line)))?;
    say::print(&ended(name, &pulled))
}

/// Tells as it goes: bars where somebody looks, else a line for each layer.
pub(crate) fn with_progress(
    images: &Images,
    name: &Reference,
    platform: Option<&str>,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Pulled> {
    let platform = self::platform(platform)?;
    match Bars::on_terminal() {
        Some(bars) => bring(images, name, &platform, &bars),
        None => bring(images, name, &platform, &Lines(tell)),
    }
}

fn bring(images: &Images, name: &Reference, platform: &Platform, progress: &dyn Progress) -> Result<Pulled> {
    let pulled = images.pull(&client()?, name, platform, progress)?;
    note(images, "pull", &name.familiar(), &name.familiar_name());
    Ok(pulled)
}

/// A client for all registries, as this machine and this user have them.
pub(crate) fn client() -> Result<Client> {
    let watch = |waiting: &Waiting| {
        let seconds = waiting.pause.as_secs_f32();
        say::note(&format!("{}; trying again in {seconds:.0} s", waiting.why.sentence()));
    };
    Ok(Client::new(Settings { watch: Some(Arc::new(watch)), ..Settings::of_this_machine()? }))
}

/// What docker says first.
pub(crate) fn begins(name: &Reference) -> String {
    let what = name.digest().map_or_else(|| name.tag().unwrap_or_default().to_string(), ToString::to_string);
    format!("{what}: Pulling from {}\n", name.path())
}

/// What docker says last.
pub(crate) fn ended(name: &Reference, pulled: &Pulled) -> String {
    let status = if pulled.up_to_date { "Image is up to date for" } else { "Downloaded newer image for" };
    format!("Digest: {}\nStatus: {status} {}\n", pulled.target, name.familiar())
}

/// A line for each layer.
struct Lines<'a>(&'a (dyn Fn(&str) + Sync));

impl Progress for Lines<'_> {
    fn on(&self, event: Event<'_>) {
        let (digest, said) = match event {
            Event::Here(digest) => (digest, "Already exists"),
            Event::Begins(digest, _) => (digest, "Pulling fs layer"),
            Event::Whole(digest) => (digest, "Download complete"),
            Event::Unpacked(digest) => (digest, "Pull complete"),
            Event::Skipped(digest, why) => (digest, why),
            Event::Lost(what) => return say::warn(what),
            Event::Came(..) => return,
        };
        (self.0)(&format!("{}: {said}\n", digest.short()));
    }
}
