//! Names of setrlimit(2)'s resources.

use serde::{Deserialize, Serialize};

/// A resource, by the kernel's number.
///
/// Source: `asm-generic/resource.h`; the architectures that number them differently are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource(pub u8);

const NAMES: [&str; 16] = [
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NPROC",
    "NOFILE",
    "MEMLOCK",
    "AS",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

impl Resource {
    /// The resource of this name: `RLIMIT_NOFILE`.
    pub(crate) fn named(name: &str) -> Option<Resource> {
        let name = name.strip_prefix("RLIMIT_")?;
        NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at).ok()).map(Resource)
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAMES.get(usize::from(self.0)).unwrap_or(&"?"))
    }
}
