//! `push`.

use fault::{Fault, Kind, Result};
use images::Images;
use oci::image::{Digest, Reference};
use registry::Pushed;

use super::pull::client;
use crate::args::images::Push;
use crate::say;

pub(crate) fn run(typed: &Push, images: &Images) -> Result<()> {
    let asked: Reference = typed.name.parse()?;
    if typed.all_tags && asked.tag().is_some() {
        return Err(
            Fault::new(Kind::Invalid, "use `--all-tags`").because("tag can't be used with --all-tags/-a")
        );
    }
    let names = if typed.all_tags { tags_of(images, &asked)? } else { vec![asked.clone().or_latest()] };
    let client = client()?;
    if !typed.quiet {
        say::print(&format!("The push refers to repository [{}]\n", asked.name()))?;
    }
    for name in names {
        let told = |digest: &Digest, pushed: Pushed| {
            let said = match pushed {
                Pushed::Sent => "Pushed",
                Pushed::WasThere => "Layer already exists",
                Pushed::Mounted => "Mounted from another repository",
            };
            if !typed.quiet {
                let _ = say::print(&format!("{}: {said}\n", digest.short()));
            }
        };
        let pushed = images.push(&client, &name, &told)?;
        if typed.quiet {
            say::print(&format!("{name}\n"))?;
        } else {
            let tag = name.tag().unwrap_or_default();
            say::print(&format!("{tag}: digest: {} size: {}\n", pushed.digest, pushed.size))?;
        }
    }
    Ok(())
}

fn tags_of(images: &Images, name: &Reference) -> Result<Vec<Reference>> {
    let all = images.store().names()?.into_iter().map(|(name, _)| name);
    let tags: Vec<_> = all.filter(|one| one.name() == name.name() && one.tag().is_some()).collect();
    if tags.is_empty() {
        return Err(Fault::new(Kind::NotFound, format!("push `{}`", name.familiar_name()))
            .because(format!("An image does not exist locally with the tag: {}", name.familiar_name())));
    }
    Ok(tags)
}
