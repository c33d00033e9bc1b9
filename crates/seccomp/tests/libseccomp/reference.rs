//! libseccomp: a C program is compiled with it, and told a profile line by line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use oci::seccomp::{Action, Operator, Seccomp, Syscalls};

use crate::machine::Program;

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libseccomp-reference");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libseccomp/reference.c");
        let built = Command::new("gcc").arg(source).arg("-o").arg(&path).arg("-lseccomp").status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "it needs gcc and libseccomp-dev: `make packages`"
        );
        path
    })
}

/// What libseccomp makes of a profile.
pub(crate) fn compile(profile: &Seccomp) -> Program {
    let mut text = format!("default {}\n", value(profile.default_action, profile.default_errno_ret));
    for arch in &profile.architectures {
        let name = arch.strip_prefix("SCMP_ARCH_").expect("a name of the specification").to_lowercase();
        let _ = writeln!(text, "arch {name}");
    }
    let default = value(profile.default_action, profile.default_errno_ret);
    for group in profile.syscalls.iter().filter(|group| value(group.action, group.errno_ret) != default) {
        for name in &group.names {
            for args in alternatives(group) {
                let _ = writeln!(text, "rule {} {name}{args}", value(group.action, group.errno_ret));
            }
        }
    }
    let mut child =
        Command::new(program()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}: {text}", output.status);
    Program::from_bytes(&output.stdout)
}

/// Two conditions about one argument are two rules, as runc and crun have it: libseccomp refuses them in one.
fn alternatives(group: &Syscalls) -> Vec<String> {
    let texts: Vec<String> = group
        .args
        .iter()
        .map(|arg| format!(" {} {} {} {}", arg.index, name(arg.operator), arg.value, arg.value_two))
        .collect();
    let mut indexes: Vec<u32> = group.args.iter().map(|arg| arg.index).collect();
    indexes.sort_unstable();
    let before = indexes.len();
    indexes.dedup();
    if indexes.len() < before { texts } else { vec![texts.concat()] }
}

fn name(operator: Operator) -> &'static str {
    match operator {
        Operator::NotEqual => "NE",
        Operator::Less => "LT",
        Operator::LessEqual => "LE",
        Operator::Equal => "EQ",
        Operator::GreaterEqual => "GE",
        Operator::Greater => "GT",
        Operator::MaskedEqual => "MASKED_EQ",
    }
}

/// libseccomp's own number for an action. Source: seccomp.h.
pub(crate) fn value(action: Action, number: Option<u32>) -> u32 {
    let number = number.unwrap_or(1);
    match action {
        Action::Kill | Action::KillThread => 0,
        Action::KillProcess => 0x8000_0000,
        Action::Trap => 0x0003_0000,
        Action::Errno => 0x0005_0000 | number,
        Action::Notify => 0x7fc0_0000,
        Action::Trace => 0x7ff0_0000 | number,
        Action::Log => 0x7ffc_0000,
        Action::Allow => 0x7fff_0000,
    }
}

/// The largest number of each architecture that a profile names: by libseccomp's own tables.
pub(crate) fn newest(profile: &Seccomp) -> Vec<(u32, u32, u32)> {
    // With a profile of the same names that allows all of them, what libseccomp allows is what is named.
    let all = Seccomp {
        default_action: Action::KillProcess,
        syscalls: profile
            .syscalls
            .iter()
            .map(|group| Syscalls {
                action: Action::Allow,
                errno_ret: None,
                args: Vec::new(),
                ..group.clone()
            })
            .collect(),
        ..profile.clone()
    };
    let named = compile(&all);
    let last = |arch: u32, bit: u32| {
        let is_named = |number: &u32| {
            let call = crate::machine::Call { number: number | bit, arch, args: [0; 6] };
            named.run(&call) == 0x7fff_0000
        };
        (0..crate::MOST).rev().find(is_named).map(|number| (arch, bit, number))
    };
    [(0xc000_003e, 0), (0x4000_0003, 0), (0xc000_003e, crate::X32_BIT)]
        .into_iter()
        .filter_map(|(arch, bit)| last(arch, bit))
        .collect()
}
