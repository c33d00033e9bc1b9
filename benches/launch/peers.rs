//! Who is measured, and how each is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use bench::Result;
use bench::programs::{self, in_path};

use crate::place::Place;

/// One way to start the bundle.
#[derive(Debug)]
pub(crate) struct Peer {
    /// As the tables call it.
    pub(crate) name: &'static str,
    program: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Has runc's command line.
    Runtime,
    Bubblewrap,
    Floor,
}

/// Those with runc's command line, by their names in the tables; ours first.
pub(crate) const RUNTIMES: [&str; 4] = ["nagaya", "crun", "runc", "youki"];

/// bubblewrap's words for the bundle: the same namespaces, and the mounts that it has words for. It has none for
/// cgroups, device rules, and most masked paths, so it does less than the others.
const BUBBLEWRAP: &str = "--unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup --as-pid-1 \
    --new-session --hostname runc --proc /proc --dev /dev --mqueue /dev/mqueue --ro-bind /sys /sys --chdir / \
    --cap-drop ALL --cap-add CAP_AUDIT_WRITE --cap-add CAP_KILL --cap-add CAP_NET_BIND_SERVICE -- /bin/true";

/// All peers that this host has, ours first, and a sentence for each that it lacks.
pub(crate) fn find(place: &Place) -> (Vec<Peer>, Vec<String>) {
    let (ours, runc) = (ours(), in_path("runc"));
    let spec = match runc.as_ref().or(ours.as_ref()) {
        Ok(runtime) => place.make_bundles(runtime),
        Err(why) => Err(why.clone()),
    };
    let runtime = |program: Result<PathBuf>| spec.clone().and(program);
    let all = [
        ("nagaya", Kind::Runtime, runtime(ours.clone())),
        ("crun", Kind::Runtime, runtime(in_path("crun"))),
        ("runc", Kind::Runtime, runtime(runc.clone())),
        ("youki", Kind::Runtime, runtime(youki())),
        ("bwrap", Kind::Bubblewrap, in_path("bwrap")),
        ("floor", Kind::Floor, place.make_floor()),
    ];
    let mut missing = Vec::new();
    let peers = all.into_iter().filter_map(|(name, kind, program)| match program {
        Ok(program) => Some(Peer { name, program, kind }),
        Err(why) => {
            missing.push(format!("without {name}: {why}"));
            None
        }
    });
    (peers.collect(), missing)
}

/// Our runtime: `NAGAYA_RUNTIME`, or as it was built.
fn ours() -> Result<PathBuf> {
    std::env::var_os("NAGAYA_RUNTIME")
        .map_or_else(|| programs::ours("nagaya-runtime"), |path| Ok(path.into()))
}

/// youki as `make bench` has built it, or as it is installed.
fn youki() -> Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/youki");
    if built.is_file() { Ok(built) } else { in_path("youki") }
}

impl Peer {
    /// Whether this is the one that the others are compared with.
    pub(crate) fn is_ours(&self) -> bool {
        self.name == "nagaya"
    }

    /// Whether it has `create`, `start` and `delete`.
    pub(crate) fn is_runtime(&self) -> bool {
        self.kind == Kind::Runtime
    }

    /// The command that starts a bundle's program and ends with it. Those without bundles have the plain one in words.
    pub(crate) fn run(&self, place: &Place, bundle: &str, id: &str) -> Command {
        let rootfs = place.at("rootfs");
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Runtime => return self.verb(place, "run", &["--bundle", &text(&place.at(bundle)), id]),
            Kind::Bubblewrap => {
                command.arg("--ro-bind").arg(rootfs).arg("/").args(BUBBLEWRAP.split_whitespace())
            }
            Kind::Floor => command.arg(rootfs).arg("/bin/true"),
        };
        command
    }

    /// Whether its `run` ends with the program. youki's waited for ever in two of its first rounds.
    pub(crate) fn waits(&self) -> bool {
        self.name != "youki"
    }

    /// The name of its container that sleeps.
    pub(crate) fn sleeper(&self) -> String {
        format!("{}-sleeps-{}", self.name, std::process::id())
    }

    /// The command that starts that one, and ends.
    pub(crate) fn sleep(&self, place: &Place) -> Command {
        let (bundle, pid) = (place.at(&format!("sleeping-{}", self.name)), place.at("pid"));
        let options = ["--bundle", &text(&bundle), "--detach", "--pid-file", &text(&pid), &self.sleeper()];
        self.verb(place, "run", &options)
    }

    /// A command of a runtime.
    pub(crate) fn verb(&self, place: &Place, verb: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(place.at(&format!("state-{}", self.name))).arg(verb).args(args);
        command
    }
}

/// A path of ours as text: we made it, so it is UTF-8.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}
