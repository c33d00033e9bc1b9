//! `export`: the root of an image as one tar.

use std::io::Write;

use fault::{Doing, Result};

use crate::Images;
use crate::roots::merge;

impl Images {
    /// Writes all files of an image to a tar: the same image gives the same bytes.
    ///
    /// # Errors
    /// `NotFound`, "No such image"; before anything is written.
    pub fn export(&self, text: &str, output: impl Write) -> Result<()> {
        let (_, config, _lease) = self.use_image(text)?;
        let diff_ids = &config.rootfs.diff_ids;
        let tars = self.open_tars(diff_ids)?;
        let tree = merge(&tars, diff_ids)?;
        let mut output = snapshot::export::write(&tree, &tars, output)?;
        output.flush().doing(|| "write the archive")
    }
}
