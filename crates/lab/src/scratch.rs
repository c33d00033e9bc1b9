//! A folder for one thing of a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder below `/tmp` that goes when it is dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new one; `what` becomes part of its name.
    pub fn new(what: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("lab-{what}-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("a folder of its own");
        Scratch { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
