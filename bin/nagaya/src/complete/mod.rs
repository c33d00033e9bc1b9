//! Completion of what is typed: commands, options, and names of containers, images, networks and volumes.
//!
//! ```text
//! nagaya completion SHELL           a script of a few lines                         scripts/
//! nagaya --complete WORD...         what the last word may become, one on a line    walk.rs, names.rs
//! ```
//!
//! Nothing is made or changed, and no record of a container is read. Shells get names of harmless letters only, so that
//! nothing of a name is ever executed, whoever has put it there.

mod names;
mod walk;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::CommandFactory;
use fault::Result;

use crate::args::Cli;
use crate::args::glass::Shell;
use crate::say;

/// The first word of a question.
pub(crate) const WORD: &str = "--complete";
/// The exit code for: what comes here is no word of ours, but maybe a file.
const A_FILE: u8 = 3;

/// The script for a shell, which asks by [`WORD`].
pub(crate) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("scripts/nagaya.bash"),
        Shell::Zsh => include_str!("scripts/nagaya.zsh"),
        Shell::Fish => include_str!("scripts/nagaya.fish"),
    }
}

/// Prints what the last of `words` may become: a word, and behind a tab what it means.
pub(crate) fn run(words: &[OsString]) -> Result<u8> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let root = walk::root(&words).map_or_else(container::default_root, PathBuf::from);
    let Some(found) = walk::candidates(&Cli::command(), &words, &|kind| names::of(kind, &root)) else {
        return Ok(A_FILE);
    };
    let mut text = String::new();
    for (word, help) in found {
        let _ = writeln!(text, "{word}\t{help}");
    }
    say::print(&text).map(|()| 0)
}
