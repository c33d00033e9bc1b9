//! What is kept of a container from when it is created until it is removed.
//!
//! ```text
//! ROOT/                    `--root`, `NAGAYA_ROOT`; else /var/lib/nagaya, or the user's own data folder
//! ├── containers/ID/       one folder for each container; ID has 64 hexadecimal digits
//! │   ├── container.json   what was asked for. Written when it is created, and when somebody changes it
//! │   ├── state.json       how its program is and was. Written by its monitor, or by who holds `lock`
//! │   ├── timeline.json    the steps of its last start, and the time of each
//! │   ├── stopped          there, if somebody wants it to stay stopped
//! │   ├── held             locked by who holds its processes still for a while
//! │   ├── lock             held by its monitor as long as that is there
//! │   ├── monitor          the socket that the monitor listens at
//! │   ├── stdout, stderr   pipes with names: they outlive the monitor
//! │   ├── container.log    what it printed; older parts have a number behind it
//! │   └── changes/         what it has changed of its image
//! ├── names/NAME           holds the id of the container that has the name
//! ├── ids/FIRST            holds the id of the container that has this range of users and groups: see `userns`
//! ├── containers/ID.gone/  one that is being removed
//! └── run/ID/              as long as its program runs: see `launch::Containers`
//! ```
//!
//! Whoever makes `names/NAME` has the name. A container without `container.json` was not finished; a name whose
//! container is not there is free. Each file is written under another name and renamed.

mod find;
mod folder;
mod ids;
mod leftovers;
mod names;
mod remove;
mod state;

pub use find::Records;
pub use folder::{Folder, Held as HeldStill, Lock};
pub use state::{HealthCheck, HealthState, Phase, State};

use std::collections::BTreeMap;

use oci::image::{Digest, Execution};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Request, Root};

/// A container, as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// RFC 3339, with nanoseconds.
    pub created: String,
    /// All that its config is made of.
    #[serde(serialize_with = "what_was_said")]
    pub request: Request,
}

/// What nobody has asked for need not be read again by each command: most of a request is as usual.
fn what_was_said<S: Serializer>(request: &Request, to: S) -> Result<S::Ok, S::Error> {
    let value = |request: &Request| serde_json::to_value(request).map_err(S::Error::custom);
    let (mut asked, usual) = (value(request)?, value(&Request::default())?);
    if let Some(asked) = asked.as_object_mut() {
        asked.retain(|name, value| usual.get(name) != Some(value));
    }
    asked.serialize(to)
}

impl Record {
    /// Digits of the id that people get to see.
    pub fn short(&self) -> &str {
        short(&self.id)
    }

    /// What people call its image.
    pub fn image(&self) -> &str {
        match &self.request.root {
            Root::Host => "host",
            Root::Folder(_) => "",
            Root::Image(image) => &image.name,
        }
    }

    /// All images that it needs, with the name under which it does: its id, with a number for those that are mounted.
    pub fn images(&self) -> Vec<(String, Digest)> {
        let mut images: Vec<_> =
            self.image_id().map(|image| (self.id.clone(), image.clone())).into_iter().collect();
        for mount in &self.request.mounts {
            if let crate::What::Image(crate::OfMounted { found: Some((image, _)), .. }) = &mount.what {
                images.push((format!("{}.{}", self.id, images.len() + 1), image.clone()));
            }
        }
        images
    }

    /// What it runs, with its arguments; nothing where that is said by what is not here.
    pub fn program(&self) -> Vec<String> {
        crate::process::args(&self.request, &self.execution()).unwrap_or_default()
    }

    /// What its root says of what runs in it.
    pub fn execution(&self) -> Execution {
        match &self.request.root {
            Root::Host => crate::image::shell_of_host(),
            Root::Folder(_) => crate::image::shell(),
            Root::Image(image) => image.execution.clone(),
        }
    }

    /// Variables that the image and whoever made it have set.
    pub fn environment(&self) -> Vec<String> {
        crate::environment::said(&self.execution().env, &self.request.env)
    }

    /// Its labels: the image's, and those that were given to it.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = match &self.request.root {
            Root::Image(image) => image.execution.labels.clone(),
            _ => BTreeMap::new(),
        };
        labels.extend(self.request.labels.clone());
        labels
    }

    /// Its image.
    pub fn image_id(&self) -> Option<&Digest> {
        match &self.request.root {
            Root::Image(image) => Some(&image.id),
            _ => None,
        }
    }
}

/// Digits of an id that people get to see.
pub fn short(id: &str) -> &str {
    id.get(..crate::config::SHORT_ID).unwrap_or(id)
}
