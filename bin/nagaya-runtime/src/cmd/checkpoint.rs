//! `checkpoint` and `restore`, which there are not: what a container is cannot be known from an archive of it, and
//! whoever wrote the archive would choose its mounts and devices (CVE-2026-119101 and its like).

use fault::{Fault, Kind};

/// Also what `--help` says: callers such as podman ask for it, and take its success for the ability.
pub(crate) fn not_supported(verb: &str) -> Fault {
    Fault::new(Kind::Unsupported, format!("{verb} a container"))
        .because("checkpoint and restore are not supported")
        .hint("stop the container, and start it again; runc and crun can checkpoint, with criu")
}

/// The verb is one of these.
pub(crate) fn is_one(verb: &str) -> bool {
    matches!(verb, "checkpoint" | "restore")
}
