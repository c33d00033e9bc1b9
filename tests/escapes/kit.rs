//! What these tests share: the probe, and old peers that fail where ours must not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lab::{Call, Container, Lab, Output};

/// How much longer than in CI the random tests run: `NAGAYA_ESCAPES=100` for a night.
pub(crate) fn longer(times: usize) -> usize {
    let factor = std::env::var("NAGAYA_ESCAPES").ok().and_then(|text| text.parse().ok());
    times * factor.unwrap_or(1)
}

/// The probe, compiled once.
pub(crate) fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (own, program) = (folder.join(format!("probe-{}", std::process::id())), folder.join("probe"));
        lab::compile_c(include_str!("probe.c"), &own);
        fs::rename(own, &program).expect("the probe");
        program
    })
}

/// Puts the probe into the root folder.
pub(crate) fn with_probe(web: Container<'_>) -> Container<'_> {
    fs::copy(probe(), web.rootfs().join("bin/probe")).expect("a copy of the probe");
    web
}

/// A runtime of before its bugs were found: what fails in it shows that a test can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// Debian's runc 1.1.5.
    Runc,
    /// Debian's crun 1.8.1, which does not start where it sees cgroup v2 beside v1: it is not shown.
    Crun,
}

impl Old {
    /// The runtime's calls, in a mount namespace where it can work.
    fn call(self, lab: &Lab, args: &[&str]) -> Call {
        let root = lab.state_folder().join("old");
        let script = match self {
            Old::Runc => "exec \"$@\"",
            Old::Crun => {
                "if mountpoint -q /sys/fs/cgroup/unified
                 then umount /sys/fs/cgroup/unified; mount -t tmpfs tmpfs /sys/fs/cgroup/unified; fi; exec \"$@\""
            }
        };
        let program = if self == Old::Runc { "runc" } else { "crun" };
        let call = lab.program(program).arg("--root").arg(root).args(args);
        call.under(["unshare", "--mount", "--propagation", "slave", "sh", "-c", script, "sh"])
    }

    /// `run`, by a wrapper if there is one; whatever is left is deleted.
    pub(crate) fn run(self, web: &Container<'_>, wrapper: &[&str]) -> Output {
        self.run_until(web, &[], wrapper, || ())
    }

    /// The same with more options, and something to look at before it is deleted.
    pub(crate) fn run_until(
        self,
        web: &Container<'_>,
        options: &[&str],
        wrapper: &[&str],
        look: impl FnOnce(),
    ) -> Output {
        web.save();
        let bundle = web.bundle().to_str().expect("a path of ours");
        let words = [&["run", "--bundle", bundle], options, &[web.id()]].concat();
        let call = self.call(web.lab(), &words);
        let call = if wrapper.is_empty() { call } else { call.under(wrapper) };
        let output = call.output();
        look();
        let _ = self.call(web.lab(), &["delete", "--force", web.id()]).output();
        let _ = fs::remove_dir_all(web.lab().state_folder().join("old"));
        output
    }
}

/// A path of ours as text.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a path of ours").to_string()
}

/// What the probe says, a line for each question: its first word, and the number behind it.
pub(crate) fn numbers(said: &str) -> Vec<(String, i64)> {
    let line = |line: &str| {
        let (name, number) = line.rsplit_once(' ')?;
        Some((name.to_string(), number.parse().ok()?))
    };
    said.lines().filter_map(line).collect()
}

/// The number behind a word.
#[track_caller]
pub(crate) fn number(said: &str, name: &str) -> i64 {
    let found = numbers(said).into_iter().find(|(word, _)| word == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {said:?}")).1
}
