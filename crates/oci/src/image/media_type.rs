//! What a content is.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whose names a document uses. The documents of the two say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The OCI Image Specification.
    Oci,
    /// Docker's image manifest, version 2, schema 2.
    Docker,
}

/// How a layer's tar is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// It is not.
    None,
    /// gzip(1).
    Gzip,
    /// Zstandard.
    Zstd,
}

/// What a content is. The name decides what it is read as, never the content itself.
///
/// Sources: <https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md>,
/// <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// An image for one platform.
    Manifest(Family),
    /// A list of manifests; Docker's manifest list.
    Index(Family),
    /// An image's config.
    Config(Family),
    /// A layer.
    Layer(Family, Compression),
    /// A layer that registries may not give away, such as those of Windows: we do not fetch it.
    Foreign(Family, Compression),
    /// The two bytes `{}`: the config of an artifact that has none.
    Empty,
    /// Something else. Whoever needs to read it refuses it.
    Other(String),
}

use Compression::{Gzip, None as Plain, Zstd};
use Family::{Docker, Oci};

/// All that we know, and their names.
const KNOWN: [(MediaType, &str); 18] = [
    (MediaType::Manifest(Oci), "application/vnd.oci.image.manifest.v1+json"),
    (MediaType::Index(Oci), "application/vnd.oci.image.index.v1+json"),
    (MediaType::Config(Oci), "application/vnd.oci.image.config.v1+json"),
    (MediaType::Layer(Oci, Plain), "application/vnd.oci.image.layer.v1.tar"),
    (MediaType::Layer(Oci, Gzip), "application/vnd.oci.image.layer.v1.tar+gzip"),
    (MediaType::Layer(Oci, Zstd), "application/vnd.oci.image.layer.v1.tar+zstd"),
    (MediaType::Foreign(Oci, Plain), "application/vnd.oci.image.layer.nondistributable.v1.tar"),
    (MediaType::Foreign(Oci, Gzip), "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    (MediaType::Foreign(Oci, Zstd), "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"),
    (MediaType::Empty, "application/vnd.oci.empty.v1+json"),
    (MediaType::Manifest(Docker), "application/vnd.docker.distribution.manifest.v2+json"),
    (MediaType::Index(Docker), "application/vnd.docker.distribution.manifest.list.v2+json"),
    (MediaType::Config(Docker), "application/vnd.docker.container.image.v1+json"),
    (MediaType::Layer(Docker, Plain), "application/vnd.docker.image.rootfs.diff.tar"),
    (MediaType::Layer(Docker, Gzip), "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    (MediaType::Layer(Docker, Zstd), "application/vnd.docker.image.rootfs.diff.tar.zstd"),
    (MediaType::Foreign(Docker, Plain), "application/vnd.docker.image.rootfs.foreign.diff.tar"),
    (MediaType::Foreign(Docker, Gzip), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
];

impl MediaType {
    /// Of its name, to the letter.
    pub fn named(name: &str) -> MediaType {
        let known = KNOWN.iter().find(|(_, known)| *known == name);
        known.map_or_else(|| MediaType::Other(name.to_string()), |(media_type, _)| media_type.clone())
    }

    /// Of a `Content-Type`: letters of either case, and what follows a `;` is no part of the type.
    pub fn of_content_type(header: &str) -> MediaType {
        let name = header.split(';').next().unwrap_or_default();
        MediaType::named(&name.trim().to_ascii_lowercase())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        match self {
            MediaType::Other(name) => name,
            _ => KNOWN.iter().find(|(known, _)| known == self).map_or("", |(_, name)| name),
        }
    }

    /// All types of documents that a name may stand for in a registry, those we prefer first.
    pub fn documents() -> [MediaType; 4] {
        [
            MediaType::Index(Oci),
            MediaType::Manifest(Oci),
            MediaType::Index(Docker),
            MediaType::Manifest(Docker),
        ]
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<MediaType, D::Error> {
        String::deserialize(from).map(|name| MediaType::named(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_and_each_name_one() {
        for (media_type, name) in &KNOWN {
            assert_eq!((media_type.as_str(), &MediaType::named(name)), (*name, media_type));
        }
        // Docker has no foreign layers with Zstandard.
        assert_eq!(MediaType::Foreign(Docker, Zstd).as_str(), "");
        let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        assert_eq!(MediaType::named(schema_1), MediaType::Other(schema_1.into()));
    }

    #[test]
    fn a_header_may_have_parameters_and_capitals() {
        let header = "Application/vnd.oci.image.Index.v1+json ; charset=utf-8";
        assert_eq!(MediaType::of_content_type(header), MediaType::Index(Oci));
        assert_eq!(MediaType::of_content_type("text/html"), MediaType::Other("text/html".into()));
        assert_ne!(MediaType::named(header), MediaType::Index(Oci));
    }
}
