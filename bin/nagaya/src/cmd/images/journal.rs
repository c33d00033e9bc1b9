//! What happens to images is written down, as docker tells of it.

use std::collections::BTreeMap;

use container::{Event, Journal};
use images::{Images, Removed};

/// Something was done to an image.
pub(super) fn note(images: &Images, action: &str, id: &str, name: &str) {
    let attributes = BTreeMap::from([("name".to_string(), name.to_string())]);
    let event = Event { kind: "image", action: action.to_string(), id: id.to_string(), attributes };
    Journal::at(images.store().root()).note(&event);
}

/// Names and images were removed.
pub(super) fn note_removed(images: &Images, removed: &[Removed]) {
    for one in removed {
        match one {
            Removed::Untagged(name) => note(images, "untag", &name.familiar(), &name.familiar()),
            Removed::Deleted(id) => note(images, "delete", id.as_str(), id.as_str()),
        }
    }
}
