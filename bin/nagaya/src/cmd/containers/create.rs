//! `create`: a container that is not started.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use container::Record;
use engine::{Create, Engine};
use fault::{Doing, Fault, Kind, Result};
use images::Lease;

use super::request::request;
use crate::args::run::{self, Options};
use crate::cmd::{FAILED, Failed};
use crate::say;

pub(super) fn run(typed: run::Create, engine: &Engine, root: &Path) -> std::result::Result<u8, Failed> {
    let create = || {
        let (create, cidfile, _leases) = prepare(typed.options, typed.words, engine, root)?;
        say::warnings(&create.prepared.warnings);
        let record = self::create(create, cidfile, engine)?;
        say::print(&format!("{}\n", record.id)).map(|()| 0)
    };
    create().map_err(|fault| Failed { fault, code: FAILED })
}

/// A file that is to hold the container's id.
#[derive(Debug)]
pub(super) struct Cidfile {
    path: PathBuf,
    file: File,
    written: bool,
}

/// Everything that can be refused is refused before anything is made. Images stay here as long as the leases do.
pub(super) fn prepare(
    typed: Options,
    words: Vec<String>,
    engine: &Engine,
    root: &Path,
) -> Result<(Create, Option<Cidfile>, Vec<Lease>)> {
    let cidfile = typed.cidfile.clone();
    let replace = typed.replace;
    let (request, leases) = request(typed, words, root)?;
    if replace {
        make_room(request.name.as_deref(), engine)?;
    }
    let create = engine.prepare(request)?;
    engine.missing_volumes(&create.request)?;
    create.prepared.plan()?;
    let cidfile = cidfile.map(Cidfile::new).transpose()?;
    Ok((create, cidfile, leases))
}

/// Removes the container that has the name.
fn make_room(name: Option<&str>, engine: &Engine) -> Result<()> {
    let name =
        name.ok_or_else(|| Fault::invalid("--replace", "cannot replace container without --name being set"))?;
    match engine.find(name) {
        Ok(view) if view.record.name == name => engine.remove(&view, true, false),
        Err(fault) if fault.kind() != Kind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

/// Makes it.
pub(super) fn create(create: Create, cidfile: Option<Cidfile>, engine: &Engine) -> Result<Record> {
    for made in engine.make_volumes(&create.request)? {
        say::note(&format!("`{}` was not there: made it, as a folder", made.display()));
    }
    let record = engine.create(create)?;
    cidfile.map_or(Ok(()), |file| file.write(&record.id))?;
    Ok(record)
}

impl Cidfile {
    fn new(path: PathBuf) -> Result<Cidfile> {
        let doing = || format!("make `{}` for --cidfile", path.display());
        let file =
            OpenOptions::new().create_new(true).write(true).open(&path).doing(doing).map_err(|fault| {
                match fault.kind() {
                    Kind::Exists => Fault::new(Kind::Exists, doing()).because(
                        "container ID file found, make sure the other container isn't running or delete it",
                    ),
                    _ => fault,
                }
            })?;
        Ok(Cidfile { path, file, written: false })
    }

    fn write(mut self, id: &str) -> Result<()> {
        self.file.write_all(id.as_bytes()).doing(|| format!("write `{}`", self.path.display()))?;
        self.written = true;
        Ok(())
    }
}

impl Drop for Cidfile {
    /// Without a container there is no file.
    fn drop(&mut self) {
        if !self.written {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
