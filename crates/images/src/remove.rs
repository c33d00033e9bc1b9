//! `tag` and `rmi`: names given and taken, and images that nobody names any more.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use oci::image::{Digest, Reference};
use store::{Collected, Exclusive, Found, Image, Named, chain_id};

use crate::Images;

/// What `rmi` did, in the order in which it did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A name is gone.
    Untagged(Reference),
    /// An image, or the layers up to one: by its id, or by the digest of the layers together.
    Deleted(Digest),
}

/// How many images, and containers, have a layer with all that it lies on: what docker calls a layer, by its chain id.
type Chains = BTreeMap<Digest, usize>;

impl Images {
    /// Gives an image one more name.
    ///
    /// # Errors
    /// `NotFound`, "No such image"; `Invalid` if the name has a digest, which nobody can choose.
    pub fn tag(&self, image: &str, name: &Reference) -> Result<()> {
        if name.digest().is_some() {
            return Err(Fault::new(Kind::Invalid, format!("give the name `{name}`"))
                .because("refusing to create a tag with a digest reference"));
        }
        // Before it is found: somebody else may be about to remove it.
        let lock = self.store.exclusive()?;
        let found = self.store.find(image)?;
        let named = self.named(found, name)?;
        self.store.set_name(&name.clone().or_latest(), &named, &lock)?;
        self.store.write_index(&lock)
    }

    /// What one more name stands for. What a registry has answered to another is true of it in that repository only.
    fn named(&self, found: Found, new: &Reference) -> Result<Named> {
        if let (Some(old), Some(target)) = (&found.name, found.target) {
            let answered = self.store.name(old)?.is_none_or(|named| named.in_registry);
            let in_registry = answered && old.name() == new.name();
            return Ok(Named { image: found.id, target, in_registry });
        }
        let kept = self.store.image(&found.id)?.kept;
        let target = kept.index.unwrap_or(kept.manifest).digest;
        Ok(Named { image: found.id, target, in_registry: false })
    }

    /// Removes a name; with the last one, the image. By an id, the image with all its names. An image that a container
    /// uses loses its names if that is forced, and stays as long as the container `runs`.
    ///
    /// # Errors
    /// `NotFound`; `WrongState`, in Docker's words, if a container uses it, or if an id has several names and
    /// `force` was not asked for.
    pub fn remove(&self, text: &str, force: bool, runs: &dyn Fn(&str) -> bool) -> Result<Vec<Removed>> {
        let lock = self.store.exclusive()?;
        let found = self.store.find(text)?;
        let names: Vec<_> =
            self.store.names()?.into_iter().filter(|(_, named)| named.image == found.id).collect();
        let all = references(&names);
        let gone = found.name.as_ref().map_or_else(|| all.clone(), |name| with_digests(name, &all));
        let last = gone.len() == all.len();
        self.check_unused(text, &found, last, force)?;
        if found.name.is_none() && !force && all.len() > 1 && !is_single(&all) {
            return Err(conflict(
                text,
                &format!(
                    "unable to delete {} (must be forced) - image is referenced in multiple repositories",
                    found.id.short()
                ),
            ));
        }
        let stays = !last || self.is_at_work(&found.id, runs)?;
        // What can fail for other reasons than the disk's, before anything is gone.
        let mut chains = if stays { Chains::new() } else { self.chains()? };
        let mut removed = self.untag(&names, &gone, &lock)?;
        if stays {
            self.store.write_index(&lock)?;
        } else {
            removed.extend(self.forget(&found.id, &mut chains, &lock)?);
            self.collect(&lock)?;
        }
        Ok(removed)
    }

    /// Removes some of the references to an image that has these names.
    fn untag(
        &self,
        names: &[(Reference, Named)],
        gone: &[Reference],
        lock: &Exclusive,
    ) -> Result<Vec<Removed>> {
        let stays = |answer: &Reference| {
            names
                .iter()
                .any(|(name, named)| !gone.contains(name) && answer_to(name, named).as_ref() == Some(answer))
        };
        for (name, named) in names {
            let answer = answer_to(name, named).filter(|answer| answer != name);
            if !gone.contains(name) {
                if answer.is_some_and(|answer| gone.contains(&answer)) {
                    self.store.set_name(name, &Named { in_registry: false, ..named.clone() }, lock)?;
                }
                continue;
            }
            // Other tags of the repository keep what it has answered.
            if let Some(answer) = answer.filter(|answer| !gone.contains(answer) && !stays(answer)) {
                self.store.set_name(&answer, named, lock)?;
            }
            self.store.remove_name(name, lock)?;
        }
        Ok(gone.iter().cloned().map(Removed::Untagged).collect())
    }

    /// A container that runs uses it.
    fn is_at_work(&self, id: &Digest, runs: &dyn Fn(&str) -> bool) -> Result<bool> {
        let uses = self.store.uses()?;
        // Behind a dot is a number, of images that are mounted.
        let container = |user: &str| user.split('.').next().is_some_and(runs);
        Ok(uses.iter().any(|(user, image)| image == id && container(user)))
    }

