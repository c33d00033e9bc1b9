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
        if let Some(old) = &found.name
            && let Some(named) = self.store.name(old)?
        {
            let in_registry = named.in_registry && old.name() == new.name();
            return Ok(Named { in_registry, ..named });
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
        let tagged: Vec<_> = names.iter().map(|(name, _)| name.clone()).collect();
        let gone = match &found.name {
            Some(name) => vec![name.clone()],
            None => tagged.clone(),
        };
        let last = gone.len() == tagged.len() || only_digests(&tagged, &gone);
        self.check_unused(text, &found, last, force)?;
        if found.name.is_none() && !force && repositories(&tagged) > 1 {
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
        let mut removed = Vec::new();
        for (name, named) in &names {
            if last || gone.contains(name) {
                self.store.remove_name(name, &lock)?;
                removed.push(Removed::Untagged(name.clone()));
                if last && named.in_registry && name.digest().is_none() {
                    removed.push(Removed::Untagged(name.repository().with_digest(named.target.clone())));
                }
            }
        }
        if stays {
            self.store.write_index(&lock)?;
        } else {
            removed.extend(self.forget(&found.id, &mut chains, &lock)?);
            self.collect(&lock)?;
        }
        Ok(removed)
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
            for (name, named) in self.store.names()? {
                if named.image == listed.image.id {
                    self.store.remove_name(&name, &lock)?;
                    removed.push(Removed::Untagged(name));
                }
            }
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

/// Those that stay are names by digest, which nobody has given.
fn only_digests(all: &[Reference], gone: &[Reference]) -> bool {
    all.iter().all(|name| gone.contains(name) || name.digest().is_some())
}

fn repositories(names: &[Reference]) -> usize {
    let mut all: Vec<_> = names.iter().map(Reference::name).collect();
    all.sort();
    all.dedup();
    all.len()
}

fn conflict(text: &str, cause: &str) -> Fault {
    Fault::new(Kind::WrongState, format!("remove image `{text}`"))
        .because(format!("conflict: {cause}"))
        .hint("`nagaya rmi -f` removes it all the same, where that can be")
}
