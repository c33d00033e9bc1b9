//! From what was typed to an image.

use fault::{Fault, Kind, Result};
use oci::image::{Digest, Reference};

use crate::{Store, files};

/// An image that was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its id.
    pub id: Digest,
    /// The name by which it was found; none if it was by its id.
    pub name: Option<Reference>,
    /// What that name stands for: the digest of a manifest, or of an index.
    pub target: Option<Digest>,
}

impl Store {
    /// Finds an image by a name, an id or the beginning of an id, tried in Docker's order.
    ///
    /// # Errors
    /// `NotFound` in Docker's words, "No such image"; `Invalid` if several ids begin like that.
    pub fn find(&self, text: &str) -> Result<Found> {
        if let Some(id) = text.parse::<Digest>().ok().filter(|id| matches!(self.kept(id), Ok(Some(_)))) {
            return Ok(Found { id, name: None, target: None });
        }
        let name = text.parse::<Reference>();
        if let Ok(name) = &name
            && let Some(named) = self.name_or_answer(&name.clone().or_latest())?
        {
            let (name, target) = (Some(name.clone().or_latest()), Some(named.target));
            return Ok(Found { id: named.image, name, target });
        }
        if let Some(id) = self.by_beginning(text)? {
            return Ok(Found { id, name: None, target: None });
        }
        // A text that could be neither is told so; everything else is not there.
        let shown = name.map_or_else(|_| text.to_string(), |name| name.or_latest().familiar());
        Err(Fault::new(Kind::NotFound, format!("find image `{text}`"))
            .because(format!("No such image: {shown}"))
            .hint("`nagaya images` shows those that are here, `nagaya pull` brings others"))
    }

    fn by_beginning(&self, text: &str) -> Result<Option<Digest>> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.is_empty()
            || hex.len() > 64
            || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Ok(None);
        }
        let mut names = files::names_in(&self.at("kept/sha256"))?;
        names.retain(|name| name.starts_with(hex) && name.len() == 64);
        match &names[..] {
            [] => Ok(None),
            [one] => Ok(format!("sha256:{one}").parse().ok()),
            _ => Err(Fault::new(Kind::Invalid, format!("find image `{text}`"))
                .because(format!("multiple IDs found with provided prefix: {text}"))
                .hint("type more of it")),
        }
    }
}