    /// Removes what nobody needs any more, after the index has ceased to speak of it. On a full disk there may be no
    /// room for another index before that.
    fn collect(&self, lock: &Exclusive) -> Result<Collected> {
        let written = self.store.write_index(lock);
        let collected = self.store.collect(lock)?;
        written.or_else(|_| self.store.write_index(lock))?;
        Ok(collected)
    }

    /// Keeps an image no more; tells of its id, and of layers that no other image has.
    fn forget(&self, id: &Digest, chains: &mut Chains, lock: &Exclusive) -> Result<Vec<Removed>> {
        let mut removed = vec![Removed::Deleted(id.clone())];
        for chain in self.chains_of(id).into_iter().rev() {
            let others = chains.get(&chain).map_or(0, |images| images - 1);
            if others == 0 {
                removed.push(Removed::Deleted(chain.clone()));
            }
            chains.insert(chain, others);
        }
        self.store.forget(id, lock)?;
        Ok(removed)
    }

    fn chains(&self) -> Result<Chains> {
        let mut chains = Chains::new();
        let of_images = self.store.ids()?.into_iter().flat_map(|id| self.chains_of(&id));
        let of_containers = self.store.used_images()?.into_iter().flat_map(|image| chains_of(&image));
        for chain in of_images.chain(of_containers) {
            *chains.entry(chain).or_default() += 1;
        }
        Ok(chains)
    }

    fn chains_of(&self, id: &Digest) -> Vec<Digest> {
        self.store.image(id).map(|image| chains_of(&image)).unwrap_or_default()
    }

    fn check_unused(&self, text: &str, found: &Found, last: bool, force: bool) -> Result<()> {
        if !last || (force && found.name.is_some()) {
            return Ok(());
        }
        let uses = self.store.uses()?;
        let Some((container, _)) = uses.iter().find(|(_, image)| *image == found.id) else { return Ok(()) };
        let (container, id) = (&container[..12.min(container.len())], found.id.short());
        let cause = if found.name.is_some() {
            format!(
                "unable to remove repository reference \"{text}\" (must force) - container {container} is using its \
                 referenced image {id}"
            )
        } else {
            format!("unable to delete {id} (cannot be forced) - image is being used by container {container}")
        };
        Err(conflict(text, &cause))
    }

    /// Removes images without a name, or all that no container uses; `keep` says which stay all the same.
    pub fn prune(&self, all: bool, keep: &dyn Fn(&crate::Listed) -> bool) -> Result<(Vec<Removed>, u64)> {
        let lock = self.store.exclusive()?;
        let used: Vec<_> = self.store.uses()?.into_iter().map(|(_, image)| image).collect();
        let (mut removed, mut chains) = (Vec::new(), self.chains()?);
        for listed in self.list()? {
            let named = !listed.tags.is_empty();
            if used.contains(&listed.image.id) || (named && !all) || keep(&listed) {
                continue;
            }
            let mut names = self.store.names()?;
            names.retain(|(_, named)| named.image == listed.image.id);
            removed.extend(self.untag(&names, &references(&names), &lock)?);
            removed.extend(self.forget(&listed.image.id, &mut chains, &lock)?);
        }
        let Collected { bytes, .. } = self.collect(&lock)?;
        Ok((removed, bytes))
    }
}

/// An image's layers up to each one.
fn chains_of(image: &Image) -> Vec<Digest> {
    let diff_ids = image.diff_ids();
    (1..=diff_ids.len()).filter_map(|count| chain_id(&diff_ids[..count])).collect()
}

/// What docker calls references to an image, in its order: names, and what registries have answered to them.
fn references(names: &[(Reference, Named)]) -> Vec<Reference> {
    let answers = names.iter().filter_map(|(name, named)| answer_to(name, named));
    let mut all: Vec<_> = names.iter().map(|(name, _)| name.clone()).chain(answers).collect();
    all.sort_by_cached_key(ToString::to_string);
    all.dedup();
    all
}

/// A name by digest is what it says itself.
pub(crate) fn answer_to(name: &Reference, named: &Named) -> Option<Reference> {
    match name.digest() {
        Some(_) => Some(name.clone()),
        None => named.in_registry.then(|| name.repository().with_digest(named.target.clone())),
    }
}

/// With the last tag of a repository, its digests go.
fn with_digests(name: &Reference, all: &[Reference]) -> Vec<Reference> {
    let others = all.iter().filter(|other| *other != name && other.name() == name.name());
    let has_tags = others.clone().any(|other| other.digest().is_none());
    let go = others.filter(|_| name.digest().is_none() && !has_tags);
    std::iter::once(name).chain(go).cloned().collect()
}

/// One tag at most, and digests of its repository only.
fn is_single(all: &[Reference]) -> bool {
    let tags = all.iter().filter(|name| name.digest().is_none()).count();
    tags <= 1 && all.iter().all(|name| name.name() == all[0].name())
}

fn conflict(text: &str, cause: &str) -> Fault {
    Fault::new(Kind::WrongState, format!("remove image `{text}`"))
        .because(format!("conflict: {cause}"))
        .hint("`nagaya rmi -f` removes it all the same, where that can be")
}
