//! Our programs against libseccomp's, for every system call of every architecture and at the edges of every
//! argument that a profile speaks of. Both are run by an interpreter of the kernel's packet filter.

mod machine;
mod model;
mod profiles;
mod reference;

use oci::seccomp::Seccomp;
use seccomp::{Arch, Filter};

use machine::{Call, Program};

/// Numbers beyond those that any architecture has, so that what comes after the last one is seen as well.
const MOST: u32 = 700;

const X32_BIT: u32 = 0x4000_0000;

fn ours(profile: &Seccomp) -> Filter {
    seccomp::compile(profile, Arch::X86_64).expect("it compiles").0.expect("a filter")
}

/// Every number of every architecture, and for each the arguments that are looked at: all edges of the values
/// that the profile names, on each argument that it names.
fn calls(profile: &Seccomp) -> Vec<Call> {
    let conditions = || profile.syscalls.iter().flat_map(|group| &group.args);
    let mut values = vec![0, 1, u64::from(u32::MAX), 1 << 32, u64::MAX];
    for one in conditions() {
        for value in [one.value, one.value_two] {
            let high = 1 << 32;
            values.extend([
                value,
                value.wrapping_sub(1),
                value.wrapping_add(1),
                value ^ high,
                value | high,
                !value,
            ]);
        }
    }
    values.sort_unstable();
    values.dedup();
    let mut arguments = vec![[0; 6]];
    let mut indexes: Vec<usize> = conditions().map(|one| one.index as usize).collect();
    indexes.sort_unstable();
    indexes.dedup();
    for index in &indexes {
        let with = |value: &u64| {
            let mut all = [0; 6];
            all[*index] = *value;
            all
        };
        arguments.extend(values.iter().map(with));
    }
    // And pairs of them, for conditions that must hold together.
    if let [first, second, ..] = indexes[..] {
        for a in &values {
            for b in &values {
                let mut all = [0; 6];
                (all[first], all[second]) = (*a, *b);
                arguments.push(all);
            }
        }
    }
    let numbers =
        (0..MOST).chain([u32::MAX, u32::MAX - 1, X32_BIT - 1]).chain((0..MOST).map(|n| n | X32_BIT));
    let archs = [Arch::X86_64.audit(), Arch::X86.audit(), Arch::Aarch64.audit(), 0];
    let each = |number: u32| {
        let arguments = &arguments;
        archs.iter().flat_map(move |arch| {
            arguments.iter().map(move |args| Call { number, arch: *arch, args: narrow(*arch, *args) })
        })
    };
    numbers.flat_map(each).collect()
}

/// Calls of 32 bits have arguments of 32 bits.
fn narrow(arch: u32, args: [u64; 6]) -> [u64; 6] {
    if arch == Arch::X86.audit() { args.map(|arg| arg & 0xffff_ffff) } else { args }
}

/// Differences that are meant: what is newer than the profile is unknown to us and forbidden by libseccomp; runc
/// patches that into libseccomp's programs as well.
fn compare(profile: &Seccomp) -> usize {
    let (ours, theirs) = (Program::from(&ours(profile)), reference::compile(profile));
    let newest = reference::newest(profile);
    let calls = calls(profile);
    let mut unknown = 0;
    for call in &calls {
        let (got, wanted) = (ours.run(call), theirs.run(call));
        if got == wanted {
            continue;
        }
        let is_newer = newest.iter().any(|(arch, bit, number)| {
            let x32 = if *arch == Arch::X86.audit() { 0 } else { X32_BIT };
            *arch == call.arch && call.number & x32 == *bit && (call.number & !x32) > *number
        });
        assert!(
            got == 0x0005_0026 && is_newer,
            "{profile:#?}\n{call:x?}: ours {got:#x}, libseccomp {wanted:#x}"
        );
        unknown += 1;
    }
    assert!(calls.len() > 5000, "{} calls are too few to prove anything", calls.len());
    unknown
}

