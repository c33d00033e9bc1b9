//! `commit`.

use std::path::Path;

use engine::Engine;
use fault::Result;
use images::{Committed, Images, change};

use crate::args::inside::Commit;
use crate::cmd::images::{as_owner, load::Warnings};
use crate::say;

pub(super) fn run(typed: &Commit, engine: &Engine, root: &Path) -> Result<u8> {
    let view = engine.find(&typed.name)?;
    let name = typed.image.as_deref().map(str::parse).transpose()?;
    let committing = engine.committing(&view)?;
    let mut execution = committing.execution.clone();
    typed.change.iter().try_for_each(|line| change(&mut execution, line))?;
    let about = Committed {
        execution,
        author: typed.author.clone(),
        comment: typed.message.clone(),
        created_by: committing.created_by.clone(),
        name,
    };
    let commit = || {
        let images = Images::open(root)?;
        let layer = |to: &mut dyn std::io::Write| {
            if typed.pause.unwrap_or(true) {
                engine.held(&view, || committing.layer(to))
            } else {
                committing.layer(to)
            }
        };
        let made = images.commit(&committing.image, layer, about, &Warnings)?;
        say::print(&format!("{}\n", made.id))
    };
    as_owner(commit).map(|()| 0)
}
