//! From a layer's blob, wherever it is, to its tar. Both are checked against their digests.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use fault::{Doing, Fault, Kind, Result};
use hash::Hasher;
use oci::image::{Compression, Digest, Layer};
use snapshot::expand::{Expanded, expand};
use store::{Flow, Folder, Ready, Staged, Store};

use crate::incoming::Source;
use crate::landing::Landing;
use crate::progress::{Event, Progress};

/// The name of the tar in the folder of a layer.
pub(crate) const TAR: &str = "tar";

/// Brings one layer here, unless it is: its blob, and the folder with its tar.
pub(crate) fn bring(landing: &Landing, layer: &Layer, source: &dyn Source) -> Result<()> {
    let (store, progress) = (landing.store, landing.progress);
    // Who waited for somebody else to bring it finds it.
    let claim = landing.claim(layer.diff_id.hex())?;
    let blob = &layer.blob.digest;
    let folder = Folder::Layer(&layer.diff_id);
    let ready = match (store.has_blob(blob), store.folder(folder).is_some()) {
        (true, true) => {
            progress.on(Event::Here(blob));
            return Ok(());
        }
        (true, false) if layer.compression == Compression::None => {
            vec![link(store, layer, &store.blob_path(blob))?]
        }
        (true, false) => {
            let staged = store.stage_folder()?;
            let expanded = unpack(store, layer, store.blob(blob)?, &staged)?;
            check_sent(layer, &expanded)?;
            vec![folder_of(store, layer, staged, &expanded)?]
        }
        (false, _) => fetch(store, layer, source, progress)?,
    };
    landing.add(blob, layer.blob.size, ready, Some(claim))
}

/// A tar that was sent as it is needs no second copy.
fn link(store: &Store, layer: &Layer, from: &Path) -> Result<Ready> {
    let (blob, diff_id) = (&layer.blob.digest, &layer.diff_id);
    if blob.algorithm() == diff_id.algorithm() && blob != diff_id {
        return Err(wrong(layer, &format!("its digest is `{blob}`")));
    }
    let staged = store.stage_folder()?;
    let tar = staged.path().join(TAR);
    fs::hard_link(from, &tar).doing(|| format!("link `{}`", tar.display()))?;
    store.ready_folder(staged, Folder::Layer(diff_id), &[(TAR, diff_id.clone())])
}

/// It is kept, hashed, decompressed and hashed again while it comes.
fn fetch(store: &Store, layer: &Layer, source: &dyn Source, progress: &dyn Progress) -> Result<Vec<Ready>> {
    let blob = &layer.blob;
    progress.on(Event::Begins(&blob.digest, blob.size));
    let kept = store.stage_file()?;
    let plain = layer.compression == Compression::None;
    let doing = || format!("bring layer `{}`", blob.digest);
    let coming = source.open(blob).map_err(|fault| fault.during(doing()))?;
    let mut input = Coming {
        from: coming.take(blob.size + 1),
        // A tar stays in memory: soon it is looked through. Of one that is compressed nobody reads the blob.
        to: if plain { Flow::new(kept.handle()) } else { Flow::away(kept.handle()) },
        // The usual digest is taken while it is decompressed.
        hasher: (!is_sha256(&blob.digest)).then(|| Hasher::like(&blob.digest)),
        told: &|bytes| progress.on(Event::Came(&blob.digest, bytes)),
        failed: None,
    };
    if plain {
        let copied = copy(&mut input, &blob.digest).doing(doing);
        let (came, digest) = copied.map_err(|fault| input.failed.take().unwrap_or(fault))?;
        check_blob(layer, came, &digest)?;
        progress.on(Event::Whole(&blob.digest));
        let missing = store.folder(Folder::Layer(&layer.diff_id)).is_none();
        let folder = missing.then(|| link(store, layer, kept.path())).transpose()?;
        return Ok([store.ready_blob(kept, &blob.digest)].into_iter().chain(folder).collect());
    }
    let staged = store.stage_folder()?;
    let expanded = unpack(store, layer, &mut input, &staged);
    // What its source says is closer to the cause than what the broken stream looks like.
    let expanded = expanded.map_err(|fault| input.failed.take().unwrap_or(fault))?;
    match input.hasher {
        Some(hasher) => check_blob(layer, expanded.sent.bytes, &hasher.finish())?,
        None => check_sent(layer, &expanded)?,
    }
    progress.on(Event::Whole(&blob.digest));
    let folder = folder_of(store, layer, staged, &expanded)?;
    Ok(vec![store.ready_blob(kept, &blob.digest), folder])
}

