//! Which runtime is tested, and what the kernel says about processes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The runtime under test.
pub fn runtime() -> &'static PathBuf {
    static RUNTIME: OnceLock<PathBuf> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let path = named().unwrap_or_else(built);
        assert!(path.is_file(), "no runtime at {}: `cargo build --release` makes one", path.display());
        path
    })
}

/// Ours, or someone else's whom we compare with.
pub fn is_nagaya() -> bool {
    runtime().file_name().is_some_and(|name| name.to_string_lossy().contains("nagaya"))
}

fn named() -> Option<PathBuf> {
    env::var_os("NAGAYA_RUNTIME").map(PathBuf::from)
}

/// Tests run from `target/<triple>/debug/deps`; the release build is two floors up and one down.
fn built() -> PathBuf {
    env::var_os("NAGAYA_BIN_DIR").map_or_else(release_folder, PathBuf::from).join("nagaya-runtime")
}

fn release_folder() -> PathBuf {
    let test = env::current_exe().expect("the name of this test");
    test.ancestors().nth(3).expect("target/<triple>").join("release")
}

/// Which namespace a process is in, as the kernel names it: `net:[4026531840]`.
pub fn namespace_of(pid: impl std::fmt::Display, kind: &str) -> String {
    let link = format!("/proc/{pid}/ns/{kind}");
    fs::read_link(&link).unwrap_or_else(|err| panic!("{link}: {err}")).display().to_string()
}

/// Whether there is such a process, zombies not counted.
pub fn process_exists(pid: i64) -> bool {
    status_letter(pid).is_some_and(|letter| letter != 'Z' && letter != 'X')
}

/// `R`, `S`, `Z` and so on: what follows the name in parentheses.
pub(crate) fn status_letter(pid: i64) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Compiles a C program, static so that it runs in any root folder.
#[track_caller]
pub fn compile_c(source: &str, program: &Path) {
    let file = program.with_extension("c");
    fs::write(&file, source).expect("the source");
    let built = Command::new("gcc").args(["-O1", "-static", "-o"]).arg(program).arg(&file).output();
    let built = built.expect("gcc: `make packages`");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::remove_file(file).expect("the source");
}