#[test]
fn the_profile_of_docker_and_podman() {
    let profile = profiles::of_podman();
    assert!(profile.syscalls.iter().map(|group| group.names.len()).sum::<usize>() > 300);
    assert_eq!(compare(&profile), 0, "its default says already that there is no such call");
    let forbids = Seccomp { default_errno_ret: None, ..profile.clone() };
    assert!(compare(&forbids) > 0, "nothing was newer than the profile");
    let (ours, theirs) = (ours(&profile).instructions().len(), reference::compile(&profile).len());
    assert!(ours < theirs, "{ours} instructions, and libseccomp needs {theirs}");
}

#[test]
fn each_operator_on_each_argument_at_its_edges() {
    for profile in profiles::operators() {
        compare(&profile);
    }
}

#[test]
fn random_profiles() {
    for seed in 0..12 {
        compare(&profiles::random(seed, 1));
    }
}

/// Several rules for one call: libseccomp 2.5 loses some of them where values of 64 bits overlap (`arg0 < 1 << 32` beside
/// `arg0 <= 255`), so the words of the specification are what ours is compared with.
#[test]
fn random_profiles_with_several_rules_for_a_call() {
    let mut hit = 0;
    for seed in 0..12 {
        let profile = profiles::random(seed, 3);
        let program = Program::from(&ours(&profile));
        for call in
            calls(&profile).iter().filter(|call| call.arch == Arch::X86_64.audit() && call.number < 400)
        {
            let Some(wanted) = model::verdict(&profile, call) else { continue };
            assert_eq!(program.run(call), wanted, "{profile:#?}\n{call:x?}");
            hit += 1;
        }
    }
    assert!(hit > 3_000, "{hit}");
}

#[test]
fn each_architecture_alone_and_all_together() {
    for archs in
        [vec![], vec!["SCMP_ARCH_X86"], vec!["SCMP_ARCH_X32"], vec!["SCMP_ARCH_X86", "SCMP_ARCH_X32"]]
    {
        let mut profile = profiles::of_podman();
        profile.architectures = archs.into_iter().map(String::from).collect();
        compare(&profile);
    }
}

/// On 32-bit x86 `socket` is also `socketcall(1, …)`, and `shmget` is `ipc(23, …)`.
#[test]
fn there_is_no_second_door_on_32_bits() {
    for (default, action) in [("ALLOW", "ERRNO"), ("ERRNO", "ALLOW")] {
        let profile =
            profiles::about(default, action, &["socket", "connect", "sendmmsg", "shmget", "semop", "getpid"]);
        let (ours, theirs) = (Program::from(&ours(&profile)), reference::compile(&profile));
        let says = |program: &Program, number, first| {
            program.run(&Call { number, arch: Arch::X86.audit(), args: [first, 0, 0, 0, 0, 0] })
        };
        for (number, first) in (0..40).flat_map(|first| [(102, first), (117, first)]) {
            assert_eq!(says(&ours, number, first), says(&theirs, number, first), "{number} {first}");
        }
        assert_ne!(says(&ours, 102, 1), says(&ours, 102, 2), "the control: bind is not listed");
        // With a version above it, it is the same call; libseccomp takes it for another one.
        assert_eq!(says(&ours, 117, (1 << 16) + 23), says(&ours, 117, 23));
    }
}

/// The control: a program that is wrong in one value is found.
#[test]
fn a_difference_would_be_seen() {
    let profile = profiles::of_podman();
    let mut wrong = profile.clone();
    let group = wrong.syscalls.iter_mut().find(|group| group.names.iter().any(|name| name == "openat"));
    group.expect("it has openat").names.retain(|name| name != "openat");
    let (ours, theirs) = (Program::from(&ours(&wrong)), reference::compile(&profile));
    let differ = calls(&profile).iter().filter(|call| ours.run(call) != theirs.run(call)).count();
    assert!(differ > 0);
}