fn unpack(store: &Store, layer: &Layer, input: impl Read, staged: &Staged) -> Result<Expanded> {
    let doing = || format!("unpack layer `{}`", layer.blob.digest);
    let path = staged.path().join(TAR);
    let tar = File::create_new(&path).doing(|| format!("make `{}`", path.display()))?;
    expand(input, Some(layer.compression), free(store)?, &mut Flow::new(&tar))
        .map_err(|fault| fault.during(doing()))
}

fn folder_of(store: &Store, layer: &Layer, staged: Staged, expanded: &Expanded) -> Result<Ready> {
    let tar = expanded.tar.digest.clone();
    let diff_id = &layer.diff_id;
    if is_sha256(diff_id) && tar != *diff_id {
        return Err(wrong(layer, &format!("its digest is `{tar}`")));
    }
    store.ready_folder(staged, Folder::Layer(diff_id), &[(TAR, tar)])
}

/// Bytes that can still be written where everything is kept.
pub(crate) fn free(store: &Store) -> Result<u64> {
    let doing = || format!("look how much room `{}` has", store.root().display());
    let stat = rustix::fs::statvfs(store.root()).doing(doing)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn check_sent(layer: &Layer, expanded: &Expanded) -> Result<()> {
    if is_sha256(&layer.blob.digest) {
        check_blob(layer, expanded.sent.bytes, &expanded.sent.digest)?;
    }
    Ok(())
}

fn check_blob(layer: &Layer, bytes: u64, digest: &Digest) -> Result<()> {
    let blob = &layer.blob;
    let cause = if bytes != blob.size {
        format!(
            "expected {} bytes, got {}",
            blob.size,
            if bytes > blob.size { "more".into() } else { bytes.to_string() }
        )
    } else if *digest != blob.digest {
        format!("its digest is `{digest}`")
    } else {
        return Ok(());
    };
    Err(Fault::new(Kind::Invalid, format!("keep layer `{}`", blob.digest)).because(cause))
}

fn wrong(layer: &Layer, cause: &str) -> Fault {
    Fault::new(Kind::Invalid, format!("use layer `{}`", layer.blob.digest))
        .because(format!("unpacked, it must be `{}`: {cause}", layer.diff_id))
        .hint("the image's config and its layers do not belong together")
}

fn is_sha256(digest: &Digest) -> bool {
    digest.as_str().starts_with("sha256:")
}

/// Bytes on their way in: whoever reads them also writes them down.
struct Coming<'a, R> {
    from: R,
    to: Flow<'a>,
    hasher: Option<Hasher>,
    told: &'a dyn Fn(u64),
    /// Why the source has ended early, in its own words.
    failed: Option<Fault>,
}

impl<R: Read> Read for Coming<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.from.read(buffer) {
            Err(err) if err.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Fault>) => {
                let kind = err.kind();
                self.failed = Some(registry::fault_of(&err, "fetch it"));
                return Err(kind.into());
            }
            read => read?,
        };
        self.to.write_all(&buffer[..read])?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        (self.told)(read as u64);
        Ok(read)
    }
}

/// Reads all of it, and takes its digest.
fn copy(input: &mut Coming<impl Read>, like: &Digest) -> io::Result<(u64, Digest)> {
    input.hasher = Some(Hasher::like(like));
    let mut piece = vec![0; 256 << 10];
    let mut came = 0;
    loop {
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => came += read as u64,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    let digest = input.hasher.take().map_or_else(|| Hasher::like(like).finish(), Hasher::finish);
    Ok((came, digest))
}
